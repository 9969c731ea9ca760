/**
 * Sends a routed message out by a link. The link may not be ready yet: until credit arrives the message waits here,
 * and its producer feels the back-pressure.
 */

import type { DeliveryState } from "../amqp/codec/types.ts";
import type { OutgoingDelivery, OutgoingHandler } from "../amqp/outgoing_delivery.ts";
import type { Sender } from "../amqp/sender.ts";
import { ByteQueue } from "../lib/byte_queue.ts";
import { type Downstream, FAILED, type Load, type Message, RELEASED, type Upstream } from "./flow.ts";

/** Called once, when the message has left completely or never will. */
export type EgressDone = (egress: Egress) => void;

/** One message on its way out by a link. */
export class Egress implements Downstream, OutgoingHandler {
  readonly #load: Load;
  readonly #upstream: Upstream;
  readonly #presettled: boolean;
  readonly #waiting = new ByteQueue();
  #delivery: OutgoingDelivery | undefined;
  #ended = false;
  #over = false;
  #counted = true;

  /** `first` is the message as far as it is known, annotations included; it is counted by `load`. */
  constructor(load: Load, message: Message, first: readonly Uint8Array[], upstream: Upstream) {
    this.#load = load;
    this.#upstream = upstream;
    this.#presettled = message.presettled;
    for (const piece of first) this.#waiting.push(piece);
    load.outstanding++;
  }

  /** True when nobody wants it sent any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Octets that have not left. */
  get pending(): number {
    return this.#waiting.size + (this.#delivery?.pending ?? 0);
  }

  /** The link is ready: the message starts to leave. */
  begin(sender: Sender): void {
    const delivery = sender.start(this.#presettled, this);
    this.#delivery = delivery;
    const start = this.#waiting.peek();
    if (this.#ended) delivery.finish(start);
    else delivery.write(start);
    this.#waiting.clear();
    if (this.#presettled && this.#ended) this.#finish();
    // A producer that waited for the link goes on, even when everything has left at once.
    else this.#upstream.drained(this.pending);
  }

  /** The link is gone before the message could start. */
  neverBegan(): void {
    if (this.#over) return;
    this.#finish();
    this.#upstream.consumerState(RELEASED, true);
  }

  // --- from the producer

  write(piece: Uint8Array): void {
    if (this.#over) return;
    if (this.#delivery === undefined) this.#waiting.push(piece);
    else this.#delivery.write(piece);
  }

  end(): void {
    if (this.#ended || this.#over) return;
    this.#ended = true;
    this.#delivery?.end();
    if (this.#presettled && this.#delivery !== undefined) this.#finish();
  }

  abort(): void {
    if (this.#over) return;
    this.#finish();
    this.#delivery?.abort();
  }

  producerSettled(state: DeliveryState | undefined): void {
    if (this.#over) return;
    if (this.#delivery === undefined) return this.abort();
    this.#delivery.settle(state);
    // A link carries one message at a time: what will not be completed must not block it.
    if (!this.#ended) this.#delivery.abort();
    this.#finish();
  }

  // --- from the link

  onDrain(pending: number): void {
    // Also when nothing more can be said of the message: its producer may be held back for what had to wait.
    this.#upstream.drained(pending);
  }

  onReceiverState(state: DeliveryState | undefined, settled: boolean): void {
    if (this.#over) return;
    if (settled) this.#finish();
    this.#upstream.consumerState(state, settled);
    // A receiver that settles early wants no more: what was not sent is cut off, or the link would stay blocked.
    if (settled && !this.#ended) this.#delivery?.abort();
  }

  onLost(): void {
    if (this.#over) return;
    this.#finish();
    this.#upstream.consumerState(FAILED, true);
  }

  #finish(): void {
    this.#over = true;
    this.#waiting.clear();
    if (!this.#counted) return;
    this.#counted = false;
    this.#load.outstanding--;
  }
}
