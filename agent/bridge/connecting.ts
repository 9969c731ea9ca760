/** A message whose target is being dialled: what comes of it meanwhile waits here. */

import type { DeliveryState } from "../amqp/codec/types.ts";
import { ByteQueue } from "../lib/byte_queue.ts";
import type { Downstream, Message, Upstream } from "../router/flow.ts";

/** See the head of the file. */
export class Connecting implements Downstream {
  readonly #upstream: Upstream;
  readonly #limit: number;
  readonly #refusal: DeliveryState;
  readonly #queue = new ByteQueue();
  #inner: Downstream | undefined;
  #ended = false;
  #over = false;

  /** Keeps up to `limit` octets of `message`; `refusal` is its outcome without a target. */
  constructor(message: Message, upstream: Upstream, limit: number, refusal: DeliveryState) {
    this.#upstream = upstream;
    this.#limit = limit;
    this.#refusal = refusal;
    this.#queue.push(message.start);
  }

  /** True when nobody needs the connection any more. */
  get over(): boolean {
    return this.#over;
  }

  /** See {@link Downstream}. */
  get queued(): number {
    return this.#inner?.queued ?? this.pending;
  }

  get pending(): number {
    return this.#inner?.pending ?? this.#queue.size;
  }

  /** The target is there: `take` gets everything so far. */
  hand(take: (start: Uint8Array) => Downstream): void {
    this.#inner = take(this.#queue.takeAll());
    if (this.#ended) this.#inner.end();
  }

  /** The target is not there. */
  refuse(): void {
    this.#queue.clear();
    if (this.#over) return;
    this.#over = true;
    this.#upstream.consumerState(this.#refusal, true);
  }

  /** See {@link Downstream}. */
  write(piece: Uint8Array): void {
    if (this.#inner !== undefined) return this.#inner.write(piece);
    if (this.#over) return;
    this.#queue.push(piece);
    if (this.#queue.size > this.#limit) this.refuse();
  }

  /** See {@link Downstream}. */
  end(): void {
    if (this.#inner !== undefined) this.#inner.end();
    else this.#ended = true;
  }

  /** See {@link Downstream}. */
  abort(): void {
    if (this.#inner !== undefined) return this.#inner.abort();
    this.#over = true;
    this.#queue.clear();
  }

  /** See {@link Downstream}. */
  producerSettled(state: DeliveryState | undefined): void {
    if (this.#inner !== undefined) this.#inner.producerSettled(state);
    else this.abort();
  }
}
