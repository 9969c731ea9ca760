/**
 * Cuts the octets of a connection into frames (OASIS AMQP 1.0, part 2.3), sans-IO.
 *
 * Cut-through: the payload of a transfer is passed on as it arrives, piece by piece; only frame heads and the short
 * control frames are ever buffered, and never more than one frame of the size we allow the peer.
 */

import { decodePerformative } from "./codec/performatives.ts";
import { FRAME_AMQP, FRAME_HEADER_OCTETS } from "./frame_header.ts";
import { ProtocolError } from "./protocol_error.ts";
import { isPlainTransfer, TransferHeader } from "./transfer_header.ts";

/** What is read of a transfer before its list size is known: header, descriptor, list constructor and size. */
const TRANSFER_HEAD_OCTETS = FRAME_HEADER_OCTETS + 5;
const NOTHING = new Uint8Array(0);

/** Receives what the parser finds. Views are valid only during the call. */
export interface FrameSink {
  /** Eight octets that announce a protocol: `AMQP`, id, major, minor, revision. */
  onProtocolHeader(id: number, major: number, minor: number, revision: number): void;
  /** A complete frame other than a transfer. An empty body (`start === end`) is a keep-alive. */
  onFrame(type: number, channel: number, bytes: Uint8Array, start: number, end: number): void;
  /** The head of a transfer; its payload follows in {@link FrameSink.onPayload}. `header` is reused. */
  onTransfer(channel: number, header: TransferHeader): void;
  /** The next piece of payload of the transfer announced last; called once with `last`, maybe with an empty piece. */
  onPayload(piece: Uint8Array, last: boolean): void;
}

/** The state between two reads of one connection. */
export class FrameParser {
  /** Largest frame the peer may send, in octets. */
  maxFrameSize: number;

  readonly #sink: FrameSink;
  readonly #header = new TransferHeader();
  #stash: Uint8Array = NOTHING;
  #stashed = 0;
  #payloadLeft = 0;
  #expectHeader = true;

  /** Frames go to `sink`; larger ones than `maxFrameSize` octets are refused. */
  constructor(sink: FrameSink, maxFrameSize: number) {
    this.#sink = sink;
    this.maxFrameSize = maxFrameSize;
  }

  /** Announces that a protocol header comes next, as after the SASL layer. */
  expectProtocolHeader(): void {
    this.#expectHeader = true;
  }

  /** Parses `chunk`. Throws ProtocolError; the connection is unusable afterwards. */
  feed(chunk: Uint8Array): void {
    let at = 0;
    const length = chunk.length;
    while (at < length) {
      if (this.#payloadLeft > 0) {
        at = this.#passPayload(chunk, at, length);
        continue;
      }
      if (this.#stashed > 0) {
        at = this.#completeStash(chunk, at, length);
        continue;
      }
      const need = this.#need(chunk, at, length);
      if (at + need > length) {
        this.#startStash(chunk, at, length, need);
        return;
      }
      this.#head(chunk, at, need);
      at += need;
    }
  }

