/**
 * An AMQP 1.0 connection, sans-IO and clockless (OASIS AMQP 1.0, part 2.4): bytes and the time come in as arguments,
 * bytes to send gather in {@link Connection.output}, everything else is told to a {@link ConnectionHandler}.
 *
 * Map of the room: `frame_parser` cuts bytes into frames, `sasl` authenticates, this file opens the connection,
 * `silence` keeps it alive, `session_table` has its sessions, `session` has windows and handles, `sender` and `receiver` are links, `outgoing_delivery` and
 * `incoming_delivery` are single messages in flight. `codec/` turns performatives into bytes and back.
 */

import { AcceptedReader } from "./accepted.ts";
import { decodePerformative, encodePerformative } from "./codec/performatives.ts";
import { decodeSasl, encodeSasl } from "./codec/sasl.ts";
import type { AmqpError, DeliveryState, Open, Performative, SaslFrame } from "./codec/types.ts";
import { Writer } from "./codec/writer.ts";
import type { ConnectionHandler, ConnectionOptions } from "./connection_options.ts";
import { FRAME_AMQP, FRAME_HEADER_OCTETS, FRAME_SASL, putFrameHeader } from "./frame_header.ts";
import { FrameParser, type FrameSink } from "./frame_parser.ts";
import { LinkCounts } from "./link_counts.ts";
import { Output } from "./output.ts";
import { PeerSilent, ProtocolError } from "./protocol_error.ts";
import { saslClientStep, type SaslMechanism, saslServerStep, type SaslStep } from "./sasl.ts";
import type { Link } from "./link_table.ts";
import type { Session } from "./session.ts";
import { MAX_SESSIONS, SessionTable } from "./session_table.ts";
import { shortened } from "./shortened.ts";
import { Silence } from "./silence.ts";
import { TRANSFER_OVERHEAD, type TransferHeader } from "./transfer_header.ts";

/** Frame size every AMQP peer accepts (part 2.4.1), in octets. */
const MIN_MAX_FRAME = 512;
const PROTOCOL_AMQP = 0;
const PROTOCOL_SASL = 3;
const EMPTY_FRAME = new Uint8Array([0, 0, 0, 8, 2, 0, 0, 0]);

const ACCEPTED: DeliveryState = { kind: "accepted" };

type State = "sasl" | "header" | "opening" | "open" | "closed";

/** One connection to a peer. */
export class Connection implements FrameSink {
  /** What waits to be written. */
  readonly output: Output;
  /** Who is told. */
  readonly handler: ConnectionHandler;
  /** Payload octets that fit into one frame of the peer. */
  maxPayload = MIN_MAX_FRAME - TRANSFER_OVERHEAD;
  /** The peer's Open, once seen. */
  remote: Open | undefined;
  /** The time in whole seconds, as its owner tells it now and then: what deliveries are dated by. */
  seconds = 0;
  /** When the last delivery began, by {@link Connection.seconds}; undefined before the first one. */
  lastDelivery: number | undefined;
  /** What has come by links that are gone. */
  readonly formerlyReceived: LinkCounts = new LinkCounts();
  /** How the peer was authenticated; undefined until then, and for good when it left SASL out. */
  mechanism: SaslMechanism | undefined;

  readonly #options: ConnectionOptions;
  readonly #parser: FrameParser;
  readonly #writer = new Writer();
  readonly #sessions: SessionTable;
  readonly #waiting = new Set<Session>();
  /** Sessions that have something to say with the next write. */
  #saying: Session[] = [];
  readonly #accepted = new AcceptedReader();
  #receiving: Session | undefined;
  #state: State;
  #saslHeaderSent = false;
  #openSent = false;
  /** Largest frame the peer takes, in octets; our Open leaves before it is known. */
  #peerMaxFrame = Infinity;
  /** Something could not be sent: the connection fails at its next turn, not inside whatever call wanted to send it. */
  #unsendable: ProtocolError | undefined;
  readonly #silence: Silence;

  /** Nothing happens before {@link Connection.start}. */
  constructor(options: ConnectionOptions, handler: ConnectionHandler) {
    this.#options = options;
    this.handler = handler;
    this.#sessions = new SessionTable(this, options.windowFrames);
    this.#silence = new Silence(options.idleTimeoutMs);
    this.output = new Output(() => {
      this.#silence.sent = true;
      handler.onOutput();
    });
    this.#parser = new FrameParser(this, options.maxFrameSize);
    this.#state = "sasl";
  }

