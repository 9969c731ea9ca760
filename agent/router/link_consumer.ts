/**
 * A peer as a destination: a link on which it receives, with its streaming links beside it. Whole messages take the
 * link itself, in order and as credit allows; streams take a link of their own where the peer offers that.
 */

import type { Sender, SenderHandler } from "../amqp/sender.ts";
import { encodeAnnotations, type RouterAnnotations, STREAMING } from "./annotations.ts";
import { Backlog } from "./backlog.ts";
import { Egress } from "./egress.ts";
import {
  type Consumer,
  DISCARD,
  type Downstream,
  type Load,
  type Message,
  type Origin,
  RELEASED,
  type Upstream,
} from "./flow.ts";
import type { Peer } from "./peer.ts";

/** Whole messages that may wait for credit of one link; more are released to their senders. */
export const MAX_QUEUED_PER_LINK = 1000;

/**
 * How a message is annotated for a peer, by its annotations and its address alone: undefined strips the annotations, as for
 * plain clients.
 */
export type Annotate = (message: Message) => RouterAnnotations | undefined;

/** Sends streams by links of their own. */
export interface StreamSender {
  /** Sends `egress` as soon as a link is ready for it. */
  send(egress: Egress): void;
}

/** Annotations that were encoded, and of what messages. */
interface Encoded {
  readonly annotations: RouterAnnotations;
  readonly override: string | undefined;
  readonly octets: Uint8Array | undefined;
}

/** See the head of the file. Also the handler of its link. */
export class LinkConsumer implements Consumer, SenderHandler {
  readonly cost: number;
  readonly remote: boolean;
  outstanding = 0;
  /** Set once the link exists. */
  link: Sender | undefined;
  /** Called when the link is gone. */
  onGone: (() => void) | undefined;
  /** Called when the peer has taken its credit back. */
  onDrained: (() => void) | undefined;

  readonly #peer: Peer;
  readonly #streams: StreamSender | undefined;
  readonly #annotate: Annotate;
  readonly #queue = new Backlog(MAX_QUEUED_PER_LINK, Infinity);
  /** Messages mostly come with the annotations of the one before. */
  #lastEncoded: Encoded | undefined;

  /**
   * `streams` is undefined when the peer wants streams on the link itself; `beyond` says that the peer is a router
   * that passes messages on to consumers of its own.
   */
  constructor(peer: Peer, streams: StreamSender | undefined, annotate: Annotate, beyond: boolean) {
    this.cost = beyond ? 1 : 0;
    this.remote = beyond;
    this.#peer = peer;
    this.#streams = streams;
    this.#annotate = annotate;
  }

  /** See {@link SenderHandler}. */
  get queued(): number {
    return this.#queue.size;
  }

  /** The peer behind the link. */
  get origin(): Origin {
    return this.#peer.origin;
  }

  /** See {@link Consumer}; the message is counted by `load`. */
  deliver(message: Message, upstream: Upstream, load: Load = this): Downstream {
    const streams = !message.complete || (message.annotations.flags & STREAMING) !== 0;
    if (streams && this.#streams !== undefined) {
      const egress = new Egress(load, message, this.#annotated(message), upstream);
      // With nothing to follow, one frame will do.
      if (message.complete) egress.end();
      this.#streams.send(egress);
      egress.keep();
      return egress;
    }
    if (!this.#queue.takes(0) || this.link?.attached === false) {
      // The producer hears of it only after it has got its downstream.
      this.#peer.clock.soon(() => upstream.consumerState(RELEASED, true));
      return DISCARD;
    }
    const egress = new Egress(load, message, this.#annotated(message), upstream);
    if (message.complete) egress.end();
    if (this.#queue.size === 0 && this.link?.ready) egress.begin(this.link);
    else {
      // Those before it go first, and while they do, others may come.
      egress.keep();
      this.#queue.push(egress);
      this.onReady();
    }
    egress.keep();
    return egress;
  }

  /** The beginning of `message` as it leaves: valid until the next one. */
  #annotated(message: Message): Uint8Array {
    const annotations = this.#encoded(message);
    return annotations === undefined ? message.start : joined(annotations, message.start);
  }

  #encoded(message: Message): Uint8Array | undefined {
    const override = message.overridden ? message.address : undefined;
    const last = this.#lastEncoded;
    if (last?.annotations === message.annotations && last.override === override) return last.octets;
    const annotations = this.#annotate(message);
    const octets = annotations === undefined ? undefined : encodeAnnotations(annotations);
    this.#lastEncoded = { annotations: message.annotations, override, octets };
    return octets;
  }

  /** See {@link SenderHandler}. */
  onReady(): void {
    const link = this.link;
    while (link?.ready && this.#queue.size > 0) this.#queue.shift()?.begin(link);
  }

  /** See {@link SenderHandler}. */
  onDrainRequest(): void {
    this.onDrained?.();
  }

  /** What waits for the link is released to its senders. */
  release(): void {
    for (const egress of this.#queue.takeAll()) egress.neverBegan();
  }

  /** See {@link SenderHandler}. */
  onDetached(): void {
    this.release();
    this.onGone?.();
  }
}

let scratch = new Uint8Array(4096);

/** Both pieces in a row: valid until the next call. */
function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const length = one.length + other.length;
  if (length > scratch.length) scratch = new Uint8Array(length * 2);
  scratch.set(one);
  scratch.set(other, one.length);
  return scratch.subarray(0, length);
}
