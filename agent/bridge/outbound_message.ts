/**
 * A message that a connection sends into the network, in data sections. What the adaptor says in one go leaves in one piece;
 * what follows is paced by the window of the message and by the link under it.
 */

import type { DeliveryState } from "../amqp/codec/types.ts";
import { ByteQueue } from "../lib/byte_queue.ts";
import { type Downstream, type Message, RELEASED, type Upstream } from "../router/flow.ts";
import { dataHeader, EMPTY_DATA } from "./data_sections.ts";
import type { InboundMessage } from "./inbound_message.ts";
import { streamMessage, wholeMessage } from "./outbound_stream.ts";
import { FAST_WINDOW_OCTETS, SendWindow } from "./window.ts";

/** Octets that may wait for the link before the socket is not read any more. */
const PENDING_OCTETS = 64 * 1024;
/** Octets that must be free in the window of the message for its sender to be granted more: what it may still have under way. */
const UNDER_WAY_OCTETS = 512 * 1024;
/** Octets that may gather before the message starts to leave. */
const GATHERED_OCTETS = 32 * 1024;
/** Data of up to this many octets are sent together with the header of their section. */
const JOINED_OCTETS = 4096;

/** What the owner does, and is told. */
export interface OutboundMessageHandler {
  /** Routes the message; undefined when nobody takes it. */
  route(message: Message, upstream: Upstream): Downstream | undefined;
  /** The consumer, or the lack of one, has ended the message. */
  onOutcome(message: OutboundMessage, state: DeliveryState | undefined): void;
  /** There may be room for more. */
  onRoom(message: OutboundMessage): void;
}

/** What a message is, beside what is in it. */
export interface OutboundForm {
  /** Its stream. */
  readonly stream: number;
  /** Its address. */
  readonly address: string;
  /** Lets it go as no stream if it is complete at once. */
  readonly mayBeWhole: boolean;
  /** Another one follows that answers the same. */
  readonly interim: boolean;
}

/** See the head of the file. */
export class OutboundMessage implements Upstream {
  /** What it is. */
  readonly form: OutboundForm;
  readonly #handler: OutboundMessageHandler;
  readonly #window = new SendWindow();
  /** What has not started to leave. */
  #gathered: ByteQueue | undefined = new ByteQueue();
  /** What left as a whole message, for as long as it may have to be sent as a stream instead. */
  #whole: ByteQueue | undefined;
  /** Octets that leave as one section with what else comes before the next {@link OutboundMessage.flush}. */
  #held: Uint8Array[] = [];
  #heldOctets = 0;
  #routing = false;
  #downstream: Downstream | undefined;
  /** An answer's: the request that is to hear what becomes of it. */
  request: InboundMessage | undefined;
  #roomWanted: (() => void) | undefined;
  #written = 0;
  #credited = 0;
  #over = false;
  #lost = false;
  #ended = false;
  #empty = true;

