/** What an adaptor asks its host to do, decoded from the records of ABI v1 (`docs/reference/adaptor-abi.md`). */

import type { abortReasons } from "./abi.ts";
import type { AdaptorHealth } from "./health.ts";
import type { PluginCounts } from "./plugin_counts.ts";

/** A typed application property of a message. A `field` has a symbol as its key on the wire, and its key may occur again. */
export type PropertyValue = { readonly type: "string" | "field"; readonly value: string } | {
  readonly type: "uint";
  readonly value: number;
};

/** The parts of a message header that an adaptor decides. Everything else (address, reply-to) is the host's. */
export interface MessageHead {
  /** AMQP content-type, empty for none. */
  readonly contentType: string;
  /** AMQP subject, if there is one. */
  readonly subject?: string;
  /** AMQP application-properties, in order. */
  readonly properties: ReadonlyArray<readonly [string, PropertyValue]>;
}

/** A head that is at hand in another form, and is written as the payload of a record without being read. */
export interface HeadSource extends MessageHead {
  /** Octets of that payload. */
  readonly recordOctets: number;
  /** Writes it to `target` from `at` on; the caller has made sure of the room. */
  writeRecord(target: Uint8Array, at: number): void;
  /** The head as plain values. */
  toJSON(): MessageHead;
}

/** Whether `head` need not be read to be written. */
export function isHeadSource(head: MessageHead): head is HeadSource {
  return "writeRecord" in head;
}

/** Direction of a splice: from the socket into a stream, or from a stream to the socket. */
export type SpliceSide = "socket-to-stream" | "stream-to-socket";

/** What makes the splice of one piece go on with others of its length. */
export interface FurtherPieces {
  /** How often that may be, 1 to 65,535. */
  readonly times: number;
  /** What must come before each of them, and is left out: 1 to 255 octets. */
  readonly head: Uint8Array;
  /** What stands in its place, up to 255 octets. */
  readonly instead: Uint8Array;
}

/** One instruction of an adaptor. Byte views are valid only until the next call into the same instance. */
export type Action =
  | { readonly kind: "bytes"; readonly data: Uint8Array }
  /** `interim`: a message of its head alone, before the one that answers the same stream. */
  | { readonly kind: "begin"; readonly stream: number; readonly head: MessageHead; readonly interim?: true }
  | { readonly kind: "data"; readonly stream: number; readonly data: Uint8Array }
  | { readonly kind: "end"; readonly stream: number }
  /** `untouched`: nobody has begun to deal with it, and somebody else may. `answered`: the status that the client got instead. */
  | { readonly kind: "abort"; readonly stream: number; readonly untouched?: true; readonly answered?: number }
  /** What was not taken of the stream may be offered again. */
  | { readonly kind: "resume"; readonly stream: number }
  /** A connector takes so many requests at a time. */
  | { readonly kind: "concurrency"; readonly requests: number }
  /** The next `length` octets (Infinity = for good) bypass the adaptor; of a socket, perhaps `further` pieces as well. */
  | {
    readonly kind: "splice";
    readonly side: SpliceSide;
    readonly stream: number;
    readonly length: number;
    readonly further?: FurtherPieces;
  }
  | { readonly kind: "log"; readonly level: "debug" | "info" | "warn" | "error"; readonly text: string }
  | { readonly kind: "metric"; readonly name: string; readonly value: number }
  | { readonly kind: "error"; readonly code: number; readonly text: string }
  | { readonly kind: "close"; readonly text: string };

/**
 * What became of a stream: lost for a reason unknown, released (nobody has begun to deal with it), failed (somebody may have), or
 * rejected (nobody ever will).
 */
export type AbortReason = typeof abortReasons[number];

/** What the router tells an adaptor about a stream. */
export type StreamEvent =
  | { readonly kind: "begin"; readonly stream: number; readonly head: MessageHead }
  | { readonly kind: "data"; readonly stream: number; readonly data: Uint8Array }
  | { readonly kind: "end"; readonly stream: number }
  | { readonly kind: "abort"; readonly stream: number; readonly reason?: AbortReason }
  /** So many octets of an own stream have left. */
  | { readonly kind: "window"; readonly stream: number; readonly octets: number };

/** Which end of a service an adaptor instance stands at. */
export type AdaptorRole = "listener" | "connector";

/** One running copy of an adaptor: the state of one client connection. */
export interface AdaptorInstance {
  /** Called once, first. */
  open(role: AdaptorRole, config: Uint8Array): Action[];
  /**
   * Offers socket bytes; `consumed` below `data.length` means: stop reading and offer the rest after the next event. `spliced`,
   * if it is not 0, says first what {@link AdaptorInstance.spliced} does: for concurrent messages alone.
   */
  socket(data: Uint8Array, eof: boolean, spliced?: number): { readonly consumed: number; readonly actions: Action[] };
  /** The splice of a known number of socket octets is through, in so many pieces: one unless it was about several. */
  spliced(pieces?: number): Action[];
  /** Offers an event of a router stream. */
  stream(event: StreamEvent): Action[];
  /** Offers octets of a stream; `consumed` below `data.length` means: offer the rest after it has asked for it. */
  offer(stream: number, data: Uint8Array): { readonly consumed: number; readonly actions: Action[] };
  /** Lets time pass; `now` in ms. `deadline` is the next wanted call in ms of the same clock, 0 for none. */
  tick(now: number): { readonly deadline: number; readonly actions: Action[] };
  /** Called once, last; the instance must not be used afterwards. */
  close(): void;
}

/**
 * What an adaptor's streams are on the wire: `one` message each way, raw octets behind its head, as TCP has it; or `many`
 * messages, each with a subject and a body in sections, the answers correlated with what they answer.
 */
export type MessageForm = "one" | "many";

/** A loaded, verified adaptor from which instances are made. */
export interface AdaptorModule {
  /** The adaptor's name. */
  readonly name: string;
  /** The adaptor's version, `major.minor.patch`. */
  readonly version: string;
  /** `sha256:<hex>` of the module's bytes as distributed. */
  readonly digest: string;
  /** What it speaks with the socket, as it says itself. */
  readonly protocol: string;
  /** False for an adaptor that takes no socket octets before its splice: the socket is then read only afterwards. */
  readonly readsSocket: boolean;
  /** The form of its messages. */
  readonly messages: MessageForm;
  /** Messages that a connection may have under way at a time, each way: 1 for one after the other. */
  readonly concurrent: number;
  /** How its instances behave; absent where nothing can go wrong. */
  readonly health?: AdaptorHealth;
  /** What its instances have done; absent where nobody counts. */
  readonly counts?: PluginCounts;
  /** Makes an instance for one connection. */
  instantiate(): AdaptorInstance;
}
