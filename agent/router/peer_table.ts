/** The connections of a router, for whoever wants to know about them. */

import { LinkCounts } from "../amqp/link_counts.ts";
import type { ConnectionRole } from "./capabilities.ts";
import type { Guard } from "./guard.ts";
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
  /** What restricts the peer; undefined for one that may do everything. */
  readonly guard: Guard | undefined;
  /**
   * Asks an edge of ours to use another link; resolves with whether it has one: it ends this connection then, as soon as
   * nothing is under way on it. Undefined for peers that can't be asked.
   */
  readonly dismiss: (() => Promise<boolean>) | undefined;
}

/** See the head of the file. */
export class PeerTable {
  readonly #entries = new Map<Peer, PeerEntry>();
  /** What has come from peers that are gone. */
  readonly formerlyReceived: LinkCounts = new LinkCounts();
  #lastId = 0;

  /** In the order in which they came up. */
  get all(): Iterable<PeerEntry> {
    return this.#entries.values();
  }

  /** Their number. */
  get size(): number {
    return this.#entries.size;
  }

  /** That of `peer`; undefined when it is not connected. */
  get(peer: Peer): PeerEntry | undefined {
    return this.#entries.get(peer);
  }

  /** `peer` has introduced itself. */
  add(peer: Peer, role: ConnectionRole, direction: "in" | "out", guard?: Guard, dismiss?: PeerEntry["dismiss"]): void {
    this.#entries.set(peer, { id: ++this.#lastId, peer, role, direction, since: peer.clock.now(), guard, dismiss });
  }

  /** `peer` is gone; nothing happens when it never introduced itself. */
  remove(peer: Peer): void {
    if (this.#entries.delete(peer)) this.formerlyReceived.add(peer.connection.formerlyReceived);
  }
}
