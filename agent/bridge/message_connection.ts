/**
 * One local connection whose adaptor makes many messages of it, such as one per HTTP request. As with a
 * {@link ./bridged_connection.ts BridgedConnection} the adaptor decides and this file carries it out; beyond that it
 * splices known numbers of octets, tells the adaptor what became of messages, and lets it know the time.
 */

import {
  type AbortReason,
  type Action,
  type AdaptorInstance,
  type AdaptorModule,
  type AdaptorRole,
  isHeadSource,
  type StreamEvent,
} from "../adaptor/action.ts";
import type { DeliveryState } from "../amqp/codec/types.ts";
import { messageOf } from "../lib/errors.ts";
import { ACCEPTED, DISCARD, type Downstream, FAILED, type Message, RELEASED } from "../router/flow.ts";
import { AdaptorSeat } from "./adaptor_seat.ts";
import { Exchanges } from "./exchanges.ts";
import type { Producer } from "./inbound_message.ts";
import { InboundMessages } from "./inbound_messages.ts";
import { closeSocket, type LocalSocket } from "./local_socket.ts";
import type { MessageHooks } from "./message_hooks.ts";
import { encodeSections } from "./message_sections.ts";
import { OutboundMessage, type OutboundMessageHandler } from "./outbound_message.ts";
import { OutboundMessages } from "./outbound_messages.ts";
import { SocketEnd } from "./socket_end.ts";
import { SocketIntake } from "./socket_intake.ts";
import { SocketOutlet } from "./socket_outlet.ts";
import { SocketReader } from "./socket_reader.ts";
import { SocketWriter } from "./socket_writer.ts";
import { beginSplice } from "./splices.ts";
import { reasonOf, verdict } from "./verdict.ts";

/** Octets waiting for the socket above which it is not read: answers to what is read could only make them more. */
const UNREAD_OCTETS = 1024 * 1024;
const TUNNEL_BROKEN = "the other side of the tunnel is gone";
const NO_OCTETS = new Uint8Array(0);

/** See the head of the file. */
export class MessageConnection {
  readonly #conn: LocalSocket;
  readonly #hooks: MessageHooks;
  readonly #reader: SocketReader;
  readonly #writer: SocketWriter;
  readonly #end: SocketEnd;
  readonly #intake: SocketIntake;
  /** What becomes of each message we send. */
  readonly #messages: OutboundMessageHandler;
  /** Messages we send, by stream, until their outcome. */
  readonly #outbound: OutboundMessages;
  readonly #inbound: InboundMessages;
  readonly #adaptor: AdaptorSeat;
  readonly #outlet: SocketOutlet;
  /** Requests that rules or the access log look at; undefined for a connector. */
  readonly #exchanges: Exchanges | undefined;
  /** Requests that the adaptor takes at a time. */
  #limit: number;
  #role: AdaptorRole = "listener";
  #retiring = false;
  /** Octets that were read wait for the socket to take what is written to it. */
  #heldUp = false;
  /** Not idle when we last looked. */
  #busy = false;
  /** The adaptor has ended the connection, or it is to end: what is written goes out, nothing else happens. */
  #ending = false;
  #closed = false;
  #failure: string | undefined;

