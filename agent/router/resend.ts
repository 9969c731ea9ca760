/**
 * A whole message that is to be sent to another consumer when one releases it (annotation flag resend-released;
 * skupper-router `delivery.c:qdr_delivery_anycast_reforward_CT`). Every router on the way tries all it knows before
 * it lets the release go back: the search is depth first.
 */

import type { DeliveryState } from "../amqp/codec/types.ts";
import type { Consumer, Downstream, Message, Upstream } from "./flow.ts";

/** Chooses a consumer of `message` that is not among `tried`. */
export type ChooseAnother = (message: Message, tried: ReadonlySet<object>) => Consumer | undefined;

/** Sends `message` to `first`, and on to others as long as it comes back. */
export function resending(
  first: Consumer,
  message: Message,
  upstream: Upstream,
  another: ChooseAnother,
): Downstream {
  return new Resend(first, message, upstream, another);
}

class Resend implements Downstream, Upstream {
  readonly #message: Message;
  readonly #upstream: Upstream;
  readonly #another: ChooseAnother;
  readonly #tried = new Set<object>();
  #downstream: Downstream;
  #over = false;

  constructor(first: Consumer, message: Message, upstream: Upstream, another: ChooseAnother) {
    this.#message = { ...message, start: message.start.slice() };
    this.#upstream = upstream;
    this.#another = another;
    this.#downstream = this.#send(first);
  }

  get pending(): number {
    return this.#downstream.pending;
  }

  // --- from the producer; the message is complete, so nothing is written

  write(piece: Uint8Array): void {
    this.#downstream.write(piece);
  }

  end(): void {
    this.#downstream.end();
  }

  abort(): void {
    this.#over = true;
    this.#downstream.abort();
  }

  producerSettled(state: DeliveryState | undefined): void {
    this.#over = true;
    this.#downstream.producerSettled(state);
  }

  // --- from the consumer

  drained(pending: number): void {
    this.#upstream.drained(pending);
  }

  consumerState(state: DeliveryState | undefined, settled: boolean): void {
    if (this.#over || !settled || state?.kind !== "released") {
      // Whoever has said anything else has seen the message: it is not tried elsewhere any more.
      if (state !== undefined) this.#over = true;
      this.#upstream.consumerState(state, settled);
      return;
    }
    const next = this.#another(this.#message, this.#tried);
    if (next === undefined) {
      this.#over = true;
      this.#upstream.consumerState(state, settled);
      return;
    }
    this.#downstream = this.#send(next);
    this.#downstream.end();
  }

  #send(consumer: Consumer): Downstream {
    this.#tried.add(consumer.hop?.next ?? consumer);
    return consumer.deliver(this.#message, this);
  }
}
