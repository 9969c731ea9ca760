/** A message that a connection receives from the network: its head is read, then the octets of its body. */

import type { DeliveryState } from "../amqp/codec/types.ts";
import { ByteQueue } from "../lib/byte_queue.ts";
import type { Downstream, Message, Upstream } from "../router/flow.ts";
import { decodeSections, SectionReader, type SectionsHead } from "./message_sections.ts";
import { ReceiveWindow } from "./window.ts";

/** What the owner is told. */
export interface InboundMessageHandler {
  /** Octets waiting for the socket. */
  pending(): number;
  /** The head is complete. False refuses the message, which then gets the outcome `rejected`. */
  onHead(head: SectionsHead): boolean;
  /** The next octets; `piece` is valid only during the call. */
  onData(piece: Uint8Array): void;
  /** The message is complete. */
  onEnd(): void;
  /** The message broke off, or is none; nothing more comes. */
  onBroken(): void;
}

/** See the head of the file. */
export class InboundMessage implements Downstream {
  readonly #handler: InboundMessageHandler;
  readonly #upstream: Upstream;
  readonly #window = new ReceiveWindow();
  readonly #sections: SectionReader;
  #head: ByteQueue | undefined = new ByteQueue();
  #received = 0;
  #settled: boolean;
  #ended = false;

  /** Joins `message`, whose producer is `upstream`; call {@link InboundMessage.begin} next. */
  constructor(message: Message, upstream: Upstream, handler: InboundMessageHandler) {
    this.#handler = handler;
    this.#upstream = upstream;
    this.#settled = message.presettled;
    this.#head!.push(message.start);
    this.#sections = new SectionReader((piece) => {
      this.#received += piece.length;
      handler.onData(piece);
    });
  }

  /** Octets waiting for the socket: a producer that keeps to the window never causes enough to be held. */
  get pending(): number {
    return this.#head?.size ?? this.#handler.pending();
  }

  /** Whether all of it has come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Reads the head as far as it is there; `complete` says that nothing follows. */
  begin(complete: boolean): void {
    const queue = this.#head;
    if (queue === undefined) return;
    const bytes = queue.takeAll();
    const head = decodeSections(bytes, complete);
    if (head === undefined) return queue.push(bytes);
    this.#head = undefined;
    if (typeof head === "string") return this.#reject(head);
    if (!this.#handler.onHead(head)) return this.#reject("nobody waits for this message");
    if (head.bodyAt < bytes.length) this.#take(bytes.subarray(head.bodyAt));
  }

  /** The socket has taken octets. */
  progress(): void {
    const pending = this.#handler.pending();
    const report = this.#window.written(Math.max(0, this.#received - pending));
    if (report > 0 && !this.#settled) {
      this.#upstream.consumerState({ kind: "received", sectionNumber: 0, sectionOffset: BigInt(report) }, false);
    }
    this.#upstream.drained(pending);
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
    if (this.#head === undefined) return this.#take(piece);
    this.#head.push(piece);
    this.begin(false);
  }

  /** See {@link Downstream}. */
  end(): void {
    if (this.#ended) return;
    this.begin(true);
    if (this.#ended) return;
    this.#ended = true;
    if (this.#sections.atEnd) this.#handler.onEnd();
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

  #take(piece: Uint8Array): void {
    if (!this.#ended && !this.#sections.push(piece)) this.#reject("its body is not made of data sections");
  }

  #reject(description: string): void {
    this.settle({ kind: "rejected", error: { condition: "amqp:invalid-field", description } });
    this.#break();
  }

  #break(): void {
    if (this.#ended && this.#settled) return;
    this.#settled = true;
    this.#ended = true;
    this.#head?.clear();
    this.#handler.onBroken();
  }
}
