/**
 * One local connection joined with the network. The adaptor decides what happens; this file carries it out:
 * socket bytes and stream events go to the adaptor until it splices a direction, from then on octets pass it by.
 *
 * A splice lasts for the rest of its direction. Half-close, reset and the end-to-end window belong to the splice
 * (wire-protocol E.5 to E.7): the adaptor does not see them.
 *
 * It is the handler of its own parts. Object literals with closures in their place would be allocated among the old
 * objects as soon as V8 has seen some of them live long; there each dead one would keep its whole connection until the
 * next full collection, and the quick ones would take 10 ms instead of one.
 */

import type {
  Action,
  AdaptorInstance,
  AdaptorModule,
  AdaptorRole,
  MessageHead,
  StreamEvent,
} from "../adaptor/action.ts";
import type { DeliveryState } from "../amqp/codec/types.ts";
import { messageOf } from "../lib/errors.ts";
import type { Logger } from "../telemetry/log.ts";
import { type Downstream, FAILED, type Message, type Upstream } from "../router/flow.ts";
import { type InboundHandler, InboundStream } from "./inbound_stream.ts";
import { closeSocket, type LocalSocket } from "./local_socket.ts";
import { type OutboundHandler, OutboundStream } from "./outbound_stream.ts";
import { SocketReader, type SocketReaderHandler } from "./socket_reader.ts";
import { SocketWriter, type SocketWriterHandler } from "./socket_writer.ts";
import type { StreamHead } from "./stream_head.ts";
import type { Traffic } from "./traffic.ts";
import { verdict } from "./verdict.ts";

/** How a connection reaches the network and its owner. */
export interface BridgeHooks {
  /**
   * Sends a new stream of the adaptor; undefined when its address has no consumer. `replyTo` is where the stream that
   * this connection serves wants its answer.
   */
  openStream(head: MessageHead, replyTo: string | undefined, upstream: Upstream): Downstream | undefined;
  /** The connection is over, exactly once. `failure` is undefined when both directions ended in order. */
  onClosed(failure: string | undefined): void;
  /** Where it is told how the connection began and ended. */
  readonly logger: Logger;
  /** Where its octets are counted. */
  readonly traffic: Traffic;
}

/** Octets waiting for the socket above which the adaptor is offered no more from it: it could only make them more. */
const UNREAD_OCTETS = 1024 * 1024;
const NO_OCTETS = new Uint8Array(0);

/** See the head of the file. */
export class BridgedConnection implements SocketReaderHandler, SocketWriterHandler, OutboundHandler, InboundHandler {
  readonly #conn: LocalSocket;
  readonly #hooks: BridgeHooks;
  readonly #reader: SocketReader;
  readonly #writer: SocketWriter;
  readonly #outbound = new Map<number, OutboundStream>();
  readonly #inbound = new Map<number, InboundStream>();
  #adaptor: AdaptorInstance | undefined;
  /** Stream that takes everything the socket brings. */
  #toStream: OutboundStream | undefined;
  /** Stream whose octets go straight to the socket. */
  #toSocket: number | undefined;
  #adaptorWants: (() => void) | undefined;
  #replyTo: string | undefined;
  /** Octets that the other end takes without a report; 0 as long as it has said nothing of that. */
  #permitted = 0;
  readonly #readsEarly: boolean;
  #reading = false;
  #readDone = false;
  #writeDone = false;
  #closed = false;
  #role: AdaptorRole = "listener";

  /** Joins `conn`, which it owns from now on, with an instance of `adaptor`; call {@link BridgedConnection.open} next. */
  constructor(conn: LocalSocket, adaptor: AdaptorModule, hooks: BridgeHooks) {
    this.#conn = conn;
    this.#adaptor = adaptor.instantiate();
    this.#readsEarly = adaptor.readsSocket;
    this.#hooks = hooks;
    this.#writer = new SocketWriter(conn, this, false, hooks.traffic);
    this.#reader = new SocketReader(conn, this, hooks.traffic);
  }

