/**
 * A message that a connection sends into the network, in data sections. What the adaptor says in one go leaves in one piece;
 * what follows is paced by the window of the message and by the link under it.
 */

import type { DeliveryState } from "../amqp/codec/types.ts";
import { ByteQueue } from "../lib/byte_queue.ts";
import { NO_ANNOTATIONS } from "../router/annotations.ts";
import { type Downstream, type Message, RELEASED, type Upstream } from "../router/flow.ts";
import { dataHeader, EMPTY_DATA } from "./message_sections.ts";
import { streamMessage } from "./outbound_stream.ts";
import { SendWindow } from "./window.ts";

/** Octets that may wait for the link before the socket is not read any more. */
const PENDING_OCTETS = 64 * 1024;
/** Octets that must be free in the window of the message for its sender to be granted more: what it may still have under way. */
const UNDER_WAY_OCTETS = 256 * 1024;
/** Octets that may gather before the message starts to leave. */
const GATHERED_OCTETS = 32 * 1024;
/** Data of up to this many octets are sent together with the header of their section. */
const JOINED_OCTETS = 4096;

/** What the owner is told. */
export interface OutboundMessageHandler {
  /** Routes the message; undefined when nobody takes it. */
  route(message: Message, upstream: Upstream): Downstream | undefined;
  /** The consumer, or the lack of one, has ended the message. */
  onOutcome(state: DeliveryState | undefined): void;
  /** There may be room for more. */
  onRoom(): void;
}

/** See the head of the file. */
export class OutboundMessage implements Upstream {
  readonly #handler: OutboundMessageHandler;
  readonly #address: string;
  readonly #mayBeWhole: boolean;
  readonly #window = new SendWindow();
  #gathered: ByteQueue | undefined = new ByteQueue();
  /** What left as a whole message, as the stream that it could be instead. */
  #whole: Message | undefined;
  #downstream: Downstream | undefined;
  #roomWanted: (() => void) | undefined;
  #written = 0;
  #credited = 0;
  #over = false;
  #ended = false;
  #empty = true;

  /** A message to `address` that starts with `head`; `mayBeWhole` lets it go as no stream if it is complete at once. */
  constructor(address: string, head: Uint8Array, mayBeWhole: boolean, handler: OutboundMessageHandler) {
    this.#mayBeWhole = mayBeWhole;
    this.#address = address;
    this.#handler = handler;
    this.#gathered!.push(head);
  }

  /** Octets that the window allows to be read from the socket now. */
  get allowance(): number {
    return this.#window.allowance;
  }

  /** Octets of its body so far. */
  get written(): number {
    return this.#written;
  }

  /** Whether the message is complete. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether the message has its outcome, or was given up. */
  get over(): boolean {
    return this.#over;
  }

  /** Resolves when the link has taken most of what was written; undefined when it has. */
  get room(): Promise<void> | undefined {
    if (this.#over || this.#downstream === undefined || this.#downstream.pending <= PENDING_OCTETS) return undefined;
    return new Promise((resolve) => this.#roomWanted = resolve);
  }

  /** Octets written since the last time that may be replaced by new ones; 0 while the network does not keep up. */
  takeCredit(): number {
    const pending = this.#downstream?.pending ?? 0;
    if (!this.#over && (pending > PENDING_OCTETS || this.#window.allowance < UNDER_WAY_OCTETS)) return 0;
    const credit = this.#written - this.#credited;
    this.#credited = this.#written;
    return credit;
  }

  /** Sends octets. */
  write(chunk: Uint8Array): void {
    if (this.#over || this.#ended || chunk.length === 0) return;
    this.#empty = false;
    this.#written += chunk.length;
    this.#window.sent(chunk.length);
    const header = dataHeader(chunk.length);
    const gathered = this.#gathered;
    if (gathered !== undefined && gathered.size + chunk.length <= GATHERED_OCTETS) {
      gathered.push(header);
      gathered.push(chunk);
      return;
    }
    this.flush();
    if (chunk.length > JOINED_OCTETS) {
      this.#downstream?.write(header);
      this.#downstream?.write(chunk);
      return;
    }
    const joined = new Uint8Array(header.length + chunk.length);
    joined.set(header);
    joined.set(chunk, header.length);
    this.#downstream?.write(joined);
  }

  /** The message is complete. */
  end(): void {
    if (this.#ended) return;
    if (this.#over) {
      this.#ended = true;
      return;
    }
    if (this.#empty) {
      if (this.#gathered !== undefined) this.#gathered.push(EMPTY_DATA);
      else this.#downstream?.write(EMPTY_DATA);
    }
    this.#ended = true;
    this.#route(this.#mayBeWhole);
    this.#downstream?.end();
  }

  /** Lets go what was gathered. */
  flush(): void {
    this.#route(false);
  }

  #route(whole: boolean): void {
    const gathered = this.#gathered;
    if (gathered === undefined) return;
    this.#gathered = undefined;
    const stream = { ...streamMessage(this.#address, gathered.takeAll()), complete: this.#ended };
    if (whole) this.#whole = stream;
    const message = whole ? { ...stream, annotations: NO_ANNOTATIONS } : stream;
    this.#downstream = this.#handler.route(message, this);
    if (this.#downstream === undefined) this.#finish(RELEASED);
  }

  /** A router on the way had no room for it as a whole message: a stream has a link of its own. */
  #sendAsStream(stream: Message): void {
    this.#downstream = this.#handler.route(stream, this);
    if (this.#downstream === undefined) this.#finish(RELEASED);
    else this.#downstream.end();
  }

  /** The message will never be complete, or nobody cares any more. */
  abandon(): void {
    this.#letGo();
    if (this.#over) return;
    this.#over = true;
    this.#gathered?.clear();
    if (this.#ended) this.#downstream?.producerSettled(undefined);
    else this.#downstream?.abort();
  }

  // --- from the router

  /** See {@link Upstream}. */
  drained(pending: number): void {
    if (pending > PENDING_OCTETS >>> 1) return;
    this.#letGo();
    this.#handler.onRoom();
  }

  /** See {@link Upstream}. */
  consumerState(state: DeliveryState | undefined, settled: boolean): void {
    if (this.#over) return;
    if (state?.kind === "received") {
      this.#window.report(Number(state.sectionOffset));
      this.#handler.onRoom();
      return;
    }
    if (!settled && (state === undefined || state.kind === "other")) return;
    if (!settled) this.#downstream?.producerSettled(state);
    const whole = this.#whole;
    this.#whole = undefined;
    if (whole !== undefined && state?.kind === "released") queueMicrotask(() => this.#sendAsStream(whole));
    else this.#finish(state);
  }

  #finish(state: DeliveryState | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#window.lift();
    this.#letGo();
    this.#handler.onOutcome(state);
  }

  #letGo(): void {
    const wanted = this.#roomWanted;
    this.#roomWanted = undefined;
    wanted?.();
  }
}
