/** One delivery that a peer is sending to us, seen piece by piece. */

import type { DeliveryState } from "./codec/types.ts";
import type { LinkDelivery } from "./link_end.ts";
import type { Receiver } from "./receiver.ts";

/** What the owner of an incoming delivery wants to know. */
export interface IncomingHandler {
  /** The next octets of the message, `last` if it ends with them. `piece` is a view that is valid only during the call. */
  onData(piece: Uint8Array, last: boolean): void;
  /** The message is complete. */
  onEnd(): void;
  /** The sender, or the link under it, gave the message up before its end. */
  onAbort(): void;
  /** The sender settled, or told a state of its own; `settled` means it has forgotten the delivery. */
  onSenderState(state: DeliveryState | undefined, settled: boolean): void;
}

/** A delivery on its way in. Its handler is set by `ReceiverHandler.onDelivery`. */
export class IncomingDelivery implements LinkDelivery<IncomingDelivery> {
  /** The link it came on. */
  readonly receiver: Receiver;
  /** Delivery id within the session. */
  readonly id: number;
  /** True when the sender does not wait for an outcome. */
  readonly presettled: boolean;
  /** When it began, by `Connection.seconds`. */
  readonly since: number;
  /** Set by the owner: it may take as long as it likes. */
  streaming = false;
  /** See {@link LinkDelivery}. */
  older: IncomingDelivery | undefined;
  /** See {@link LinkDelivery}. */
  newer: IncomingDelivery | undefined;
  /** Set by the owner before the first octet. */
  handler: IncomingHandler | undefined;
  #complete = false;
  #settledByUs = false;
  /** What we have said of it last. */
  #told: DeliveryState | undefined;
  /** The outcome of a message that is still arriving: its sender knows it, and hears that it is settled with the end. */
  #earlyOutcome: DeliveryState | undefined;
  #held = false;

  /** Made by a receiver for the first frame of a delivery. */
  constructor(receiver: Receiver, id: number, presettled: boolean, since: number) {
    this.receiver = receiver;
    this.id = id;
    this.presettled = presettled;
    this.since = since;
    this.#settledByUs = presettled;
  }

  /** True once no more can be said about the delivery by us. */
  get settled(): boolean {
    return this.#settledByUs;
  }

  /**
   * Tells the sender a state or, with `settled`, the final outcome. Ignored after that. What is still arriving is not
   * settled before its end, as with routers in C: their streaming links are stuck for good with a stream that was.
   */
  update(state: DeliveryState, settled: boolean): void {
    if (this.#settledByUs || this.#earlyOutcome !== undefined) {
      // Nobody is told, but whoever has taken the message is through with it.
      if (settled) this.release();
      return;
    }
    const settles = settled && this.#complete;
    this.#told = state;
    this.receiver.session.deliveries.sendDisposition("receiver", this.id, settles, state);
    if (!settled) return;
    if (settles) {
      this.#over();
      this.receiver.settledLocally(this);
    } else this.#earlyOutcome = state;
    this.release();
  }

  /** From the receiver: the last octet has come. */
  completed(): void {
    this.#complete = true;
    const outcome = this.#earlyOutcome;
    if (outcome === undefined) return;
    this.#earlyOutcome = undefined;
    this.update(outcome, true);
  }

  /** From the session: the sender spoke. */
  senderState(state: DeliveryState | undefined, settled: boolean): void {
    if (settled) {
      this.receiver.forget(this);
      this.forgotten();
    }
    this.handler?.onSenderState(state, settled);
  }

  /** From the receiver: the sender has forgotten the delivery, so that nothing more can be said. */
  forgotten(): void {
    if (!this.#settledByUs) this.#over();
    // Nobody may be left who would undo a hold, and the window it keeps shut is that of the whole session.
    this.release();
  }

  #over(): void {
    this.#settledByUs = true;
    const { counts, session: { connection } } = this.receiver;
    counts.settle(this.#told, connection.seconds - this.since, this.streaming);
  }

  /** Stops the session window from re-opening until {@link IncomingDelivery.release}: the reader is over its budget. */
  hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.receiver.session.hold(this);
  }

  /** Undoes {@link IncomingDelivery.hold}. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.receiver.session.release(this);
  }
}