  /** Starts the adaptor and the flow of data. */
  open(role: AdaptorRole): void {
    this.#role = role;
    this.#ask((adaptor) => adaptor.open(role, NO_OCTETS));
    if (this.#readsEarly) this.#startReading();
  }

  /** Takes a stream from the network as number `stream` of the adaptor. */
  accept(stream: number, message: Message, upstream: Upstream): Downstream {
    const inbound = new InboundStream(stream, message, upstream, this);
    this.#inbound.set(stream, inbound);
    inbound.begin();
    return inbound;
  }

  /** Ends everything at once; `outcome` is the last word about the streams from the network. */
  close(failure: string | undefined, outcome: DeliveryState = FAILED): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader.stop();
    this.#writer.stop();
    this.#adaptorWants?.();
    // After an orderly end the last outcomes may still be on their way; nothing waits for them here.
    if (failure !== undefined) { for (const stream of this.#outbound.values()) stream.abandon(); }
    for (const stream of this.#inbound.values()) stream.settle(outcome);
    this.#releaseAdaptor();
    closeSocket(this.#conn, failure !== undefined);
    this.#hooks.onClosed(failure);
  }

  // --- adaptor

  #ask(question: (adaptor: AdaptorInstance) => Action[]): void {
    const adaptor = this.#adaptor;
    if (adaptor === undefined || this.#closed) return;
    try {
      for (const action of question(adaptor)) this.#perform(action);
    } catch (error) {
      this.close(`adaptor failed: ${messageOf(error)}`);
      return;
    }
    this.#adaptorWants?.();
  }

  #perform(action: Action): void {
    switch (action.kind) {
      case "bytes":
        return this.#writer.write(action.data);
      case "begin":
        return this.#begin(action.stream, action.head);
      case "data":
        this.#outbound.get(action.stream)?.write(action.data);
        return;
      case "end":
        return this.#outbound.get(action.stream)?.end();
      case "abort":
        return this.#outbound.get(action.stream)?.abandon();
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
        return this.close(action.text || "closed by the adaptor");
    }
  }

  #begin(number: number, head: MessageHead): void {
    if (this.#outbound.has(number)) throw new Error(`stream ${number} begun twice`);
    const stream = new OutboundStream(this);
    stream.permit(this.#permitted);
    this.#outbound.set(number, stream);
    const downstream = this.#hooks.openStream(head, this.#replyTo, stream);
    if (downstream === undefined) return this.close("no consumer for the routing key");
    stream.connect(downstream);
  }

  #splice(action: Extract<Action, { kind: "splice" }>): void {
    if (action.length !== Infinity) throw new Error("this host splices a direction for good or not at all");
    if (action.side === "socket-to-stream") {
      const stream = this.#outbound.get(action.stream);
      if (stream === undefined) throw new Error(`splice into unknown stream ${action.stream}`);
      this.#toStream = stream;
      this.#startReading();
    } else {
      if (!this.#inbound.has(action.stream)) throw new Error(`splice of unknown stream ${action.stream}`);
      this.#toSocket = action.stream;
    }
    if (this.#toStream !== undefined && this.#toSocket !== undefined) queueMicrotask(() => this.#releaseAdaptor());
  }

  /** The adaptor has nothing more to decide: its memory is given back. */
  #releaseAdaptor(): void {
    const adaptor = this.#adaptor;
    this.#adaptor = undefined;
    adaptor?.close();
  }

  // --- socket to network

  /** See {@link SocketReaderHandler}. */
  readAllowance(): number {
    if (this.#toStream !== undefined) return this.#toStream.allowance;
    if (this.#writer.pending > UNREAD_OCTETS) return 0;
    // The adaptor may write into any stream that it has begun.
    for (const stream of this.#outbound.values()) if (stream.allowance <= 0) return 0;
    return Infinity;
  }

  /** See {@link SocketReaderHandler}. */
  onRead(chunk: Uint8Array): Promise<void> | undefined {
    return this.#toStream === undefined ? this.#offer(chunk) : this.#toStream.write(chunk);
  }

  /** See {@link SocketReaderHandler}. */
  onReadEnd(): void {
    this.#socketEnded();
  }

  /** See {@link SocketReaderHandler}. */
  onReadFailed(error: unknown): void {
    this.close(`reading from the socket failed: ${messageOf(error)}`);
  }

  /** See {@link OutboundHandler}. */
  onOutcome(state: DeliveryState | undefined): void {
    if (this.#closed) return;
    if (state?.kind === "accepted") this.#reader.wake();
    else this.close(explain(this.#role, state));
  }

  /** See {@link OutboundHandler}. */
  onRoom(): void {
    this.#reader.wake();
  }

  #startReading(): void {
    if (this.#reading || this.#closed) return;
    this.#reading = true;
    this.#reader.run();
  }

  /** Offers socket bytes until the adaptor has taken them or has spliced. */
  async #offer(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (!this.#closed && rest.length > 0) {
      if (this.#toStream !== undefined) return await this.#toStream.write(rest);
      let consumed = 0;
      this.#ask((adaptor) => {
        const answer = adaptor.socket(rest, false);
        consumed = answer.consumed;
        return answer.actions;
      });
      rest = rest.subarray(consumed);
      if (rest.length === 0 || this.#toStream !== undefined || this.#closed) continue;
      await new Promise<void>((resolve) => this.#adaptorWants = resolve);
      this.#adaptorWants = undefined;
    }
  }

  async #socketEnded(): Promise<void> {
    // The end belongs to the splice; without one the adaptor hears of it, and may still splice later.
    if (this.#toStream === undefined) {
      this.#ask((adaptor) => adaptor.socket(NO_OCTETS, true).actions);
      while (this.#toStream === undefined && !this.#closed) {
        await new Promise<void>((resolve) => this.#adaptorWants = resolve);
        this.#adaptorWants = undefined;
      }
    }
    if (this.#closed) return;
    this.#readDone = true;
    this.#toStream?.end();
    this.#closeWhenDone();
  }

  // --- network to socket

  #spliced(): InboundStream | undefined {
    return this.#toSocket === undefined ? undefined : this.#inbound.get(this.#toSocket);
  }

  /** See {@link InboundHandler}. */
  get waitingOctets(): number {
    return this.#writer.pending;
  }

  /** See {@link InboundHandler}. */
  onHead(stream: number, head: StreamHead): boolean {
    this.#replyTo = head.replyTo;
    this.#permitted = head.window ?? 0;
    for (const stream of this.#outbound.values()) stream.permit(this.#permitted);
    this.#tell({ kind: "begin", stream, head: head.head });
    return !this.#closed;
  }

  /** See {@link InboundHandler}. */
  onData(stream: number, piece: Uint8Array): void {
    if (this.#toSocket === stream) this.#writer.write(piece);
    else this.#tell({ kind: "data", stream, data: piece });
  }

  /** See {@link InboundHandler}. */
  onEnd(stream: number): void {
    if (this.#toSocket === stream) this.#writer.finish();
    else this.#tell({ kind: "end", stream });
  }

  /** See {@link InboundHandler}. */
  onBroken(reason: string): void {
    this.close(reason);
  }

  /** See {@link SocketWriterHandler}. */
  onWritten(total: number): void {
    this.#spliced()?.written(total);
    if (this.#toStream === undefined && this.#writer.pending <= UNREAD_OCTETS) this.#reader.wake();
  }

  /** See {@link SocketWriterHandler}. */
  onWriteFailed(error: unknown): void {
    this.close(`writing to the socket failed: ${messageOf(error)}`);
  }

  /** See {@link SocketWriterHandler}. */
  onAllWritten(): void {
    this.#writeDone = true;
    this.#spliced()?.accept();
    this.#closeWhenDone();
    if (this.#closed) return;
    // A socket that the peer has reset can't be shut any more; that is no failure of what was written.
    this.#conn.closeWrite().catch(() => {});
  }

  #tell(event: StreamEvent): void {
    this.#ask((adaptor) => adaptor.stream(event));
  }

  #closeWhenDone(): void {
    if (this.#readDone && this.#writeDone) this.close(undefined);
  }
}

/** What an outcome other than `accepted` means to the user, for what was sent as `role`. */
function explain(role: AdaptorRole, state: DeliveryState | undefined): string {
  const answers = role === "connector";
  switch (state?.kind) {
    case "released":
      return answers ? "the client is gone, or no way back to it is known" : "no consumer takes the routing key";
    case "modified":
      return answers
        ? "the way back to the client was lost"
        : "the target could not be reached, or the way to it was lost";
    case "rejected":
      return `rejected: ${state.error?.description ?? state.error?.condition ?? "no reason given"}`;
    default:
      return "the network lost the stream";
  }
}
