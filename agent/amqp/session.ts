/**
 * A session: a channel with its own flow control that carries links (OASIS AMQP 1.0, part 2.5).
 *
 * Incoming: the window re-opens as frames are consumed, unless a delivery is held because its reader is over budget.
 * Outgoing: deliveries that can't send now stand in line and take turns of one frame each, so that no stream starves.
 */

import type { AmqpError, Attach, Begin, Disposition, Flow, Terminus } from "./codec/types.ts";
import type { Connection } from "./connection.ts";
import type { IncomingDelivery } from "./incoming_delivery.ts";
import type { LinkOptions } from "./link_options.ts";
import { type Link, LinkTable, MAX_LINKS_PER_SESSION } from "./link_table.ts";
import type { OutgoingDelivery } from "./outgoing_delivery.ts";
import { ProtocolError } from "./protocol_error.ts";
import { Receiver, type ReceiverHandler } from "./receiver.ts";
import { Sender, type SenderHandler } from "./sender.ts";
import { SessionDeliveries } from "./session_deliveries.ts";
import { extendTransfer, TRANSFER_OVERHEAD, type TransferHeader, writeTransfer } from "./transfer_header.ts";

/** Window value that AMQP peers use for "no limit". */
const UNLIMITED = 0x7fffffff;
/** A frame is worth sending only when this much fits, lest the output fill with crumbs. */
const SMALLEST_FRAGMENT = 1024;

/** Octets that sessions of rank may add to an output that is full for others. */
const RANKED_RESERVE = 64 * 1024;

/** One session of a connection. */
export class Session {
  /** The connection it runs on. */
  readonly connection: Connection;
  /** Our channel number. */
  readonly channel: number;
  /** Arbitrary label for whoever opened it. */
  readonly purpose: string;
  /** False once either side has ended it. */
  open = true;
  /** Its deliveries without outcome, and what is said of them. */
  readonly deliveries: SessionDeliveries;
  /** Sessions of higher rank send first, and may use the output when it is full for others. */
  rank = 0;

  readonly #windowSize: number;
  #incomingWindow: number;
  #nextIncomingId = 0;
  #nextOutgoingId = 0;
  #remoteWindow = 0;
  #begun = false;
  readonly #held = new Set<IncomingDelivery>();
  readonly #links = new LinkTable();
  #line: OutgoingDelivery[] = [];
  #receiving: Receiver | undefined;
  readonly #current = { more: false, aborted: false };

  /** Made by a connection; `windowFrames` is how many transfer frames the peer may send ahead. */
  constructor(connection: Connection, channel: number, windowFrames: number, purpose: string) {
    this.connection = connection;
    this.channel = channel;
    this.purpose = purpose;
    this.deliveries = new SessionDeliveries(this);
    this.#windowSize = this.#incomingWindow = windowFrames;
  }

  /** Number of links on this session. */
  get linkCount(): number {
    return this.#links.size;
  }

  /** The links on this session. */
  links(): Generator<Link> {
    return this.#links.all();
  }

  /** True while the peer has not confirmed that links are gone which we have closed: it may still send on them. */
  get owesDetach(): boolean {
    return this.#links.someHalfClosed();
  }

