/**
 * One delivery that we are sending: written in chunks of any size, cut into frames as the peer's window and the
 * output allow. What can't leave at once waits here; the writer watches {@link OutgoingDelivery.pending}.
 */

import { BlockQueue } from "../lib/block_queue.ts";
import type { DeliveryState } from "./codec/types.ts";
import type { LinkDelivery } from "./link_end.ts";
import type { Sender } from "./sender.ts";

/** What the owner of an outgoing delivery wants to know. */
export interface OutgoingHandler {
  /** Octets that had to wait have left; `pending` octets still wait. */
  onDrain(pending: number): void;
  /** The receiver told a state; `settled` means it has forgotten the delivery. */
  onReceiverState(state: DeliveryState | undefined, settled: boolean): void;
  /** The link or connection was lost before the delivery was settled. */
  onLost(): void;
}

/** A delivery on its way out. */
export class OutgoingDelivery implements LinkDelivery<OutgoingDelivery> {
  /** The link it leaves by. */
  readonly sender: Sender;
  /** True when no outcome is wanted. */
  readonly presettled: boolean;
  /** When it began, by `Connection.seconds`. */
  readonly since: number;
  /** Set by the owner. */
  readonly handler: OutgoingHandler;
  /** Set by the owner: it may take as long as it likes. */
  streaming = false;
  /** See {@link LinkDelivery}. */
  older: OutgoingDelivery | undefined;
  /** See {@link LinkDelivery}. */
  newer: OutgoingDelivery | undefined;
  /** True while waiting in the session's line for its turn to send. */
  queued = false;
  /** True once the last frame has been encoded. */
  finished = false;

  readonly #waiting = new BlockQueue();
  /** Given with the first frame, for ids must follow each other on the wire; -1 before. */
  #id = -1;
  #ended = false;
  #aborted = false;
  #settled: boolean;
  /** What the receiver has said of it last. */
  #told: DeliveryState | undefined;
  /** Said once the last frame has left. */
  #lastWord: (() => void) | undefined;

  /** Made by a sender. */
  constructor(sender: Sender, presettled: boolean, since: number, handler: OutgoingHandler) {
    this.sender = sender;
    this.since = since;
    this.presettled = presettled;
    this.handler = handler;
    this.#settled = presettled;
  }

  /** Delivery id within the session; -1 as long as no frame has left. */
  get id(): number {
    return this.#id;
  }

