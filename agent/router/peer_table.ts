/** The connections of a router, for whoever wants to know about them. */

import type { ConnectionRole } from "./capabilities.ts";
import type { Peer } from "./peer.ts";

/** One connection whose peer has introduced itself. */
export interface PeerEntry {
  /** Counts up; never used twice. */
  readonly id: number;
  /** The connection. */
  readonly peer: Peer;
  /** What it is for. */
  readonly role: ConnectionRole;
  /** Who opened it: `in` is the peer. */
  readonly direction: "in" | "out";
  /** When the peer introduced itself, in ms of the router's clock. */
  readonly since: number;
}

/** See the head of the file. */
export class PeerTable {
  readonly #entries = new Map<Peer, PeerEntry>();
  #lastId = 0;

  /** In the order in which they came up. */
  get all(): Iterable<PeerEntry> {
    return this.#entries.values();
  }

  /** Their number. */
  get size(): number {
    return this.#entries.size;
  }

  /** `peer` has introduced itself. */
  add(peer: Peer, role: ConnectionRole, direction: "in" | "out"): void {
    this.#entries.set(peer, { id: ++this.#lastId, peer, role, direction, since: peer.clock.now() });
  }

  /** `peer` is gone; nothing happens when it never introduced itself. */
  remove(peer: Peer): void {
    this.#entries.delete(peer);
  }
}
