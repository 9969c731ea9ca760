/**
 * Sends a routed message out by a link. The link may not be ready yet: until credit arrives the message waits here,
 * and its producer feels the back-pressure.
 */

import type { DeliveryState } from "../amqp/codec/types.ts";
import type { OutgoingDelivery, OutgoingHandler } from "../amqp/outgoing_delivery.ts";
import type { Sender } from "../amqp/sender.ts";
import { ByteQueue } from "../lib/byte_queue.ts";
import { STREAMING } from "./annotations.ts";
import { type Downstream, FAILED, type Load, type Message, RELEASED, type Upstream } from "./flow.ts";

/** One message on its way out by a link. */
export class Egress implements Downstream, OutgoingHandler {
  readonly #load: Load;
  readonly #upstream: Upstream;
  readonly #presettled: boolean;
  readonly #streaming: boolean;
  /** The beginning of the message, until it leaves or is kept. */
  #first: Uint8Array | undefined;
  /** What waits for the link. */
  #waiting: ByteQueue | undefined;
  #delivery: OutgoingDelivery | undefined;
  #ended = false;
  #over = false;
  #counted = true;

  /** Set by who has it wait: it waits there no more. */
  onLeave: (() => void) | undefined;

  /**
   * `first` is the message as far as it is known, annotations included: valid until the caller returns, who has the
   * egress {@link Egress.keep} it. The message is counted by `load`.
   */
  constructor(load: Load, message: Message, first: Uint8Array, upstream: Upstream) {
    this.#load = load;
    this.#upstream = upstream;
    this.#presettled = message.presettled;
    this.#streaming = (message.annotations.flags & STREAMING) !== 0;
    this.#first = first;
    load.outstanding++;
  }

  /** True when nobody wants it sent any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Octets that have not left. */
  get pending(): number {
    return (this.#first?.length ?? 0) + (this.#waiting?.size ?? 0) + (this.#delivery?.pending ?? 0);
  }

  /** What has not left waits, and is copied for that. */
  keep(): void {
    const first = this.#first;
    if (first === undefined) return;
    this.#first = undefined;
    this.#waiting = new ByteQueue();
    this.#waiting.push(first);
  }

  /** The link is ready: the message starts to leave. */
  begin(sender: Sender): void {
    const delivery = sender.start(this.#presettled, this);
    delivery.streaming = this.#streaming;
    this.#delivery = delivery;
    const start = this.#first ?? this.#waiting?.peek() ?? NOTHING;
    if (this.#ended) delivery.finish(start);
    else delivery.write(start);
    this.#forget();
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
    if (this.#delivery === undefined) this.#waiting?.push(piece);
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
    // A receiver that settles early wants no more: what was not sent is cut off, or the link would stay blocked.
    if (settled && !this.#ended) this.#delivery?.abort();
    this.#upstream.consumerState(state, settled);
  }

  onLost(): void {
    // What still waited is gone, and held its producer up even when nothing more can be said of the message.
    if (this.#over) return this.#upstream.drained(0);
    this.#finish();
    this.#upstream.consumerState(FAILED, true);
  }

  #finish(): void {
    this.#over = true;
    this.onLeave?.();
    this.#forget();
    if (!this.#counted) return;
    this.#counted = false;
    this.#load.outstanding--;
  }

  #forget(): void {
    this.#first = undefined;
    this.#waiting?.clear();
  }
}

const NOTHING = new Uint8Array(0);
