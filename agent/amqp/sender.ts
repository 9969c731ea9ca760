/** The sending end of a link: one delivery at a time, as far as the receiver's credit goes. */

import type { AmqpError, Attach, Flow, Terminus } from "./codec/types.ts";
import { LinkEnd, type LinkHandler } from "./link_end.ts";
import { OutgoingDelivery, type OutgoingHandler } from "./outgoing_delivery.ts";

/** What the owner of a sender wants to know. */
export interface SenderHandler extends LinkHandler {
  /**
   * A delivery may be started: there is credit and no other delivery is open. Called again when the last delivery
   * without outcome is settled, and maybe more often than needed.
   */
  onReady?(): void;
  /** The receiver wants unused credit back; the engine answers, this is for information. */
  onDrainRequest?(): void;
  /** Deliveries that wait for the link at its owner. */
  readonly queued?: number;
}

/** A link on which this side sends. */
export class Sender extends LinkEnd<SenderHandler, OutgoingDelivery> {
  /** Tells the two link kinds apart. */
  readonly role = "sender";

  /** Less than none where the receiver took back more than was left. */
  #credit = 0;
  #deliveryCount = 0;
  /** The receiver wants back what credit is left when nothing is under way. */
  #draining = false;

  /** Deliveries the receiver still accepts. */
  get credit(): number {
    return Math.max(0, this.#credit);
  }

  /** True when {@link Sender.start} may be called. */
  get ready(): boolean {
    return this.attached && this.#credit > 0 && this.current === undefined;
  }

  /** Deliveries sent completely whose outcome is not known. */
  get awaitedCount(): number {
    const { size } = this.unsettled;
    return this.current !== undefined && this.unsettled.has(this.current) ? size - 1 : size;
  }

  /** Deliveries that have not left completely. */
  get undeliveredCount(): number {
    return (this.handler?.queued ?? 0) + (this.current === undefined ? 0 : 1);
  }

  /** Answers the peer's attach. `overrides` replaces termini that we name, such as a dynamic source. */
  accept(handler: SenderHandler, overrides: { source?: Terminus; target?: Terminus } = {}): void {
    this.handler = handler;
    this.session.answerAttach(this, overrides);
  }

  /** Refuses the peer's attach: an answer without termini, then a detach with the reason (part 2.6.3). */
  refuse(error: AmqpError): void {
    this.session.refuseAttach(this, error);
  }

  /** Starts a delivery; only while {@link Sender.ready}. */
  start(presettled: boolean, handler: OutgoingHandler): OutgoingDelivery {
    if (!this.ready) throw new Error(`link ${this.name} is not ready for a delivery`);
    this.#credit--;
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
    const { connection } = this.session;
    connection.lastDelivery = connection.seconds;
    const delivery = new OutgoingDelivery(this, presettled, connection.seconds, handler);
    this.current = delivery;
    return delivery;
  }

  /** From a delivery: its first frame is about to be encoded. Returns its delivery id. */
  deliveryBegins(delivery: OutgoingDelivery): number {
    const id = this.session.deliveries.nextId();
    if (delivery.presettled) this.counts.presettled++;
    if (!delivery.settled) {
      this.unsettled.add(delivery);
      this.session.deliveries.rememberOutgoing(id, delivery);
    }
    return id;
  }

  /** From a delivery: its last frame is encoded. */
  deliveryFinished(): void {
    this.counts.deliveries++;
    this.#next();
  }

  /** From a delivery: it was given up before the peer has heard of it, which so has given its credit for another. */
  deliveryUnheard(): void {
    this.#credit++;
    this.#deliveryCount = (this.#deliveryCount - 1) >>> 0;
    this.#next();
  }

  #next(): void {
    this.current = undefined;
    if (this.attached && this.#credit > 0) this.handler?.onReady?.();
    this.#drain();
  }

  /** From a delivery: it is settled. */
  forget(delivery: OutgoingDelivery): void {
    if (delivery.id < 0) return;
    this.unsettled.delete(delivery);
    this.session.deliveries.forgetOutgoing(delivery.id);
    if (this.unsettled.size === 0 && this.ready) this.handler?.onReady?.();
  }

  /** From the session: credit of the receiver (part 2.6.7). */
  flow(flow: Flow): void {
    const ahead = (this.#deliveryCount - (flow.deliveryCount ?? 0)) | 0;
    this.#credit = (flow.linkCredit ?? 0) - ahead;
    this.#draining = flow.drain === true;
    if (flow.echo === true && !this.#draining) {
      this.session.sendSenderFlow(this.handle, this.#deliveryCount, false, this.credit);
    }
    if (this.ready) this.handler?.onReady?.();
    this.#drain();
  }

  /** Unused credit is given back: a drain promises that nothing more comes. */
  #drain(): void {
    if (!this.#draining || !this.attached || this.current !== undefined) return;
    this.#draining = false;
    this.#deliveryCount = (this.#deliveryCount + this.credit) >>> 0;
    this.#credit = Math.min(0, this.#credit);
    this.session.sendSenderFlow(this.handle, this.#deliveryCount, true);
    this.handler?.onDrainRequest?.();
  }

  /** The link is gone; open deliveries are lost. */
  lost(error: AmqpError | undefined): void {
    if (!this.attached) return;
    this.attached = false;
    this.session.forgetLink(this);
    const open = new Set(this.unsettled.values());
    if (this.current !== undefined) open.add(this.current);
    this.current = undefined;
    this.unsettled.clear();
    for (const delivery of open) {
      this.session.deliveries.forgetOutgoing(delivery.id);
      delivery.lost();
    }
    this.handler?.onDetached?.(error);
  }

  /** From the session: the peer answered or opened the link. */
  remoteAttached(attach: Attach): void {
    this.remote = attach;
    this.handler?.onAttached?.(attach);
  }
}
