/**
 * The pool of streaming links towards one peer: an anonymous sender for every stream under way, kept for the next one
 * afterwards (wire-protocol B.4). They share one session, apart from the peer's control traffic.
 *
 * A link takes its next stream only when the last one has its outcome. Routers in C read one stream of a link at a
 * time, and may never look at one that began behind the unread rest of another.
 */

import type { Terminus } from "../amqp/codec/types.ts";
import type { LinkOptions } from "../amqp/link_options.ts";
import type { Session } from "../amqp/session.ts";
import type { Sender } from "../amqp/sender.ts";
import { discriminator } from "./address.ts";
import { terminus } from "./capabilities.ts";
import { Backlog } from "./backlog.ts";
import type { Egress } from "./egress.ts";
import type { Peer } from "./peer.ts";

/** Idle links kept; more are closed as they fall idle. */
export const IDLE_STREAM_LINKS = 128;
/** Links, and so streams under way at once, towards one peer; further streams wait for one to end. */
export const MAX_STREAM_LINKS = 16_384;
/** Streams that may wait for a link towards one peer; more are released to their senders. */
export const MAX_WAITING_STREAMS = 32_768;
/** Octets that those may have brought with them. */
export const MAX_WAITING_OCTETS = 64 * 1024 * 1024;

/** One of the links. */
interface StreamLink {
  readonly sender: Sender;
  /** It waits for a stream. */
  rests: boolean;
}

/** See the head of the file. */
export class StreamLinks {
  readonly #peer: Peer;
  readonly #terminus: Terminus;
  #session: Session | undefined;
  readonly #idle: StreamLink[] = [];
  readonly #waiting = new Backlog(MAX_WAITING_STREAMS, MAX_WAITING_OCTETS);
  #attaching = 0;
  #links = 0;

  /** Opens nothing until a stream needs it. `capability`: what both ends of such a link say they are, if anything. */
  constructor(peer: Peer, capability?: string) {
    this.#peer = peer;
    this.#terminus = terminus(undefined, capability);
  }

  /** Sends `egress` by a link of its own. */
  send(egress: Egress): void {
    if (!this.#peer.connection.isOpen) return this.#refuse(egress);
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      idle.rests = false;
      if (idle.sender.ready) return egress.begin(idle.sender);
      // The peer has taken its credit back.
      idle.sender.close();
    }
    if (!this.#waiting.takes(egress.pending)) return this.#refuse(egress);
    this.#waiting.push(egress);
    if (this.#attaching < this.#waiting.size && this.#links < MAX_STREAM_LINKS) this.#attach();
  }

  /** The producer hears of it only after it has got its downstream. */
  #refuse(egress: Egress): void {
    this.#peer.clock.soon(() => egress.neverBegan());
  }

  #attach(): void {
    // The peer may have ended the last session, and its links with it.
    if (this.#session?.open !== true) this.#session = this.#peer.connection.beginSession("streams");
    this.#attaching++;
    this.#links++;
    let fresh = true;
    const sender: Sender = this.#session.attachSender(this.#options(), {
      onReady: () => {
        if (fresh) {
          fresh = false;
          this.#attaching--;
        }
        // Credit may come while the link already waits in the pool.
        if (sender.unsettledCount > 0 || link.rests) return;
        const next = this.#waiting.shift();
        if (next !== undefined) next.begin(sender);
        else this.#rest(link);
      },
      onDetached: () => {
        if (fresh) this.#attaching--;
        this.#links--;
        if (link.rests) this.#idle.splice(this.#idle.indexOf(link), 1);
        // Refused or lost before it was of use: a stream that no other link will come for is not kept waiting.
        if (fresh && this.#waiting.size > this.#attaching) this.#waiting.shift()?.neverBegan();
        if (this.#links > 0) return;
        for (const egress of this.#waiting.takeAll()) egress.neverBegan();
      },
    });
    const link: StreamLink = { sender, rests: false };
  }

  #options(): LinkOptions {
    return { name: `stream.${discriminator()}`, source: this.#terminus, target: this.#terminus };
  }

  /** Keeps `link` for later, and closes the one that has been idle for longest when there are too many. */
  #rest(link: StreamLink): void {
    link.rests = true;
    this.#idle.push(link);
    if (this.#idle.length <= IDLE_STREAM_LINKS) return;
    const first = this.#idle.shift()!;
    first.rests = false;
    first.sender.close();
  }
}