  /** A message that starts with `head`. */
  constructor(form: OutboundForm, head: Uint8Array, handler: OutboundMessageHandler) {
    this.form = form;
    this.#handler = handler;
    // Ends of ours take so much; others report nothing, by which a window does not grow. The largest would fill what a
    // router on the way lets wait: at its receiver, messages that share a socket count together.
    this.#window.permit(FAST_WINDOW_OCTETS);
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

  /** Whether it is complete, but on its way as a stream: what is lost of that is not sent again. */
  get underWay(): boolean {
    return this.#ended && !this.#over && this.#whole === undefined;
  }

  /** Whether its outcome is that it did not come where it was to. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Whether nothing has to be done for it any more, but to wait for its outcome. */
  get quiet(): boolean {
    return this.#over || (this.#ended && (this.#downstream?.pending ?? 0) <= PENDING_OCTETS);
  }

  /** Resolves when the link has taken most of what was written; undefined when it has. */
  get room(): Promise<void> | undefined {
    if (this.#over || this.#downstream === undefined || this.#downstream.pending <= PENDING_OCTETS) return undefined;
    return new Promise((resolve) => this.#roomWanted = resolve);
  }

  /** Octets written since the last time that may be replaced by new ones; 0 while the network does not keep up. */
  takeCredit(): number {
    const pending = this.#heldOctets + (this.#downstream?.pending ?? 0);
    if (!this.#over && (pending > PENDING_OCTETS || this.#window.allowance < UNDER_WAY_OCTETS)) return 0;
    const credit = this.#written - this.#credited;
    this.#credited = this.#written;
    return credit;
  }

  /** Sends octets. */
  write(chunk: Uint8Array): void {
    if (this.#over || this.#ended || chunk.length === 0) return;
    this.#count(chunk.length);
    const header = dataHeader(chunk.length);
    const gathered = this.#gathered;
    if (gathered !== undefined && gathered.size + chunk.length <= GATHERED_OCTETS) {
      gathered.push(header);
      gathered.push(chunk);
      return;
    }
    if (this.#heldOctets > 0) return this.#hold(chunk.slice());
    this.flush();
    if (chunk.length > JOINED_OCTETS) {
      this.#downstream?.write(dataHeader(chunk.length));
      this.#downstream?.write(chunk);
      return;
    }
    const joined = new Uint8Array(header.length + chunk.length);
    joined.set(dataHeader(chunk.length));
    joined.set(chunk, header.length);
    this.#downstream?.write(joined);
  }

  /**
   * Sends octets that stay as they are until {@link OutboundMessage.flush}, which has to follow. What comes in many small frames
   * is one section then, and the other end has it in one piece.
   */
  writeLasting(chunk: Uint8Array): void {
    if (this.#over || this.#ended || chunk.length === 0) return;
    this.#count(chunk.length);
    this.#flush(false);
    this.#hold(chunk);
  }

  #count(octets: number): void {
    this.#empty = false;
    this.#written += octets;
    this.#window.sent(octets);
  }

  #hold(chunk: Uint8Array): void {
    this.#held.push(chunk);
    this.#heldOctets += chunk.length;
  }

  #letHeldGo(): void {
    if (this.#heldOctets === 0) return;
    const [held, octets] = [this.#held, this.#heldOctets];
    this.#held = [];
    this.#heldOctets = 0;
    if (this.#over) return;
    this.#downstream?.write(dataHeader(octets));
    for (const piece of held) this.#downstream?.write(piece);
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
    this.#letHeldGo();
    this.#flush(this.form.mayBeWhole);
    this.#downstream?.end();
  }

  /** Lets go what was gathered. */
  flush(): void {
    this.#flush(false);
    this.#letHeldGo();
  }

  #flush(whole: boolean): void {
    const gathered = this.#gathered;
    if (gathered === undefined) return;
    this.#gathered = undefined;
    if (whole) this.#whole = gathered;
    this.#route(gathered, whole);
    if (!whole) gathered.clear();
  }

  #route(octets: ByteQueue, whole: boolean): void {
    const { address } = this.form;
    const start = octets.peek();
    const message = whole ? wholeMessage(address, start) : streamMessage(address, start, this.#ended);
    this.#routing = true;
    this.#downstream = this.#handler.route(message, this);
    this.#routing = false;
    if (this.#downstream === undefined) this.#finish(RELEASED);
    else if (this.#over) this.#forgetWhole();
  }

  /** A router on the way had no room for it as a whole message: a stream has a link of its own. */
  #sendAsStream(octets: ByteQueue): void {
    if (!this.#over) {
      this.#route(octets, false);
      this.#downstream?.end();
    }
    octets.clear();
  }

  /** It is not sent again. Who takes it now may still be reading it. */
  #forgetWhole(): void {
    if (this.#routing) return;
    this.#whole?.clear();
    this.#whole = undefined;
  }

  /** The message will never be complete, or nobody cares any more. */
  abandon(): void {
    this.#letGo();
    if (this.#over) return;
    this.#over = true;
    this.#held = [];
    this.#heldOctets = 0;
    this.#gathered?.clear();
    this.#forgetWhole();
    if (this.#ended) this.#downstream?.producerSettled(undefined);
    else this.#downstream?.abort();
  }

  // --- from the router

  /** See {@link Upstream}. */
  drained(pending: number): void {
    if (pending > PENDING_OCTETS >>> 1) return;
    this.#letGo();
    this.#handler.onRoom(this);
  }

  /** See {@link Upstream}. */
  consumerState(state: DeliveryState | undefined, settled: boolean): void {
    if (this.#over) return;
    if (state?.kind === "received") {
      this.#window.report(Number(state.sectionOffset));
      this.#handler.onRoom(this);
      return;
    }
    if (!settled && (state === undefined || state.kind === "other")) return;
    if (!settled) this.#downstream?.producerSettled(state);
    const whole = this.#whole;
    if (whole === undefined || state?.kind !== "released") return this.#finish(state);
    this.#whole = undefined;
    queueMicrotask(() => this.#sendAsStream(whole));
  }

  #finish(state: DeliveryState | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#lost = state?.kind !== "accepted";
    this.#window.lift();
    this.#forgetWhole();
    this.#letGo();
    this.#handler.onOutcome(this, state);
  }

  #letGo(): void {
    const wanted = this.#roomWanted;
    this.#roomWanted = undefined;
    wanted?.();
  }
}