  /** Opens a link on which we send. */
  attachSender(options: LinkOptions, handler: SenderHandler): Sender {
    const link = new Sender(this, options.name, this.#links.newHandle());
    link.handler = handler;
    this.#attach(link, options);
    return link;
  }

  /** Opens a link on which we receive; credit starts with `keepCredit`. */
  attachReceiver(options: LinkOptions, handler: ReceiverHandler): Receiver {
    const link = new Receiver(this, options.name, this.#links.newHandle());
    link.handler = handler;
    this.#attach(link, options);
    return link;
  }

  /** Ends the session; its links are lost. */
  end(error?: AmqpError): void {
    if (!this.open) return;
    this.deliveries.sayAccepted();
    this.connection.send(this.channel, error === undefined ? { type: "end" } : { type: "end", error });
    this.lost();
  }

  // --- called by links and deliveries -------------------------------------------------------------------------

  /** Octets of payload that one frame may carry now, at most `wanted`; 0 while a window is shut. */
  sendable(wanted: number): number {
    if (this.#remoteWindow <= 0 || !this.open) return 0;
    const connection = this.connection;
    const room = connection.output.room - TRANSFER_OVERHEAD + (this.rank > 0 ? RANKED_RESERVE : 0);
    const octets = Math.min(wanted, connection.maxPayload, room);
    return octets === wanted || octets >= Math.min(SMALLEST_FRAGMENT, connection.maxPayload) ? Math.max(0, octets) : 0;
  }

  /**
   * Encodes one transfer frame but for its payload of `octets`, which goes to the returned place in the connection's
   * output; the caller asked {@link Session.sendable} first.
   */
  sendTransfer(
    handle: number,
    deliveryId: number,
    settled: boolean,
    more: boolean,
    aborted: boolean,
    octets: number,
  ): number {
    this.#remoteWindow--;
    this.#nextOutgoingId = (this.#nextOutgoingId + 1) >>> 0;
    return writeTransfer(this.connection.output, this.channel, handle, deliveryId, settled, more, aborted, octets);
  }

  /**
   * Octets, at most `wanted`, by which the frame sent last was made longer, if it is of the delivery on that link that goes
   * on and has not left yet. Their place is the end of the connection's output.
   */
  extendTransfer(handle: number, wanted: number): number {
    if (this.#remoteWindow <= 0 || !this.open) return 0;
    const { output, maxPayload } = this.connection;
    const octets = Math.min(wanted, output.room);
    return octets <= 0 ? 0 : extendTransfer(output, this.channel, handle, octets, maxPayload + TRANSFER_OVERHEAD);
  }

  /** Puts a delivery in line for its next turn. */
  enqueue(delivery: OutgoingDelivery): void {
    if (delivery.queued) return;
    delivery.queued = true;
    this.#line.push(delivery);
    this.connection.waitingToSend(this);
  }

  /** Gives waiting deliveries one frame each, in turn, until a window shuts. Returns true while any waits. */
  flushLine(): boolean {
    while (this.#line.length > 0 && this.open) {
      const line = this.#line;
      this.#line = [];
      for (let at = 0; at < line.length; at++) {
        const delivery = line[at];
        if (this.sendable(1) === 0) {
          // Those who had no turn go first next time.
          this.#line = [...line.slice(at), ...this.#line];
          return this.#remoteWindow > 0;
        }
        delivery.queued = false;
        if (delivery.turn() && !delivery.queued) {
          delivery.queued = true;
          this.#line.push(delivery);
        }
      }
      if (this.#line.length > 0 && this.sendable(this.connection.maxPayload) === 0) return this.#remoteWindow > 0;
    }
    return false;
  }

  /** Tells the sender of a link its credit. */
  sendFlow(handle: number, deliveryCount: number, linkCredit: number, drain = false): void {
    this.#sendFlow({ handle, deliveryCount, linkCredit, ...(drain ? { drain } : {}) });
  }

  /** Answers a drain or an echo of the receiver of a link. */
  sendSenderFlow(handle: number, deliveryCount: number, drain: boolean, linkCredit = 0): void {
    this.#sendFlow({ handle, deliveryCount, linkCredit, ...(drain ? { drain } : {}) });
  }

  /** Sends a closing detach. */
  sendDetach(handle: number, error?: AmqpError): void {
    if (!this.open) return;
    this.deliveries.sayAccepted();
    this.connection.send(this.channel, {
      type: "detach",
      handle,
      closed: true,
      ...(error === undefined ? {} : { error }),
    });
  }

  /** Keeps the incoming window from re-opening. */
  hold(delivery: IncomingDelivery): void {
    this.#held.add(delivery);
  }

  /** Lets the incoming window re-open once nothing holds it. */
  release(delivery: IncomingDelivery): void {
    this.#held.delete(delivery);
    this.#reopenWindow();
  }

  /** Answers an attach of the peer by mirroring its termini, changed by `overrides`. */
  answerAttach(link: Link, overrides: { source?: Terminus; target?: Terminus }): void {
    const remote = link.remote!;
    const source = overrides.source ?? remote.source;
    const target = overrides.target ??
      (remote.target !== undefined && "other" in remote.target ? undefined : remote.target);
    this.#sendAttach(link, source, target);
  }

  /** Answers an attach without termini and detaches with the reason. */
  refuseAttach(link: Link, error: AmqpError): void {
    this.#sendAttach(link, undefined, undefined);
    this.sendDetach(link.handle, error);
    link.attached = false;
    this.forgetLink(link);
  }

  /** The link is gone: frees its handle once the peer has freed its own. */
  forgetLink(link: Link): void {
    if (!this.#links.free(link)) return;
    if (this.#receiving === link) this.#receiving = undefined;
  }

  // --- called by the connection -------------------------------------------------------------------------------

  /** Our begin; `remoteChannel` is set when it answers one of the peer's. */
  sendBegin(remoteChannel: number | undefined): void {
    this.connection.send(this.channel, {
      type: "begin",
      ...(remoteChannel === undefined ? {} : { remoteChannel }),
      nextOutgoingId: this.#nextOutgoingId,
      incomingWindow: this.#incomingWindow,
      outgoingWindow: UNLIMITED,
      handleMax: MAX_LINKS_PER_SESSION - 1,
    });
  }

  /** The peer's begin. */
  onBegin(begin: Begin): void {
    this.#begun = true;
    this.#nextIncomingId = begin.nextOutgoingId;
    this.#remoteWindow = begin.incomingWindow;
    this.connection.waitingToSend(this);
  }

  /** The peer opens a link, or answers one of ours. */
  onAttach(attach: Attach): void {
    const ownRole = attach.role === "sender" ? "receiver" : "sender";
    const waiting = this.#links.answered(ownRole, attach.name, attach.handle);
    if (waiting !== undefined) {
      if (waiting.attached) waiting.remoteAttached(attach);
      return;
    }
    const handle = this.#links.newHandle();
    const link = ownRole === "receiver"
      ? new Receiver(this, attach.name, handle)
      : new Sender(this, attach.name, handle);
    this.#links.add(link);
    this.#links.bind(attach.handle, link);
    link.remoteAttached(attach);
    this.connection.handler.onAttach(link, attach);
  }

  /** The peer's windows and, with a handle, the state of a link. */
  onFlow(flow: Flow): void {
    // Before the peer has seen our begin it knows no id of ours (part 2.5.6).
    const ahead = (this.#nextOutgoingId - (flow.nextIncomingId ?? 0)) | 0;
    this.#remoteWindow = flow.incomingWindow - ahead;
    this.connection.waitingToSend(this);
    if (flow.handle === undefined) {
      if (flow.echo === true) this.#sendFlow({});
      return;
    }
    const link = this.#links.ofPeer(flow.handle);
    if (link === undefined) throw new ProtocolError("amqp:session:unattached-handle", `flow for handle ${flow.handle}`);
    if (link.attached) link.flow(flow);
    else if (flow.echo === true) this.#sendFlow({});
  }

  /** The head of a transfer frame. */
  onTransfer(header: TransferHeader): void {
    if (this.#incomingWindow <= 0) {
      throw new ProtocolError("amqp:session:window-violation", `channel ${this.channel}`);
    }
    this.#incomingWindow--;
    this.#nextIncomingId = (this.#nextIncomingId + 1) >>> 0;
    const link = this.#links.ofPeer(header.handle);
    if (link === undefined || link.role !== "receiver") {
      throw new ProtocolError("amqp:session:unattached-handle", `transfer for handle ${header.handle}`);
    }
    this.#current.more = header.more;
    this.#current.aborted = header.aborted;
    // A link that we have detached drops what was already on its way.
    this.#receiving = link.attached ? link : undefined;
    this.#receiving?.transfer(header);
  }

  /** Payload of the transfer frame announced last. */
  onPayload(piece: Uint8Array, last: boolean): void {
    this.#receiving?.payload(piece, last, this.#current);
    if (last) this.#reopenWindow();
  }

  /** The peer speaks about deliveries `first` to `last`. */
  onDisposition(disposition: Disposition): void {
    const { first, last = first, role, state, settled = false } = disposition;
    this.deliveries.disposed(role, first, last, state, settled);
  }

  /** The peer closes a link, or confirms that we did. */
  onDetach(handle: number, error: AmqpError | undefined): void {
    const link = this.#links.ofPeer(handle);
    if (link === undefined) throw new ProtocolError("amqp:session:unattached-handle", `detach of handle ${handle}`);
    this.#links.unbind(handle);
    if (!link.attached) return;
    this.sendDetach(link.handle);
    link.lost(error);
  }

  /** The session or its connection is gone. */
  lost(): void {
    if (!this.open) return;
    this.open = false;
    this.#line = [];
    this.connection.forgetSession(this);
    for (const link of [...this.#links.all()]) link.lost(undefined);
  }

  #attach(link: Link, options: LinkOptions): void {
    this.#links.add(link);
    this.#links.awaitAnswer(link);
    this.#sendAttach(link, options.source ?? {}, options.target ?? {});
  }

  #sendAttach(link: Link, source: Terminus | undefined, target: Terminus | undefined): void {
    link.source = source;
    link.target = target;
    this.connection.send(this.channel, {
      type: "attach",
      name: link.name,
      handle: link.handle,
      role: link.role,
      sndSettleMode: 2,
      rcvSettleMode: 0,
      ...(source === undefined ? {} : { source }),
      ...(target === undefined ? {} : { target }),
      ...(link.role === "sender" ? { initialDeliveryCount: 0 } : {}),
    });
  }

  #sendFlow(link: { handle?: number; deliveryCount?: number; linkCredit?: number; drain?: boolean }): void {
    if (!this.open) return;
    if (this.#held.size === 0) this.#incomingWindow = this.#windowSize;
    this.connection.send(this.channel, {
      type: "flow",
      ...(this.#begun ? { nextIncomingId: this.#nextIncomingId } : {}),
      incomingWindow: this.#incomingWindow,
      nextOutgoingId: this.#nextOutgoingId,
      outgoingWindow: UNLIMITED,
      ...link,
    });
  }

  #reopenWindow(): void {
    if (this.#held.size > 0 || this.#incomingWindow > this.#windowSize >>> 1) return;
    this.#sendFlow({});
  }
}
