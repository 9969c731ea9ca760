/** The receiving end of a link: grants credit, takes deliveries. */

import type { AmqpError, Attach, Flow, Terminus } from "./codec/types.ts";
import { IncomingDelivery } from "./incoming_delivery.ts";
import { LinkEnd, type LinkHandler } from "./link_end.ts";
import { ProtocolError } from "./protocol_error.ts";
import type { TransferHeader } from "./transfer_header.ts";

/** What the owner of a receiver wants to know. */
export interface ReceiverHandler extends LinkHandler {
  /** A delivery begins; the callee sets `delivery.handler`. */
  onDelivery(delivery: IncomingDelivery): void;
}

/** A link on which this side receives. */
export class Receiver extends LinkEnd<ReceiverHandler, IncomingDelivery> {
  /** Tells the two link kinds apart. */
  readonly role = "receiver";

  #capacity = 0;
  #credit = 0;
  #deliveryCount = 0;
  #draining = false;

  /** Deliveries of credit that the sender is kept at. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Answers the peer's attach. `overrides` replaces termini that we name, such as a dynamic source. */
  accept(handler: ReceiverHandler, overrides: { source?: Terminus; target?: Terminus } = {}): void {
    this.handler = handler;
    this.session.answerAttach(this, overrides);
  }

  /** Refuses the peer's attach: an answer without termini, then a detach with the reason (part 2.6.3). */
  refuse(error: AmqpError): void {
    this.session.refuseAttach(this, error);
  }

  /** Deliveries that the sender may still send. */
  get credit(): number {
    return this.#credit;
  }

  /** Keeps `capacity` deliveries of credit with the sender, topping up when half of it is used; not before a drain is through. */
  keepCredit(capacity: number): void {
    this.#draining = false;
    this.#capacity = capacity;
    this.#topUp();
  }

  /** Asks for the credit that is out (part 2.6.7); the sender begins no delivery any more once {@link Receiver.drained}. */
  drain(): void {
    if (this.#draining || !this.attached) return;
    this.#draining = true;
    this.#capacity = 0;
    if (this.#credit > 0) this.session.sendFlow(this.handle, this.#deliveryCount, this.#credit, true);
  }

  /** True when the sender has used its credit since {@link Receiver.drain}, or given it back. */
  get drained(): boolean {
    return this.#draining && this.#credit === 0;
  }

  /** From the session: the sender gives credit back, or asks how much it has. */
  flow(flow: Flow): void {
    const back = ((flow.deliveryCount ?? this.#deliveryCount) - this.#deliveryCount) | 0;
    if (this.#draining && back > 0) {
      this.#deliveryCount = (this.#deliveryCount + back) >>> 0;
      this.#credit = Math.max(0, this.#credit - back);
    }
    if (flow.echo === true) this.session.sendFlow(this.handle, this.#deliveryCount, this.#credit, this.#draining);
  }

  /** From the session: a transfer frame starts or goes on. */
  transfer(header: TransferHeader): void {
    let delivery = this.current;
    if (delivery === undefined) {
      if (header.deliveryId < 0) throw new ProtocolError("amqp:invalid-field", "first transfer without a delivery-id");
      if (this.#credit === 0) {
        throw new ProtocolError("amqp:link:transfer-limit-exceeded", `link ${this.name} has no credit`);
      }
      this.#credit--;
      this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
      const { connection } = this.session;
      connection.lastDelivery = connection.seconds;
      this.counts.deliveries++;
      if (header.settled) this.counts.presettled++;
      delivery = new IncomingDelivery(this, header.deliveryId, header.settled, connection.seconds);
      this.current = delivery;
      if (!header.settled) this.#remember(delivery);
      this.handler?.onDelivery(delivery);
      // Once more for every stream: a router in C that overlooked the first octets behind the head, which happens when
      // they come while it turns to the stream, looks again when it hears of credit.
      this.#topUp(header.more);
    } else if (header.deliveryId >= 0 && header.deliveryId !== delivery.id) {
      throw new ProtocolError("amqp:illegal-state", `delivery ${header.deliveryId} inside delivery ${delivery.id}`);
    }
  }

  /** From the session: octets of the current transfer frame; `last` ends the frame. */
  payload(piece: Uint8Array, last: boolean, header: { readonly more: boolean; readonly aborted: boolean }): void {
    const delivery = this.current;
    if (delivery === undefined) return;
    if (header.aborted) {
      if (last) this.#abort(delivery);
      return;
    }
    const ends = last && !header.more;
    if (ends) delivery.completed();
    if (piece.length > 0) delivery.handler?.onData(piece, ends);
    if (ends) {
      // The handler may have detached this link while it took the piece.
      if (this.current !== delivery) return;
      this.current = undefined;
      delivery.handler?.onEnd();
    }
  }

  /** From a delivery: we settled it. */
  settledLocally(delivery: IncomingDelivery): void {
    this.forget(delivery);
    this.session.deliveries.forgetIncoming(delivery.id);
  }

  /** From a delivery: its outcome is not owed any more. */
  forget(delivery: IncomingDelivery): void {
    this.unsettled.delete(delivery);
  }

  /** The link is gone; open deliveries end. */
  lost(error: AmqpError | undefined): void {
    if (!this.attached) return;
    this.attached = false;
    const current = this.current;
    this.session.forgetLink(this);
    if (current !== undefined) this.#abort(current);
    const open = this.unsettled.values();
    this.unsettled.clear();
    for (const delivery of open) {
      this.session.deliveries.forgetIncoming(delivery.id);
      delivery.senderState(undefined, true);
    }
    this.session.connection.formerlyReceived.add(this.counts);
    this.handler?.onDetached?.(error);
  }

  #remember(delivery: IncomingDelivery): void {
    this.unsettled.add(delivery);
    this.session.deliveries.rememberIncoming(delivery.id, delivery);
  }

  #abort(delivery: IncomingDelivery): void {
    this.current = undefined;
    // An aborted delivery is settled by that (part 2.7.5): nothing more is owed for it.
    this.settledLocally(delivery);
    delivery.forgotten();
    delivery.handler?.onAbort();
  }

  #topUp(early = false): void {
    if (!this.attached || this.#draining || this.#credit > (early ? this.#capacity - 1 : this.#capacity >>> 1)) return;
    this.#credit = this.#capacity;
    this.session.sendFlow(this.handle, this.#deliveryCount, this.#credit);
  }

  /** From the session: the peer's initial delivery count. */
  remoteAttached(attach: Attach): void {
    this.remote = attach;
    this.#deliveryCount = attach.initialDeliveryCount ?? 0;
    this.handler?.onAttached?.(attach);
  }
}
