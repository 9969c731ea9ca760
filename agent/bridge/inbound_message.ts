/** A message that a connection receives from the network: its head is read, then the octets of its body. */

import type { DeliveryState } from "../amqp/codec/types.ts";
import { ByteQueue } from "../lib/byte_queue.ts";
import { ACCEPTED, type Downstream, FAILED, type Message, type Upstream } from "../router/flow.ts";
import { type DataSink, SectionReader } from "./data_sections.ts";
import { decodeSections, type Envelope, type SectionsHead } from "./message_sections.ts";
import { ReceiveWindow } from "./window.ts";

/** What the owner is told. */
export interface InboundMessageHandler {
  /** Octets of `message` that wait for the socket. */
  pending(message: InboundMessage): number;
  /** The head is complete. False refuses the message, which then gets the outcome `rejected`. */
  onHead(message: InboundMessage, head: SectionsHead): boolean;
  /** The next octets; `piece` is valid only during the call. */
  onData(message: InboundMessage, piece: Uint8Array): void;
  /** The message is complete. */
  onEnd(message: InboundMessage): void;
  /** The message broke off, or is none; nothing more comes. */
  onBroken(message: InboundMessage): void;
}

/** Where a message comes from. */
export interface Producer extends Upstream {
  /** A request's: its answer begins, so somebody has looked at it. */
  onAnswer?(): void;
}

/** See the head of the file. */
export class InboundMessage implements Downstream, DataSink {
  /** Its stream, given by the owner; 0 before it has one. */
  stream: number;
  /** A request's: where its answer goes, once the head is read. */
  envelope: Envelope | undefined;
  /** A request's: its answer is complete. */
  answered = false;
  /** A request's: its answer is on its way, and may yet be lost. */
  #answerUnderWay = false;
  /** It is accepted once that answer has come there. */
  #acceptable = false;

  readonly #handler: InboundMessageHandler;
  readonly #upstream: Producer;
  readonly #window = new ReceiveWindow();
  readonly #sections = new SectionReader(this);
  /** The head is not complete. */
  #inHead = true;
  /** What has come of a head that did not come in one piece. */
  #head: ByteQueue | undefined;
  #received = 0;
  #settled = false;
  #ended = false;

  /** Joins a message whose producer is `upstream`, which hears of it even where it waits for no outcome; call {@link InboundMessage.begin} next. */
  constructor(upstream: Producer, handler: InboundMessageHandler, stream: number) {
    this.stream = stream;
    this.#handler = handler;
    this.#upstream = upstream;
  }

  /** Octets waiting for the socket: a producer that keeps to the window never causes enough to be held. */
  get pending(): number {
    return this.#inHead ? this.#head?.size ?? 0 : this.#handler.pending(this);
  }

  /** Whether all of it has come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes what of the message was there when it was handed over. */
  begin({ start }: Message): void {
    if (!this.#readHead(start, false)) this.#collect(start);
  }

  /** A request's: its answer begins. Returns where that goes. */
  answer(): Envelope | undefined {
    this.#upstream.onAnswer?.();
    return this.envelope;
  }

  /** The socket has taken octets. */
  progress(): void {
    const pending = this.#handler.pending(this);
    const report = this.#window.written(Math.max(0, this.#received - pending));
    if (report > 0 && !this.#settled) {
      this.#upstream.consumerState({ kind: "received", sectionNumber: 0, sectionOffset: BigInt(report) }, false);
    }
    this.#upstream.drained(pending);
  }

  /** A request's: its answer is complete, but can't be sent again; {@link InboundMessage.answerOver} says what becomes of it. */
  awaitAnswer(): void {
    this.#answerUnderWay = true;
  }

  /** The answer has `come` to whoever asked, or was lost: then they must not wait for it. */
  answerOver(come: boolean): void {
    this.#answerUnderWay = false;
    if (!come) this.settle(FAILED);
    else if (this.#acceptable) this.settle(ACCEPTED);
  }

  /** The message has been dealt with. */
  accept(): void {
    if (this.#answerUnderWay) this.#acceptable = true;
    else this.settle(ACCEPTED);
  }

  /** Says the last word about the message, once. */
  settle(state: DeliveryState): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#upstream.consumerState(state, true);
  }

  // --- from the router

  /** See {@link Downstream}. */
  write(piece: Uint8Array): void {
    if (!this.#inHead) return this.#take(piece, 0);
    this.#collect(piece);
    this.#readCollected(false);
  }

  /** See {@link Downstream}. */
  end(): void {
    if (this.#ended) return;
    if (this.#inHead) this.#readCollected(true);
    if (this.#ended) return;
    this.#ended = true;
    if (this.#sections.atEnd) this.#handler.onEnd(this);
    else this.#reject("its body ends inside a section");
  }

  /** See {@link Downstream}. */
  abort(): void {
    this.#break();
  }

  /** See {@link Downstream}. */
  producerSettled(_state: DeliveryState | undefined): void {
    // The producer forgot the message: after its end that is harmless, before it the message can't be trusted.
    if (this.#ended) this.#settled = true;
    else this.#break();
  }

  // --- from the reader of sections

  /** See {@link DataSink}. */
  onOctets(piece: Uint8Array): void {
    this.#received += piece.length;
    this.#handler.onData(this, piece);
  }

  #collect(piece: Uint8Array): void {
    (this.#head ??= new ByteQueue()).push(piece);
  }

  #readCollected(complete: boolean): void {
    const bytes = this.#head?.takeAll() ?? NOTHING;
    if (!this.#readHead(bytes, complete)) this.#collect(bytes);
  }

  /** Reads the head, if `bytes` have all of it, and what is behind it; `complete` says that nothing follows. */
  #readHead(bytes: Uint8Array, complete: boolean): boolean {
    const head = decodeSections(bytes, complete);
    if (head === undefined) return false;
    this.#inHead = false;
    if (typeof head === "string") this.#reject(head);
    else if (!this.#handler.onHead(this, head)) this.#reject("nobody waits for this message");
    else if (head.bodyAt < bytes.length) this.#take(bytes, head.bodyAt);
    return true;
  }

  #take(piece: Uint8Array, at: number): void {
    if (!this.#ended && !this.#sections.push(piece, at)) this.#reject("its body is not made of data sections");
  }

  #reject(description: string): void {
    this.settle({ kind: "rejected", error: { condition: "amqp:invalid-field", description } });
    this.#break();
  }

  #break(): void {
    if (this.#ended && this.#settled) return;
    this.#settled = true;
    this.#ended = true;
    this.#inHead = false;
    this.#head?.clear();
    this.#handler.onBroken(this);
  }
}

const NOTHING = new Uint8Array(0);