  /** True between the exchange of Opens and the first Close. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** All links of all sessions. */
  *links(): Generator<Link> {
    for (const session of this.#sessions.all()) yield* session.links();
  }

  /** Client side: sends the first bytes. The server side waits for the peer's. */
  start(): void {
    if (this.#options.side === "client") this.#sendHeader(PROTOCOL_SASL);
  }

  /** Takes bytes of the peer. Never throws: a violation closes the connection with the fitting condition. */
  feed(chunk: Uint8Array): void {
    if (this.#isOver()) return;
    this.#silence.heard = true;
    try {
      this.#parser.feed(chunk);
      this.#checkSendable();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(error);
    }
  }

  /** Hands out what is to be written now; the view stays untouched until the next call. Empty when there is nothing. */
  take(): Uint8Array {
    this.#say();
    return this.output.take();
  }

  /** From a delivery: its last frame is in the output. */
  messageComplete(): void {
    this.handler.onComplete?.(this.output.length);
  }

  /** The output was written: producers that wait get their turns. */
  drained(): void {
    if (this.#isOver() || this.#state !== "open") return;
    for (const session of byRank(this.#waiting)) {
      this.#waiting.delete(session);
      // Whoever could not finish goes to the end of the line of sessions.
      if (session.flushLine()) this.#waiting.add(session);
      if (this.output.room < TRANSFER_OVERHEAD * 2) return;
    }
  }

  /** Lets time pass; `now` in ms of a monotonic clock. Returns when to call again, in ms of the same clock. */
  tick(now: number): number {
    if (this.#isOver()) return Infinity;
    const peerLimitMs = this.isOpen ? this.remote?.idleTimeOut ?? 0 : 0;
    const next = this.#silence.pass(now, peerLimitMs, () => this.output.append(EMPTY_FRAME));
    if (next !== undefined) return next;
    this.fail(new PeerSilent(this.#silence.limitMs));
    return Infinity;
  }

  /** Opens a session. `purpose` only labels it. Where the peer has no room for one, the connection ends at its next turn. */
  beginSession(purpose: string): Session {
    const session = this.#sessions.add(purpose);
    const most = Math.min(MAX_SESSIONS, (this.remote?.channelMax ?? MAX_SESSIONS) + 1);
    if (session.channel < most) session.sendBegin(undefined);
    else this.#failSoon(new ProtocolError("amqp:resource-limit-exceeded", `more than ${most} sessions`));
    return session;
  }

  /** Closes in order; `error` is told to the peer. */
  close(error?: AmqpError): void {
    if (this.#state === "closed") return;
    this.#say();
    if (this.#openSent) this.send(0, error === undefined ? { type: "close" } : { type: "close", error });
    this.#finish(undefined);
  }

  /** The channel under the connection is gone. */
  channelClosed(): void {
    this.#finish(undefined);
  }

  /** Ends the connection because of a violation, telling the peer why. */
  fail(error: ProtocolError): void {
    if (this.#state === "closed") return;
    if (this.#openSent) {
      try {
        this.send(0, { type: "close", error: { condition: error.condition, description: error.message } });
      } catch (failure) {
        if (!(failure instanceof ProtocolError)) throw failure; // The output is full: the peer won't hear anyway.
      }
    }
    this.#finish(error);
  }

  // --- called by sessions ---------------------------------------------------------------------------------------

  /**
   * Encodes a frame other than a transfer. One that the peer would not take, even without its explanations, ends the
   * connection at its next turn.
   */
  send(channel: number, performative: Performative): void {
    if (this.#state === "closed") return;
    if (!this.#encodes(performative) && !this.#encodes(shortened(performative))) {
      return this.#failSoon(
        new ProtocolError(
          "amqp:frame-size-too-small",
          `${performative.type} of ${this.#writer.length} octets, the peer takes frames of ${this.#peerMaxFrame}`,
        ),
      );
    }
    this.encode(() => this.#appendFrame(FRAME_AMQP, channel, this.#writer.bytes()));
  }

  /**
   * Has `write` encode a frame into the output. Where that is full the connection ends at its next turn: whoever wants the
   * frame sent may be a timer, or another connection, and neither must fail for a peer that does not read.
   */
  encode(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#failSoon(error);
    }
  }

  /** A session has deliveries that wait for their turn. */
  waitingToSend(session: Session): void {
    this.#waiting.add(session);
    // The next flush gives the turns; without bytes in the output no flush would come.
    if (this.output.length === 0) this.handler.onOutput();
  }

  /** The session has something to say, with the next write. */
  hasToSay(session: Session): void {
    this.#saying.push(session);
    if (this.output.length === 0) this.handler.onOutput();
  }

  /** The session ended. */
  forgetSession(session: Session): void {
    this.#waiting.delete(session);
    this.#sessions.forget(session);
    if (this.#receiving === session) this.#receiving = undefined;
  }

  // --- called by the parser -------------------------------------------------------------------------------------

  /** See {@link FrameSink}. */
  onProtocolHeader(id: number, major: number, minor: number, revision: number): void {
    const version = major === 1 && minor === 0 && revision === 0;
    if (this.#state === "sasl" && id === PROTOCOL_SASL && version) {
      if (this.#options.side === "server") {
        this.#sendHeader(PROTOCOL_SASL);
        this.#sendSasl({ type: "sasl-mechanisms", mechanisms: this.#options.mechanisms });
      }
      return;
    }
    const saslMayBeMissing = this.#options.side === "server" && this.#options.saslOptional === true;
    const expected = this.#state === "header" || (this.#state === "sasl" && saslMayBeMissing);
    if (id === PROTOCOL_AMQP && version && expected) {
      if (this.#options.side === "server") {
        this.#sendHeader(PROTOCOL_AMQP);
        this.#sendOpen();
      }
      this.#state = "opening";
      return;
    }
    // Part 2.2: answer with what we do speak, then end.
    if (this.#options.side === "server") this.#sendHeader(this.#state === "sasl" ? PROTOCOL_SASL : PROTOCOL_AMQP);
    throw new ProtocolError(
      "amqp:unauthorized-access",
      `protocol ${id} ${major}.${minor}.${revision} is not allowed here`,
    );
  }

  /** See {@link FrameSink}. */
  onFrame(type: number, channel: number, bytes: Uint8Array, start: number, end: number): void {
    this.#checkSendable();
    if (type === FRAME_SASL) {
      if (this.#state !== "sasl") throw new ProtocolError("amqp:not-allowed", "SASL frame after authentication");
      this.#onSasl(decodeSasl(bytes, start, end));
      return;
    }
    if (start === end) return; // keep-alive
    const accepted = this.#accepted;
    if (this.#state === "open" && accepted.read(bytes, start, end)) return this.#onAccepted(channel, accepted);
    const { performative } = decodePerformative(bytes, start, end);
    if (performative.type === "open") this.#onOpen(performative);
    else if (performative.type === "close") this.#onClose(performative.error);
    else if (this.#state === "open") this.#onSessionFrame(channel, performative);
    else throw new ProtocolError("amqp:illegal-state", `${performative.type} outside open and close`);
  }

  /** See {@link FrameSink}. */
  onTransfer(channel: number, header: TransferHeader): void {
    this.#checkSendable();
    if (this.#state !== "open") throw new ProtocolError("amqp:illegal-state", "transfer before open");
    const session = this.#sessions.ofPeer(channel, "transfer");
    this.#receiving = session.open ? session : undefined;
    this.#receiving?.onTransfer(header);
  }

  /** See {@link FrameSink}. */
  onPayload(piece: Uint8Array, last: boolean): void {
    this.#receiving?.onPayload(piece, last);
  }

  /** Puts the body of a frame into the writer. Returns whether the peer takes a frame of that size. */
  #encodes(performative: Performative): boolean {
    this.#writer.reset();
    encodePerformative(this.#writer, performative);
    return FRAME_HEADER_OCTETS + this.#writer.length <= this.#peerMaxFrame;
  }

  /** The connection fails at its next turn, which this brings about. */
  #failSoon(error: ProtocolError): void {
    this.#unsendable ??= error;
    this.handler.onOutput();
  }

  /** Throws what a frame left behind that could not be sent. */
  #checkSendable(): void {
    if (this.#unsendable !== undefined) throw this.#unsendable;
  }

  #isOver(): boolean {
    if (this.#unsendable !== undefined) this.fail(this.#unsendable);
    return this.#state === "closed";
  }

  #onAccepted(channel: number, { first, last, fromReceiver }: AcceptedReader): void {
    const session = this.#sessions.ofPeer(channel, "disposition");
    if (session.open) session.deliveries.disposed(fromReceiver ? "receiver" : "sender", first, last, ACCEPTED, true);
  }

  #say(): void {
    const saying = this.#saying;
    if (saying.length === 0) return;
    this.#saying = [];
    for (const session of saying) if (session.open) session.deliveries.sayAccepted();
  }

  #onSessionFrame(channel: number, performative: Performative): void {
    if (performative.type === "begin") return this.#sessions.begun(channel, performative);
    const session = this.#sessions.ofPeer(channel, performative.type);
    if (performative.type === "end") {
      this.#sessions.ended(channel);
      if (session.open) session.end();
      return;
    }
    if (!session.open) return; // On its way when we ended the session.
    switch (performative.type) {
      case "attach":
        return session.onAttach(performative);
      case "flow":
        return session.onFlow(performative);
      case "disposition":
        return session.onDisposition(performative);
      case "detach":
        return session.onDetach(performative.handle, performative.error);
    }
  }

  #onOpen(open: Open): void {
    if (this.#state !== "opening") throw new ProtocolError("amqp:illegal-state", "unexpected open");
    this.remote = open;
    this.#peerMaxFrame = Math.max(MIN_MAX_FRAME, open.maxFrameSize ?? 0xffffffff);
    this.maxPayload = Math.min(this.#peerMaxFrame, this.#options.maxFrameSize) - TRANSFER_OVERHEAD;
    this.#state = "open";
    this.handler.onOpen(open);
  }

  #onClose(error: AmqpError | undefined): void {
    if (this.#state === "open" || this.#state === "opening") {
      if (this.#openSent) this.send(0, { type: "close" });
    }
    this.#finish(error);
  }

  #onSasl(frame: SaslFrame): void {
    const { side, mechanisms, hostname } = this.#options;
    const step: SaslStep = side === "client"
      ? saslClientStep(frame, mechanisms[0], hostname)
      : saslServerStep(frame, mechanisms);
    if (step.reply !== undefined) this.#sendSasl(step.reply);
    if (step.failure !== undefined) throw step.failure;
    if (!step.done) return;
    this.mechanism = step.mechanism;
    this.#state = "header";
    this.#parser.expectProtocolHeader();
    if (side === "client") {
      this.#sendHeader(PROTOCOL_AMQP);
      this.#sendOpen();
    }
  }

  #sendHeader(id: number): void {
    if (id === PROTOCOL_SASL) {
      if (this.#saslHeaderSent) return;
      this.#saslHeaderSent = true;
    }
    this.output.append(new Uint8Array([0x41, 0x4d, 0x51, 0x50, id, 1, 0, 0]));
  }

  #sendOpen(): void {
    const { containerId, hostname, maxFrameSize, idleTimeoutMs } = this.#options;
    const { offeredCapabilities, desiredCapabilities, properties } = this.#options;
    this.#openSent = true;
    this.send(0, {
      type: "open",
      containerId,
      ...(hostname === undefined ? {} : { hostname }),
      maxFrameSize,
      channelMax: MAX_SESSIONS - 1,
      idleTimeOut: idleTimeoutMs,
      ...(offeredCapabilities === undefined ? {} : { offeredCapabilities }),
      ...(desiredCapabilities === undefined ? {} : { desiredCapabilities }),
      ...(properties === undefined ? {} : { properties }),
    });
  }

  #sendSasl(frame: SaslFrame): void {
    this.#writer.reset();
    encodeSasl(this.#writer, frame);
    this.#appendFrame(FRAME_SASL, 0, this.#writer.bytes());
  }

  #appendFrame(type: number, channel: number, body: Uint8Array): void {
    const size = FRAME_HEADER_OCTETS + body.length;
    const at = this.output.reserve(size);
    const { bytes } = this.output;
    putFrameHeader(bytes, at, size, type, channel);
    bytes.set(body, at + FRAME_HEADER_OCTETS);
    this.output.commit(at + size);
  }

  #finish(error: ProtocolError | AmqpError | undefined): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    for (const session of this.#sessions.all()) session.lost();
    this.handler.onClosed(error);
  }
}

/** Highest rank first; among equals, whoever has waited longest. */
function byRank(sessions: ReadonlySet<Session>): Session[] {
  const waiting = [...sessions];
  return waiting.length < 2 ? waiting : waiting.sort((one, other) => other.rank - one.rank);
}
