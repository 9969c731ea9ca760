/**
 * What this router says of itself: its neighbours with what the links to them cost, under a number that counts up with
 * every change (wire-protocol D.4). What others must know by a number does not change any more.
 */

import type { LinkStateUpdate } from "./control_message.ts";
import type { Neighbours } from "./neighbours.ts";
import { COST_MAX, DETOUR_COST } from "./timing.ts";

/** Who we are. */
export interface RoutingIdentity {
  /** Router id. */
  readonly id: string;
  /** Different in every life of the router, such as the time of its start in s. */
  readonly instance: number;
}

/** See the head of the file. */
export class OwnLinkState {
  readonly #identity: RoutingIdentity;
  readonly #neighbours: Neighbours;
  #sequence = 0;
  #told: ReadonlyMap<string, number> = new Map();
  #stale = false;
  #departing = false;

  /** Nothing was told yet. */
  constructor(identity: RoutingIdentity, neighbours: Neighbours) {
    this.#identity = identity;
    this.#neighbours = neighbours;
  }

  /** The number under which it was told last; 0 for never. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The neighbours with what it costs to send to them. */
  get peers(): Map<string, number> {
    return this.#peers(0);
  }

  /** Neighbours, or what they cost, are others now. */
  changed(): void {
    this.#stale = true;
  }

  /** From now on each link is told to be a detour. */
  depart(): void {
    this.#departing = true;
    this.#stale = true;
  }

  /** Gives what changed a number, to be told. Returns whether anything had changed. */
  renew(): boolean {
    if (!this.#stale) return false;
    this.#stale = false;
    this.#sequence++;
    this.#told = this.#peers(this.#departing ? DETOUR_COST : 0);
    return true;
  }

  /** The answer to whoever asks. */
  update(): LinkStateUpdate {
    const { id, instance } = this.#identity;
    return { opcode: "LSU", id, instance, linkStateSequence: this.#sequence, peers: this.#told };
  }

  #peers(detour: number): Map<string, number> {
    const peers = new Map<string, number>();
    for (const [id, { cost }] of this.#neighbours.adjacencies) peers.set(id, Math.min(COST_MAX, cost + detour));
    return peers;
  }
}
