/**
 * How an edge takes leave of an interior without losing what that is just sending: in steps, each of which waits for the
 * interior to have confirmed the one before, however slow it is.
 */

import type { Session } from "../amqp/session.ts";
import type { Receiver } from "../amqp/receiver.ts";
import { isOurs } from "./capabilities.ts";

/** Purpose of the sessions in which an edge opens its own links. */
export const UPLINK_SESSION = "edge";

/** See the head of the file. */
export class Farewell {
  readonly #session: Session;
  readonly #named: readonly Receiver[];

  /** `named` are the links of `session` for addresses of ours: as long as one is there, the interior sends more to us. */
  constructor(session: Session, named: readonly Receiver[]) {
    this.#session = session;
    this.#named = named;
  }

  /** Goes on as far as it can; true once the interior begins nothing new on the connection. Called from time to time. */
  look(): boolean {
    if (!this.lookAtNamed()) return false;
    // What it had for us before that comes by links that it has opened for single streams.
    const streams = [...this.#session.connection.links()].filter((link) =>
      link.role === "receiver" && link.session.purpose !== UPLINK_SESSION
    ) as Receiver[];
    for (const link of streams) link.drain();
    return streams.every(({ drained }) => drained);
  }

  /** The same for the named links alone, where others use the connection. */
  lookAtNamed(): boolean {
    let named = 0;
    const ours = isOurs(this.#session.connection.remote);
    for (const link of this.#named) {
      // One of ours takes that for what it is, and sends nothing more by the link, however long it stays busy.
      if (ours || !link.busy) link.drain();
      if (link.drained && !link.busy) link.close();
      if (link.attached) named++;
    }
    return named === 0 && !this.#session.owesDetach;
  }
}
