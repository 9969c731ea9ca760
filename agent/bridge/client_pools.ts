/**
 * The connections to a target that is told whose they are, by a header that each begins with: messages of one client
 * never share a connection with those of another. So each client has a pool of its own.
 */

import type { Downstream, Message, Upstream } from "../router/flow.ts";
import { hold } from "./held_message.ts";
import { decodeSections } from "./message_sections.ts";
import type { TargetPool } from "./target_pool.ts";

/** Clients whose idle connections are kept; beyond, those of who has sent nothing for longest are closed. */
export const MAX_CLIENTS = 256;

/** Characters of what names a client, an address and a port; a longer text names none. */
const MAX_CLIENT_TEXT = 256;

/** Decides by the head of a message whose it is, as `CLIENT_PROPERTY` says it; empty where that is not known. */
export function clientOfMessage(bytes: Uint8Array, complete: boolean): string | undefined {
  const sections = decodeSections(bytes, complete);
  if (sections === undefined) return complete ? "" : undefined;
  const { client = "" } = typeof sections === "string" ? {} : sections;
  return client.length > MAX_CLIENT_TEXT ? "" : client;
}

/** See the head of the file. */
export class ClientPools {
  readonly #make: (client: string) => TargetPool;
  readonly #onGone: () => void;
  /** By client, the one that has been silent for longest first. */
  readonly #pools = new Map<string, TargetPool>();
  /** Of clients that are no longer kept, until their last connection is closed. */
  readonly #leaving = new Set<TargetPool>();
  #retired = false;

  /** None; `make` makes that of a client, `onGone` hears of messages that ended before it was known whose they are. */
  constructor(make: (client: string) => TargetPool, onGone: () => void) {
    this.#make = make;
    this.#onGone = onGone;
  }

  /** Number of connections. */
  get size(): number {
    return this.#all().reduce((sum, pool) => sum + pool.size, 0);
  }

  /** Sends `message` to the target. */
  deliver(message: Message, upstream: Upstream): Downstream {
    return hold(message, {
      decide: clientOfMessage,
      take: (client, start) => this.#poolOf(client).deliver({ ...message, start }, upstream),
      onGone: this.#onGone,
    });
  }

  /** Keeps no connection any longer than the messages that are under way need it. */
  retire(): void {
    this.#retired = true;
    for (const pool of this.#pools.values()) pool.retire();
  }

  /** Ends everything. */
  stop(): void {
    for (const pool of this.#all()) pool.stop();
  }

  #all(): TargetPool[] {
    return [...this.#pools.values(), ...this.#leaving];
  }

  #poolOf(client: string): TargetPool {
    const known = this.#pools.get(client);
    this.#pools.delete(client);
    const pool = known ?? this.#make(client);
    this.#pools.set(client, pool);
    if (known === undefined) {
      this.#dropIdle(client);
      if (this.#retired) pool.retire();
    }
    return pool;
  }

  /** Lets go of those that are too many and have nothing under way; `newest` is about to have. */
  #dropIdle(newest: string): void {
    let tooMany = this.#pools.size - MAX_CLIENTS;
    if (tooMany <= 0) return;
    for (const pool of this.#leaving) if (pool.size === 0) this.#leaving.delete(pool);
    for (const [client, pool] of this.#pools) {
      if (client === newest || !pool.idle) continue;
      this.#pools.delete(client);
      pool.retire();
      this.#leaving.add(pool);
      if (--tooMany === 0) return;
    }
  }
}
