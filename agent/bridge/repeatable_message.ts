/**
 * A message that goes to another connection when the one it was given to takes no more and has not looked at it. Servers
 * of HTTP/2 end their connections like that, with requests under way (RFC 9113, 6.8); nginx does after every thousand. What
 * has come of the message is kept until its answer begins, as far as there is room.
 */

import type { DeliveryState } from "../amqp/codec/types.ts";
import { ByteQueue } from "../lib/byte_queue.ts";
import { type Downstream, type Message, RELEASED, type Upstream } from "../router/flow.ts";
import type { Producer } from "./inbound_message.ts";

/** Octets kept of one message: what its producer sends before it hears that the first of them has reached the target. */
export const MAX_KEPT_OCTETS = 1_310_720;
/** Octets kept of all messages of a connector. */
export const MAX_ALL_KEPT_OCTETS = 16 * 1024 * 1024;
/** How often a message goes to another connection. */
export const MAX_REPEATS = 16;

/** What a message was given to. */
export interface Taker {
  /** True once it takes no more for good, and ends with what it has. */
  readonly leaving: boolean;
}

/** Who gives messages to connections. */
export interface Giver {
  /** A message that was over is not: it will be given again. False where nothing is given any more. */
  again(): boolean;
  /** Gives `message` to a connection, and tells `upstream` which when there is one. */
  give(message: Message, upstream: RepeatableMessage): Downstream;
}

/** Room for what is kept of all messages of a connector. */
export class KeptRoom {
  #left = MAX_ALL_KEPT_OCTETS;

  /** Takes `octets`, if there are so many. */
  take(octets: number): boolean {
    if (octets > this.#left) return false;
    this.#left -= octets;
    return true;
  }

  /** Gives `octets` back. */
  free(octets: number): void {
    this.#left += octets;
  }
}

/** See the head of the file. */
export class RepeatableMessage implements Downstream, Producer {
  /** Set by the giver. */
  taker: Taker | undefined;

  readonly #giver: Giver;
  readonly #room: KeptRoom;
  readonly #message: Message;
  readonly #upstream: Upstream;
  /** All that has come; undefined once that is too much, or of no use any more. */
  #kept: ByteQueue | undefined = new ByteQueue();
  #downstream: Downstream;
  #repeats = 0;
  #ended = false;
  /** Nobody waits for an outcome any more. */
  #over = false;

  /** Gives `message` away for the first time. */
  constructor(message: Message, upstream: Upstream, room: KeptRoom, giver: Giver) {
    this.#message = message;
    this.#upstream = upstream;
    this.#room = room;
    this.#giver = giver;
    this.#keep(message.start);
    this.#downstream = giver.give(message, this);
  }

  // --- from the producer

  /** See {@link Downstream}. */
  get pending(): number {
    return this.#downstream.pending;
  }

  /** See {@link Downstream}. */
  get queued(): number {
    return this.#downstream.queued ?? this.pending;
  }

  /** See {@link Downstream}. */
  write(piece: Uint8Array): void {
    this.#keep(piece);
    this.#downstream.write(piece);
  }

  /** See {@link Downstream}. */
  end(): void {
    this.#ended = true;
    this.#downstream.end();
  }

  /** See {@link Downstream}. */
  abort(): void {
    this.#finish();
    this.#downstream.abort();
  }

  /** See {@link Downstream}. */
  producerSettled(state: DeliveryState | undefined): void {
    this.#finish();
    this.#downstream.producerSettled(state);
  }

  // --- from the connection

  /** See {@link Upstream}. */
  drained(pending: number): void {
    this.#upstream.drained(pending);
  }

  /** See {@link Upstream}. */
  consumerState(state: DeliveryState | undefined, settled: boolean): void {
    if (state?.kind === "released" && this.#kept !== undefined && this.taker?.leaving === true) {
      this.taker = undefined;
      // The connection is about to say more about its other messages.
      return queueMicrotask(() => this.#repeat());
    }
    if (settled) this.#finish();
    this.#upstream.consumerState(state, settled);
  }

  /** See {@link Producer}. */
  onAnswer(): void {
    this.#forget();
  }

  #repeat(): void {
    if (this.#over) return;
    const start = this.#kept?.peek().slice();
    if (start === undefined || this.#repeats >= MAX_REPEATS || !this.#giver.again()) {
      this.#finish();
      return this.#upstream.consumerState(RELEASED, true);
    }
    this.#repeats++;
    this.#downstream = this.#giver.give({ ...this.#message, start }, this);
    if (this.#ended) this.#downstream.end();
  }

  #keep(piece: Uint8Array): void {
    const kept = this.#kept;
    if (kept === undefined) return;
    if (kept.size + piece.length > MAX_KEPT_OCTETS || !this.#room.take(piece.length)) return this.#forget();
    kept.push(piece);
  }

  #forget(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept === undefined) return;
    this.#room.free(kept.size);
    kept.clear();
  }

  #finish(): void {
    this.#over = true;
    this.#forget();
  }
}