  /** Octets accepted by {@link OutgoingDelivery.write} that have not left yet. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** True once either side has settled. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Sends `chunk`; what does not fit now is copied and waits. */
  write(chunk: Uint8Array): void {
    if (this.#ended || this.finished) return;
    let sent = 0;
    if (this.#waiting.size === 0) {
      if (this.#id >= 0) sent = this.#extend(chunk);
      while (sent < chunk.length) {
        const octets = this.sender.session.sendable(chunk.length - sent);
        if (octets === 0) break;
        this.#frame(sent === 0 && octets === chunk.length ? chunk : chunk.subarray(sent, sent + octets), true);
        sent += octets;
      }
    }
    if (sent < chunk.length) {
      this.#waiting.push(sent === 0 ? chunk : chunk.subarray(sent));
      this.sender.session.enqueue(this);
    }
  }

  /** Sends `chunk` as the last of the message, in the same frame as its end where it fits. */
  finish(chunk: Uint8Array): void {
    if (this.#ended || this.finished) return;
    this.#ended = true;
    const room = this.#waiting.size === 0 ? this.sender.session.sendable(Math.max(1, chunk.length)) : 0;
    if (room > 0 && room >= chunk.length) {
      this.#frame(chunk, false);
      this.sender.session.connection.messageComplete();
      return;
    }
    this.#waiting.push(chunk);
    this.sender.session.enqueue(this);
  }

  /** Ends the message after what was written. */
  end(): void {
    if (this.#ended || this.finished) return;
    this.#ended = true;
    const { session } = this.sender;
    if (this.#waiting.size > 0 || session.sendable(1) === 0) return session.enqueue(this);
    this.#frame(EMPTY, false);
    session.connection.messageComplete();
  }

  /** Gives the message up: the receiver drops what it has of it. Settles. */
  abort(): void {
    if (this.finished) return;
    this.#waiting.clear();
    this.#ended = this.#aborted = true;
    if (this.#id < 0) {
      // Nothing has left yet: the peer never hears of it.
      this.finished = this.#settled = true;
      this.sender.deliveryUnheard();
      return;
    }
    this.settleQuietly();
    if (this.sender.session.sendable(1) > 0) this.#frame(EMPTY, false);
    else this.sender.session.enqueue(this);
  }

  /**
   * Tells the receiver that we have settled, with a state if one is known: behind the rest of a message that is ended
   * but has not left yet, for what is settled before its end counts as given up.
   */
  settle(state?: DeliveryState): void {
    if (this.#settled) return;
    if (this.#ended && !this.finished) {
      this.#lastWord = () => this.settle(state);
      return;
    }
    this.settleQuietly();
    if (this.#id >= 0) this.sender.session.deliveries.sendDisposition("sender", this.id, true, state);
  }

  /** From the session: this delivery's turn to send at most one frame. Returns true while more waits. */
  turn(): boolean {
    if (this.finished) return false;
    const waiting = this.#waiting.size;
    const octets = this.sender.session.sendable(Math.max(1, waiting));
    if (octets === 0) return true;
    if (waiting === 0) {
      if (this.#ended) this.#frame(EMPTY, false);
      return false;
    }
    const at = this.#head(octets, !(this.#ended && octets === waiting));
    this.#waiting.moveTo(this.sender.session.connection.output.bytes, at, octets);
    this.#framed();
    this.handler.onDrain(this.#waiting.size);
    return !this.finished && (this.#waiting.size > 0 || this.#ended);
  }

  /** From the session: the receiver spoke. */
  receiverState(state: DeliveryState | undefined, settled: boolean): void {
    if (state !== undefined) this.#told = state;
    if (settled) this.settleQuietly();
    this.handler.onReceiverState(state, settled);
  }

  /** From the sender: the link is gone. */
  lost(): void {
    this.#waiting.clear();
    this.finished = this.#ended = true;
    if (this.#settled && !this.presettled) return;
    this.#settled = true;
    this.handler.onLost();
  }

  /** Forgets the delivery without telling the peer. */
  settleQuietly(): void {
    if (this.#settled) return;
    this.#settled = true;
    const { counts, session: { connection } } = this.sender;
    counts.settle(this.#told, connection.seconds - this.since, this.streaming);
    this.sender.forget(this);
  }

  /** Puts as much of `chunk` as fits into the frame before, if that is still here. Returns how much, in octets. */
  #extend(chunk: Uint8Array): number {
    const { session, handle } = this.sender;
    const octets = session.extendTransfer(handle, chunk.length);
    if (octets === 0) return 0;
    const { output } = session.connection;
    output.bytes.set(octets === chunk.length ? chunk : chunk.subarray(0, octets), output.length - octets);
    return octets;
  }

  #frame(payload: Uint8Array, more: boolean): void {
    const at = this.#head(payload.length, more);
    this.sender.session.connection.output.bytes.set(payload, at);
    this.#framed();
  }

  /** Encodes the next frame but for its payload of `octets`, whose place in the output is returned. */
  #head(octets: number, more: boolean): number {
    const first = this.#id < 0;
    if (first) this.#id = this.sender.deliveryBegins(this);
    if (!more) this.finished = true;
    const settled = this.presettled || (this.#aborted && !more);
    const { session, handle } = this.sender;
    return session.sendTransfer(handle, first ? this.#id : -1, settled, more, this.#aborted, octets);
  }

  /** A frame is complete. */
  #framed(): void {
    if (!this.finished) return;
    this.#lastWord?.();
    this.sender.deliveryFinished();
  }
}

const EMPTY = new Uint8Array(0);