  /** Joins `conn`, which it owns from now on, with an instance of `adaptor`; call {@link MessageConnection.open} next. */
  constructor(conn: LocalSocket, adaptor: AdaptorModule, hooks: MessageHooks) {
    this.#conn = conn;
    this.#end = new SocketEnd(conn, (failure) => this.close(failure));
    this.#adaptor = new AdaptorSeat(adaptor.instantiate(), {
      perform: (action) => {
        this.#perform(action);
        return !this.#ending;
      },
      onPerformed: () => {
        if (!this.#intake.passing) this.#outbound.flush();
      },
      onFailed: (error) => this.close(`adaptor failed: ${messageOf(error)}`),
    });
    this.#hooks = hooks;
    this.#exchanges = hooks.open === undefined ? undefined : new Exchanges(hooks.open, {
      inTurn: (action) => this.#inTurn(action),
      onHead: (stream, head) => this.#outlet.begin(stream, head),
      onData: (stream, piece) => this.#outlet.data(stream, piece),
      onEnd: (stream) => this.#outlet.end(stream),
      onBroken: (stream) => this.#outlet.broken(stream),
      sent: (stream) => this.#outbound.get(stream)?.written ?? 0,
      giveUp: (stream) => {
        this.#outbound.abandon(stream);
        this.#inbound.refuse(stream + 1, FAILED);
        this.#inbound.expectNoMore(stream);
      },
    });
    this.#messages = {
      route: (message, upstream) => hooks.route(message, upstream),
      onOutcome: (message, state) => this.#outcome(message, state),
      onRoom: ({ form }) => {
        this.#reader.wake();
        if (this.#outbound.owes(form.stream)) this.#inTurn(() => this.#grant());
      },
    };
    this.#limit = adaptor.concurrent;
    this.#outbound = new OutboundMessages(adaptor.concurrent > 1);
    // Concurrent messages are held up one by one, by what their senders are granted.
    this.#intake = new SocketIntake(this.#outbound, adaptor.concurrent === 1, {
      ending: () => this.#ending,
      offer: (octets, spliced) => {
        const consumed = this.#adaptor.offer(octets, spliced);
        this.#asked();
        return consumed;
      },
      onSpliced: (pieces) => this.#ask((adaptor) => adaptor.spliced(pieces)),
      onPassed: () => {
        if (!this.#concurrent || this.#ending) return;
        this.#outbound.flush();
        this.#grant();
      },
    });
    this.#outlet = new SocketOutlet(adaptor.concurrent > 1, this.#exchanges, {
      tell: (event) => this.#tell(event),
      offer: (stream, octets) => this.#offer(stream, octets),
      write: (octets) => this.#writer.write(octets),
      pending: () => this.#writer.pending,
      tunnel: () => this.#adaptor.empty,
      onTunnelEnd: (stream) => {
        this.#inbound.accept(stream);
        this.#writer.finish();
      },
      onTunnelBroken: () => this.close(TUNNEL_BROKEN),
    });
    this.#writer = new SocketWriter(
      conn,
      {
        onWritten: () => this.#written(),
        onAllWritten: () => this.#end.shut(this.#ending),
        onWriteFailed: (error) => this.#writeFailed(`writing to the socket failed: ${messageOf(error)}`),
      },
      true,
      hooks.traffic,
    );
    this.#inbound = new InboundMessages({
      site: hooks.site,
      // Of concurrent requests the adaptor drops the rest.
      wantsRest: adaptor.concurrent === 1,
      pending: (stream) => this.#outlet.pending(stream),
      onHead: (stream, head, site) => {
        if (!this.#adaptor.busy) return this.#outlet.begin(stream, head, site);
        // What has to wait is copied: it does not last.
        const copy = isHeadSource(head) ? head.toJSON() : head;
        this.#inTurn(() => this.#outlet.begin(stream, copy, site));
      },
      onData: (stream, piece) => {
        if (!this.#adaptor.busy) return this.#outlet.data(stream, piece);
        const copy = piece.slice();
        this.#inTurn(() => this.#outlet.data(stream, copy));
      },
      accept: (answer) => {
        if (hooks.settling === undefined) answer.settle(ACCEPTED);
        else hooks.settling.add(answer);
      },
      onEnd: (stream) => this.#inTurn(() => this.#outlet.end(stream)),
      onBroken: (stream) => this.#inTurn(() => this.#outlet.broken(stream)),
      onDone: () => hooks.onDone?.(),
      // The adaptor has heard nothing: the connection is as good as before.
      onRefused: () => this.#lookIfIdle(),
    });
    this.#reader = new SocketReader(conn, {
      readAllowance: () => this.#allowance(),
      onRead: (chunk) => this.#ending ? undefined : this.#intake.take(chunk),
      onReadEnd: () => this.#socketEnded(),
      onReadFailed: (error) => this.close(`reading from the socket failed: ${messageOf(error)}`),
    }, hooks.traffic);
  }

  /** True when no message is under way. */
  get idle(): boolean {
    return this.#inbound.idle && !this.#taken;
  }

  /** True when the connection can take another request. */
  get available(): boolean {
    if (this.#ending || this.#retiring || this.#end.read) return false;
    return !this.#taken && this.#inbound.requests < this.#limit;
  }

  /** True once the connection takes no more requests, though those under way go on. */
  get leaving(): boolean {
    return !this.#closed && (this.#ending || this.#retiring || this.#end.read || this.#limit === 0);
  }

  /** Whether messages of the connection go on beside each other. */
  get #concurrent(): boolean {
    return this.#outlet.held !== undefined;
  }

  /** Whether a splice has the socket for itself: of concurrent messages others go on beside it. */
  get #taken(): boolean {
    return !this.#concurrent && this.#intake.splice !== undefined;
  }

  /** Ends the connection as soon as no message is under way. */
  retire(): void {
    this.#retiring = true;
    if (this.idle) this.finish(undefined);
  }

  /** Starts the adaptor and the flow of data. */
  open(role: AdaptorRole, config: Uint8Array): void {
    this.#role = role;
    this.#ask((adaptor) => adaptor.open(role, config));
    if (!this.#closed) this.#reader.run();
  }

  /** Lets the adaptor know the time. */
  tick(now: number): void {
    this.#exchanges?.expire(this.#adaptor.empty);
    for (const stream of this.#inbound.overdue(now)) {
      const next = "See `tendril network status`: a link or a router on the way back may have gone.";
      this.#hooks.logger.warn("an answer was lost on its way", { next });
      this.#failed(stream, "failed", true);
    }
    this.#intake.interrupt();
    this.#ask((adaptor) => adaptor.tick(now).actions);
  }

  /** Takes a message from the network: for a listener an answer, for a connector the next request. */
  accept(message: Message, upstream: Producer): Downstream {
    if (this.#role === "listener") {
      this.#busy = true;
      return this.#inbound.takeAnswer(message, upstream);
    }
    // It may have ended since it was chosen.
    if (this.#ending) return this.#refuse(upstream);
    this.#busy = true;
    return this.#inbound.takeRequest(message, upstream);
  }

  /** The producer hears of it only after it has got its downstream. */
  #refuse(upstream: Producer): Downstream {
    queueMicrotask(() => {
      upstream.consumerState(RELEASED, true);
      this.#hooks.onDone?.();
    });
    return DISCARD;
  }

  /** Ends everything at once; `outcome` is the last word about the messages from the network. */
  close(failure: string | undefined, outcome: DeliveryState = FAILED): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#letGo(outcome);
    this.#end.over();
    this.#reader.stop();
    this.#writer.stop();
    closeSocket(this.#conn, failure !== undefined);
    this.#hooks.onClosed(this.#failure ?? failure);
  }

  /** Ends the connection after what is written has gone out. */
  finish(failure: string | undefined): void {
    if (this.#ending) return;
    this.#failure ??= failure;
    this.#letGo(FAILED);
    if (this.#end.written) return this.#end.shut(true);
    this.#end.awaitReader();
    this.#writer.finish();
  }

  /** Gives up all messages that are under way, and the adaptor. */
  #letGo(outcome: DeliveryState): void {
    this.#ending = true;
    this.#intake.splice = undefined;
    this.#outbound.letGo();
    this.#inbound.letGo(outcome);
    this.#exchanges?.clear();
    this.#outlet.clear();
    this.#adaptor.release();
    this.#intake.wake();
    this.#reader.wake();
  }

  // --- adaptor

  #ask(question: (adaptor: AdaptorInstance) => Action[]): void {
    if (this.#ending) return;
    this.#adaptor.ask(question);
    this.#asked();
  }

  /** The adaptor was asked, and what it has answered is done. */
  #asked(): void {
    this.#grant();
    this.#lookIfIdle();
    // Requests that have come already begin when the answers to those before them have mostly left.
    this.#heldUp = this.#writer.pending > UNREAD_OCTETS;
    if (!this.#heldUp) this.#intake.wake();
  }

  /** Does `action` now, or as soon as the adaptor is not busy; by then the connection may be ending, and nothing matters. */
  #inTurn(action: () => void): void {
    if (!this.#adaptor.busy) return action();
    this.#adaptor.wait(() => {
      if (!this.#ending) action();
    });
  }

  #lookIfIdle(): void {
    if (!this.#busy || !this.idle || this.#ending) return;
    this.#busy = false;
    if (this.#retiring) this.finish(undefined);
    else this.#hooks.onIdle();
  }

  #tell(event: StreamEvent): void {
    if (this.#ending) return;
    this.#adaptor.tell(event);
    this.#asked();
  }

  #perform(action: Action): void {
    switch (action.kind) {
      case "bytes":
        return this.#writer.write(action.data);
      case "begin":
        return this.#begin(action);
      case "data":
        return this.#outbound.write(action.stream, action.data);
      case "end":
        if (this.#intake.splice?.stream === action.stream) throw new Error("a stream was ended inside a splice");
        return this.#complete(action.stream);
      case "abort":
        return this.#abort(action.stream, action.untouched ? RELEASED : FAILED, action.answered);
      case "resume":
        this.#outlet.held?.want(action.stream);
        return this.#inTurn(() => this.#outlet.held?.offer());
      case "concurrency":
        this.#limit = action.requests;
        return this.#hooks.onCapacity?.(action.requests);
      case "splice":
        return this.#splice(action);
      case "log":
        return this.#hooks.logger[action.level](action.text, { source: "adaptor" });
      case "metric":
        return this.#hooks.logger.debug("adaptor metric", { name: action.name, value: action.value });
      case "error":
        return this.close(
          `adaptor error ${action.code}: ${action.text}`,
          verdict(this.#role, action.code, action.text),
        );
      case "close":
        return this.finish(action.text || undefined);
    }
  }

  #begin({ stream, head, interim }: Extract<Action, { kind: "begin" }>): void {
    const exchange = this.#exchanges?.begin(stream, head);
    if (exchange?.answer !== undefined) return;
    const ordinary = this.#hooks.envelope?.(stream, head.subject) ?? this.#inbound.answer(stream);
    if (ordinary === undefined) throw new Error(`stream ${stream} answers nothing`);
    const envelope = exchange === undefined ? ordinary : { ...ordinary, to: exchange.to ??= ordinary.to };
    const sections = encodeSections(interim ? { ...envelope, interim } : envelope, exchange?.head ?? head);
    // An answer that is complete at once needs no link of its own; a request might hold one up until it is answered.
    const mayBeWhole = envelope.replyTo === undefined;
    const form = { stream, address: envelope.to, mayBeWhole, interim: interim === true };
    const message = new OutboundMessage(form, sections, this.#messages);
    if (interim) return message.end();
    this.#busy = true;
    this.#outbound.add(message);
    if (this.#role === "listener") this.#inbound.expect(stream);
  }

  /** Lets the adaptor grant its peer what has left. */
  #grant(): void {
    if (!this.#outbound.granting) return;
    this.#outbound.grant((stream, octets) => this.#adaptor.tell({ kind: "window", stream, octets }));
  }

  #complete(stream: number): void {
    const message = this.#outbound.get(stream);
    message?.end();
    if (message?.over) this.#outbound.delete(stream);
    // A tunnel goes on in the other direction.
    if (this.#adaptor.empty) return;
    const request = this.#inbound.answered(stream, message?.underWay === true || message?.lost === true);
    if (message?.lost === true) request?.answerOver(false);
    else if (message !== undefined) message.request = request;
  }

  #abort(stream: number, outcome: DeliveryState, answered: number | undefined): void {
    this.#exchanges?.givenUp(stream, answered);
    this.#intake.over(stream);
    this.#outbound.abandon(stream);
    this.#outlet.drop(stream);
    this.#inbound.refuse(stream, outcome);
  }

  #splice(action: Extract<Action, { kind: "splice" }>): void {
    beginSplice(action, this.#intake, this.#outlet, this.#concurrent);
    if (this.#intake.splice?.left === Infinity && this.#outlet.splice?.left === Infinity) {
      queueMicrotask(() => this.#adaptor.release());
    }
  }

  // --- socket to network

  #allowance(): number {
    if (this.#ending) return Infinity;
    if (!this.#taken && this.#writer.pending > UNREAD_OCTETS) return 0;
    return this.#concurrent ? Infinity : this.#outbound.allowance;
  }

  #socketEnded(): void {
    this.#end.read = true;
    if (this.#ending) return this.#end.closeWhenDone();
    const splice = this.#intake.splice;
    if (splice?.left === Infinity) this.#complete(splice.stream);
    else if (splice !== undefined) {
      this.#intake.splice = undefined;
      // With concurrent messages the adaptor finds out itself what the end cuts short.
      if (!this.#concurrent) {
        this.#outbound.abandon(splice.stream);
        this.#tell({ kind: "abort", stream: splice.stream });
      }
    }
    this.#ask((adaptor) => adaptor.socket(NO_OCTETS, true).actions);
    this.#end.closeWhenDone();
  }

  #outcome(message: OutboundMessage, state: DeliveryState | undefined): void {
    const { stream, interim } = message.form;
    message.request?.answerOver(state?.kind === "accepted");
    if (interim || this.#outbound.get(stream) !== message) return;
    if (state?.kind === "accepted") {
      if (message.ended) this.#outbound.delete(stream);
      if (this.#role === "listener") this.#inbound.expectSoon(stream);
      this.#reader.wake();
      return;
    }
    this.#outbound.delete(stream);
    this.#failed(stream, reasonOf(state), message.ended);
  }

  /** The message `stream` has failed, of which all was sent if it had `ended`. */
  #failed(stream: number, reason: AbortReason, ended: boolean): void {
    // What is still coming of the request goes nowhere.
    if (this.#exchanges?.answersInstead(stream, reason)) return this.#reader.wake();
    const isTunnel = this.#intake.splice?.stream === stream;
    this.#intake.over(stream);
    // Other messages of the connection go on, so what the answer was for ends here.
    if (this.#concurrent && this.#role === "connector") this.#inbound.refuse(stream, FAILED);
    this.#reader.wake();
    // What came before a tunnel on the same connection is none of its business.
    if (this.#adaptor.empty) return isTunnel ? this.close(TUNNEL_BROKEN) : undefined;
    if (!this.#inbound.expectNoMore(stream) && ended) return;
    const tell = () => this.#tell({ kind: "abort", stream, reason });
    this.#inTurn(() => this.#exchanges === undefined ? tell() : this.#exchanges.failed(stream, reason, tell));
  }

  // --- network to socket

  /** Octets have reached the socket. */
  #written(): void {
    if (this.#ending) this.#end.awaitReader();
    this.#outlet.held?.offer();
    this.#inbound.progress();
    if (this.#writer.pending > UNREAD_OCTETS) return;
    this.#reader.wake();
    if (!this.#heldUp) return;
    this.#heldUp = false;
    this.#intake.wake();
  }

  #offer(stream: number, data: Uint8Array): number {
    let consumed = 0;
    this.#ask((adaptor) => {
      const answer = adaptor.offer(stream, data);
      consumed = answer.consumed;
      return answer.actions;
    });
    return this.#ending ? data.length : consumed;
  }

  /** A server that wants no more of a request may have said why before it closed: that is still to be read, up to its end. */
  #writeFailed(failure: string): void {
    const mayHaveAnswered = this.#role === "connector" && !this.#end.read && !this.#ending && !this.#adaptor.empty;
    if (!mayHaveAnswered) return this.close(failure);
    this.#failure = failure;
    this.#end.written = true;
    this.#retiring = true;
    this.#reader.wake();
  }
}
