/** A message that is held until what has come of it is enough for a decision; then it goes on as if nothing had been. */

import type { DeliveryState } from "../amqp/codec/types.ts";
import { ByteQueue } from "../lib/byte_queue.ts";
import type { Downstream, Message } from "../router/flow.ts";

/** What the owner does. */
export interface Decider<T> {
  /** Looks at all that has come; undefined while more octets are needed, which is not where it is `complete`. */
  decide(bytes: Uint8Array, complete: boolean): T | undefined;
  /** Takes the message, of which all that has come is in `start`. */
  take(decision: T, start: Uint8Array): Downstream;
  /** It ended before that. */
  onGone(): void;
}

/** Has `decider` decide about `message`, and take it. */
export function hold<T>({ start }: Message, decider: Decider<T>): Downstream {
  const decision = decider.decide(start, false);
  return decision === undefined ? new HeldMessage(start, decider) : decider.take(decision, start);
}

class HeldMessage<T> implements Downstream {
  readonly #decider: Decider<T>;
  readonly #queue = new ByteQueue();
  #inner: Downstream | undefined;
  /** It ended while it was held: who aborts may have settled before, and has to be heard once. */
  #gone = false;

  constructor(start: Uint8Array, decider: Decider<T>) {
    this.#decider = decider;
    this.#queue.push(start);
  }

  /** See {@link Downstream}. */
  get pending(): number {
    return this.#inner?.pending ?? this.#queue.size;
  }

  /** See {@link Downstream}. */
  write(piece: Uint8Array): void {
    if (this.#inner !== undefined) return this.#inner.write(piece);
    if (this.#gone) return;
    this.#queue.push(piece);
    this.#look(false);
  }

  /** See {@link Downstream}. */
  end(): void {
    if (this.#inner === undefined && !this.#gone) this.#look(true);
    this.#inner?.end();
  }

  /** See {@link Downstream}. */
  abort(): void {
    if (this.#inner !== undefined) return this.#inner.abort();
    if (this.#gone) return;
    this.#gone = true;
    this.#queue.clear();
    this.#decider.onGone();
  }

  /** See {@link Downstream}. */
  producerSettled(state: DeliveryState | undefined): void {
    if (this.#inner !== undefined) this.#inner.producerSettled(state);
    else this.abort();
  }

  #look(complete: boolean): void {
    const bytes = this.#queue.takeAll();
    const decision = this.#decider.decide(bytes, complete);
    if (decision === undefined) this.#queue.push(bytes);
    else this.#inner = this.#decider.take(decision, bytes);
  }
}
