/** A stream that a bridged connection receives from the network: its head is read, then octets go to the socket. */

import type { DeliveryState } from "../amqp/codec/types.ts";
import { ByteQueue } from "../lib/byte_queue.ts";
import { ACCEPTED, type Downstream, FAILED, type Message, type Upstream } from "../router/flow.ts";
import { decodeStreamHead, type StreamHead } from "./stream_head.ts";
import { ReceiveWindow } from "./window.ts";

/** What the owner is told. */
export interface InboundHandler {
  /** Octets waiting for the socket. */
  readonly waitingOctets: number;
  /** The head is complete. False refuses the stream, which then gets the outcome `rejected`. */
  onHead(stream: number, head: StreamHead): boolean;
  /** The next octets; `piece` is valid only during the call. */
  onData(stream: number, piece: Uint8Array): void;
  /** The stream is complete. */
  onEnd(stream: number): void;
  /** The stream broke off: its producer or a router on the way is gone, or it broke the rules. */
  onBroken(reason: string): void;
}

/** See the head of the file. */
export class InboundStream implements Downstream {
  readonly #number: number;
  readonly #handler: InboundHandler;
  readonly #upstream: Upstream;
  readonly #window = new ReceiveWindow();
  #head: ByteQueue | undefined = new ByteQueue();
  /** Nobody wants to hear what becomes of it. */
  readonly #presettled: boolean;
  #ended = false;
  /** The last word is spoken: no more of it is wanted. */
  #settled = false;

  /** Joins `message`, whose producer is `upstream`, as stream `number`; call {@link InboundStream.begin} next. */
  constructor(number: number, message: Message, upstream: Upstream, handler: InboundHandler) {
    this.#number = number;
    this.#handler = handler;
    this.#upstream = upstream;
    this.#presettled = message.presettled;
    this.#head!.push(message.start);
  }

  /** Octets waiting for the socket: bounded by the end-to-end window, so they don't hold up the link. */
  get pending(): number {
    return 0;
  }

  /** See {@link Downstream}: what waits for the socket. */
  get queued(): number {
    return this.#handler.waitingOctets;
  }

  /** Reads the head as far as it is there. */
  begin(): void {
    const queue = this.#head;
    if (queue === undefined) return;
    const bytes = queue.peek();
    const head = decodeStreamHead(bytes);
    if (head === undefined) return;
    this.#head = undefined;
    if (typeof head === "string" || !this.#handler.onHead(this.#number, head)) {
      const description = typeof head === "string" ? head : "not a stream that this service understands";
      this.settle({ kind: "rejected", error: { condition: "amqp:invalid-field", description } });
      if (typeof head === "string") this.#handler.onBroken(head);
      queue.clear();
      return;
    }
    if (head.bodyAt < bytes.length) this.#handler.onData(this.#number, bytes.subarray(head.bodyAt));
    queue.clear();
    if (this.#ended) this.#handler.onEnd(this.#number);
  }

  /** The socket has taken `total` octets. */
  written(total: number): void {
    const report = this.#window.written(total);
    if (report === 0 || this.#settled || this.#presettled) return;
    this.#upstream.consumerState({ kind: "received", sectionNumber: 0, sectionOffset: BigInt(report) }, false);
  }

  /** Everything reached the socket. */
  accept(): void {
    this.settle(ACCEPTED);
  }

  /** The socket failed, or nobody wants the rest. */
  fail(): void {
    this.settle(FAILED);
  }

  /** Says the last word about the stream, once. */
  settle(state: DeliveryState): void {
    if (this.#settled) return;
    this.#settled = true;
    if (!this.#presettled) this.#upstream.consumerState(state, true);
  }

  // --- from the router

  /** See {@link Downstream}. */
  write(piece: Uint8Array): void {
    if (this.#head !== undefined) {
      this.#head.push(piece);
      this.begin();
      return;
    }
    if (this.#settled) return;
    this.#handler.onData(this.#number, piece);
    if (this.#window.overrun(this.#handler.waitingOctets)) {
      this.fail();
      this.#handler.onBroken("the peer ignores the window of the stream");
    }
  }

  /** See {@link Downstream}. */
  end(): void {
    this.#ended = true;
    if (this.#head === undefined) return this.#handler.onEnd(this.#number);
    this.#head = undefined;
    this.#handler.onBroken("the stream ended inside its head");
  }

  /** See {@link Downstream}. */
  abort(): void {
    this.#settled = true;
    this.#handler.onBroken("the other side or a router on the way is gone");
  }

  /** See {@link Downstream}. */
  producerSettled(_state: DeliveryState | undefined): void {
    // The producer forgot the stream: after its end that is harmless, before it the stream can't be trusted.
    if (this.#settled) return;
    this.#settled = true;
    if (!this.#ended) this.#handler.onBroken("the other side gave up");
  }
}
