/**
 * How an edge takes leave of an interior without losing what that is just sending: in steps, each of which waits for the
 * interior to have confirmed the one before, however slow it is.
 */

import type { Connection } from "../amqp/connection.ts";
import type { Receiver } from "../amqp/receiver.ts";
import { isOurs } from "./capabilities.ts";

/** See the head of the file. */
export class Farewell {
  readonly #connection: Connection;
  readonly #named: readonly Receiver[];

  /** `named` are the links for addresses of ours: as long as one is there, the interior sends more to us. */
  constructor(connection: Connection, named: readonly Receiver[]) {
    this.#connection = connection;
    this.#named = named;
  }

  /** Goes on as far as it can; true once the interior begins nothing new. Called from time to time. */
  look(): boolean {
    let named = 0;
    const ours = isOurs(this.#connection.remote);
    for (const link of this.#named) {
      // One of ours takes that for what it is, and sends nothing more by the link, however long it stays busy.
      if (ours || !link.busy) link.drain();
      if (link.drained && !link.busy) link.close();
      if (link.attached) named++;
    }
    if (named > 0 || this.#connection.owesDetach) return false;
    // What it had for us before that comes by links that it has opened for single streams.
    const links = [...this.#connection.links()].filter((link) => link.role === "receiver");
    for (const link of links) link.drain();
    return links.every(({ drained }) => drained);
  }
}