  /** Octets that must be in hand, from `start`, before the next step can be taken; may grow as more is seen. */
  #need(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < FRAME_HEADER_OCTETS || this.#expectHeader) return FRAME_HEADER_OCTETS;
    const size = readUint32(bytes, start);
    const dataOffset = bytes[start + 4] << 2;
    if (size > this.maxFrameSize) {
      throw new ProtocolError("amqp:connection:framing-error", `frame of ${size} octets, limit ${this.maxFrameSize}`);
    }
    if (dataOffset < FRAME_HEADER_OCTETS || dataOffset > size) {
      throw new ProtocolError("amqp:connection:framing-error", `frame size ${size} with data offset ${dataOffset}`);
    }
    // An extended header is legal and never seen: such frames take the buffered way.
    if (bytes[start + 5] !== FRAME_AMQP || dataOffset !== FRAME_HEADER_OCTETS || size < TRANSFER_HEAD_OCTETS + 1) {
      return size;
    }
    if (end - start < TRANSFER_HEAD_OCTETS) return TRANSFER_HEAD_OCTETS;
    const body = start + FRAME_HEADER_OCTETS;
    if (!isPlainTransfer(bytes, body) || bytes[body + 3] !== 0xc0) return size;
    const head = TRANSFER_HEAD_OCTETS + bytes[body + 4];
    if (head > size) throw new ProtocolError("amqp:decode-error", "transfer performative exceeds its frame");
    return head;
  }

  /** Takes the step for which `need` octets are in hand. */
  #head(bytes: Uint8Array, start: number, need: number): void {
    if (this.#expectHeader) {
      this.#protocolHeader(bytes, start);
      return;
    }
    const size = readUint32(bytes, start);
    const body = start + (bytes[start + 4] << 2);
    const type = bytes[start + 5];
    const channel = (bytes[start + 6] << 8) | bytes[start + 7];
    const end = start + need;
    if (type === FRAME_AMQP && body < end && isPlainTransfer(bytes, body)) {
      const payloadAt = this.#readTransfer(bytes, body, end);
      this.#sink.onTransfer(channel, this.#header);
      const inHand = end - payloadAt;
      this.#payloadLeft = size - (payloadAt - start);
      if (this.#payloadLeft === inHand) {
        this.#payloadLeft = 0;
        this.#sink.onPayload(inHand === 0 ? NOTHING : bytes.subarray(payloadAt, end), true);
      }
      return;
    }
    this.#sink.onFrame(type, channel, bytes, body, end);
  }

  #readTransfer(bytes: Uint8Array, body: number, end: number): number {
    const listEnd = bytes[body + 3] === 0xc0 ? body + 5 + bytes[body + 4] : -1;
    if (listEnd > body && listEnd <= end && this.#header.read(bytes, body, listEnd)) return listEnd;
    const decoded = decodePerformative(bytes, body, end);
    const transfer = decoded.performative;
    if (transfer.type !== "transfer") throw new ProtocolError("amqp:decode-error", "not a transfer");
    const header = this.#header;
    header.handle = transfer.handle;
    header.deliveryId = transfer.deliveryId ?? -1;
    header.settled = transfer.settled ?? false;
    header.more = transfer.more ?? false;
    header.aborted = transfer.aborted ?? false;
    return decoded.end;
  }

  #protocolHeader(bytes: Uint8Array, start: number): void {
    if (readUint32(bytes, start) !== 0x414d5150) {
      throw new ProtocolError("amqp:connection:framing-error", "the peer does not speak AMQP");
    }
    this.#expectHeader = false;
    this.#sink.onProtocolHeader(bytes[start + 4], bytes[start + 5], bytes[start + 6], bytes[start + 7]);
  }

  #passPayload(chunk: Uint8Array, at: number, length: number): number {
    const octets = Math.min(this.#payloadLeft, length - at);
    this.#payloadLeft -= octets;
    this.#sink.onPayload(chunk.subarray(at, at + octets), this.#payloadLeft === 0);
    return at + octets;
  }

  #startStash(chunk: Uint8Array, at: number, length: number, need: number): void {
    if (this.#stash.length < need) this.#stash = new Uint8Array(Math.max(256, need));
    this.#stash.set(chunk.subarray(at, length));
    this.#stashed = length - at;
  }

  /** Moves octets into the stash until one step is possible, takes it, and returns where the chunk goes on. */
  #completeStash(chunk: Uint8Array, at: number, length: number): number {
    for (;;) {
      const need = this.#need(this.#stash, 0, this.#stashed);
      if (this.#stashed === need) {
        const stash = this.#stash;
        this.#stashed = 0;
        // A large control frame is rare: its buffer is not kept.
        if (stash.length > 4096) this.#stash = NOTHING;
        this.#head(stash, 0, need);
        return at;
      }
      if (at === length) return at;
      if (this.#stash.length < need) {
        const grown = new Uint8Array(need);
        grown.set(this.#stash.subarray(0, this.#stashed));
        this.#stash = grown;
      }
      const octets = Math.min(need - this.#stashed, length - at);
      this.#stash.set(chunk.subarray(at, at + octets), this.#stashed);
      this.#stashed += octets;
      at += octets;
    }
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}
