/**
 * The two ends of a message in flight, as the router sees them.
 *
 * Whoever brings a message is its upstream, whoever takes it is its downstream. Octets and the end of the message
 * go down; outcomes, window reports and back-pressure go up. Links, local services and fan-out all speak this.
 */

import type { DeliveryState } from "../amqp/codec/types.ts";
import type { RouterAnnotations } from "./annotations.ts";

/** The consuming side of a message in flight. */
export interface Downstream {
  /** Octets accepted that have not left this process. */
  readonly pending: number;
  /** Octets that wait here at all, where these are others than hold the producer up. */
  readonly queued?: number;
  /** Takes the next octets; `piece` is valid only during the call. */
  write(piece: Uint8Array): void;
  /** The message is complete. */
  end(): void;
  /** The message will never be complete. */
  abort(): void;
  /** The producer settled, with its state if it told one. */
  producerSettled(state: DeliveryState | undefined): void;
}

/** The producing side of a message in flight. */
export interface Upstream {
  /** Octets that had waited left; `pending` still wait. */
  drained(pending: number): void;
  /** The consumer told a state; `settled` is its last word. */
  consumerState(state: DeliveryState | undefined, settled: boolean): void;
}

/** A message at the moment of routing: its head is known, its body is yet to flow. */
export interface Message {
  /** Destination as text: the link's target, the override or properties.to. */
  readonly address: string;
  /** As they came, or {@link NO_ANNOTATIONS}. */
  readonly annotations: RouterAnnotations;
  /**
   * What of the message was read so far, without router annotations. Valid only while the message is handed over: whoever
   * keeps the message keeps a copy.
   */
  readonly start: Uint8Array;
  /** True when `start` is all of it. */
  readonly complete: boolean;
  /** The producer waits for no outcome. */
  readonly presettled: boolean;
  /** True when {@link Message.address} is not what properties.to says and must travel as an override. */
  readonly overridden: boolean;
  /** 0 to 9. */
  readonly priority: number;
  /** The connection it came over; undefined for a message of this process. */
  readonly origin: Origin | undefined;
}

/** A peer as far as loop suppression needs to know it. */
export interface Origin {
  /** Unique per connection. */
  readonly connection: object;
  /** True between an edge and an interior: what came over such a connection never goes back over it. */
  readonly edgeLink: boolean;
  /** Id of the peer's edge mesh, if it told one. */
  meshId: string | undefined;
}

/** A measure of load: deliveries handed over and not yet settled. */
export interface Load {
  /** Their number. */
  outstanding: number;
}

/** A destination of messages. */
export interface Consumer extends Load {
  /** Where it lives: undefined in this process, else the peer it is reached by. */
  readonly origin: Origin | undefined;
  /** 0 here and at attached peers; path cost beyond. */
  readonly cost: number;
  /** True when it stands for consumers beyond another router: such are never advertised by us. */
  readonly remote: boolean;
  /** Beyond another interior: the one edge mesh in which all of it is, if that is so. */
  readonly mesh?: string | undefined;
  /** Beyond another interior: the way there. Several consumers may share it. */
  readonly hop?: Hop | undefined;
  /** Starts a message. The consumer calls `upstream` from now on, and counts {@link Consumer.outstanding} itself. */
  deliver(message: Message, upstream: Upstream): Downstream;
}

/** The way to consumers beyond another interior. */
export interface Hop {
  /** Router id of where the consumers are. */
  readonly id: string;
  /** The next router on it: a multicast goes there once, however many consumers it has beyond. */
  readonly next: object;
  /** True when `message`, `copied` to several consumers or not, may go this way: each router sees to its part alone. */
  admits(message: Message, copied: boolean): boolean;
  /**
   * True when `message` may go this way though the path of its origin does not lead by here, as while paths change: it must not
   * come where it has been.
   */
  leadsOn(message: Message): boolean;
}

/** Outcome of a message that found no destination or lost it before anything was sent. */
export const RELEASED: DeliveryState = { kind: "released" };
/** Outcome of a message that was lost on the way, or whose target failed. */
export const FAILED: DeliveryState = { kind: "modified", deliveryFailed: true, undeliverableHere: false };
/** Outcome of success. */
export const ACCEPTED: DeliveryState = { kind: "accepted" };

/** Octets waiting for a slow consumer at which its producer is asked to stop. */
export const HOLD_OCTETS = 1_310_720;
/**
 * The same for a message that takes as long as it likes: above the largest window of a TCP stream, and twice that of a body
 * of HTTP, beside which others wait for the same socket.
 */
export const STREAM_HOLD_OCTETS = 4_456_448;
/** Octets at which it may go on. */
export const RESUME_OCTETS = 524_288;

/** Takes everything and forgets it: for the rest of a message whose consumer is gone. */
export const DISCARD: Downstream = {
  pending: 0,
  write() {},
  end() {},
  abort() {},
  producerSettled() {},
};
