/**
 * WebSocket framing (RFC 6455, 5) for one binary stream: bytes in, payload and control frames out, and the reverse.
 * Sans-IO. Payload is handed on as it comes, never gathered, so the length of a frame costs no memory. No extensions.
 */

/** Frame types. */
export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Room in front of a payload for the longest frame head; a multiple of four keeps payloads aligned. */
export const HEAD_ROOM = 16;

/** Longest payload of one frame that is accepted, in bytes. */
export const MAX_FRAME = 16 * 1024 * 1024;

/** Longest payload of a control frame (RFC 6455, 5.5). */
export const MAX_CONTROL = 125;

/** A breach of the protocol, with the status code to close with (RFC 6455, 7.4.1). */
export class WebSocketError extends Error {
  /** The class, for traces. */
  override readonly name: string = "WebSocketError";
  /** Status of the Close frame to answer with. */
  readonly status: number;

  /** Makes an error that ends the connection with `status`. */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What a {@link FrameReader} finds. */
export interface FrameSink {
  /** Part of the stream; a view into the chunk, unmasked in place. */
  onPayload(part: Uint8Array): void;
  /** A Ping to be answered with the same payload. */
  onPing(payload: Uint8Array): void;
  /** The peer ends the connection. */
  onEnd(): void;
}

/** Takes a stream of frames apart. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #masked: boolean;
  readonly #head = new Uint8Array(14);
  readonly #mask = new Uint8Array(4);
  readonly #control = new Uint8Array(MAX_CONTROL);
  #headLength = 0;
  #headNeeded = 2;
  #opcode = 0;
  #remaining = 0;
  #taken = 0;
  #message = false;
  #ended = false;

  /** Tells `sink`; frames must be masked if `masked`, as those of clients are, and must not otherwise. */
  constructor(sink: FrameSink, masked: boolean) {
    this.#sink = sink;
    this.#masked = masked;
  }

  /** Takes `chunk`, which may be changed. Throws {@link WebSocketError}. What follows a Close is ignored. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.#ended) {
      if (this.#headLength < this.#headNeeded) {
        const part = chunk.subarray(at, at + this.#headNeeded - this.#headLength);
        this.#head.set(part, this.#headLength);
        this.#headLength += part.length;
        at += part.length;
        if (this.#headLength === this.#headNeeded && this.#readHead() && this.#remaining === 0) this.#frameDone();
        continue;
      }
      const part = chunk.subarray(at, at + this.#remaining);
      if (this.#masked) applyMask(part, this.#mask, this.#taken);
      const before = this.#taken;
      this.#taken += part.length;
      this.#remaining -= part.length;
      at += part.length;
      if (this.#opcode >= Opcode.close) this.#control.set(part, before);
      else this.#sink.onPayload(part);
      if (this.#remaining === 0) this.#frameDone();
    }
  }

  /** Reads as much of the head as there is; true once it is whole. */
  #readHead(): boolean {
    const head = this.#head;
    const short = head[1] & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (this.#headNeeded === 2) {
      this.#checkStart(head[0], head[1]);
      this.#headNeeded = 2 + extended + (this.#masked ? 4 : 0);
      if (this.#headNeeded > 2) return false;
    }
    const view = new DataView(head.buffer);
    const length = extended === 0 ? short : extended === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
    if (length > MAX_FRAME) throw new WebSocketError(1009, "a frame is too long");
    if (extended === 2 && length < 126 || extended === 8 && length < 65_536) {
      throw new WebSocketError(1002, "a length is longer than it need be");
    }
    if (this.#masked) this.#mask.set(head.subarray(2 + extended, 6 + extended));
    this.#remaining = length;
    this.#taken = 0;
    return true;
  }

  #checkStart(first: number, second: number): void {
    const opcode = first & 0x0f;
    const final = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) throw new WebSocketError(1002, "a reserved bit is set");
    if ((second & 0x80) !== 0 !== this.#masked) {
      throw new WebSocketError(1002, this.#masked ? "a frame is not masked" : "a frame is masked");
    }
    if (opcode === Opcode.text) throw new WebSocketError(1003, "AMQP is not text");
    if (opcode === Opcode.close || opcode === Opcode.ping || opcode === Opcode.pong) {
      if (!final || (second & 0x7f) > MAX_CONTROL) throw new WebSocketError(1002, "a control frame is malformed");
    } else if (opcode === Opcode.binary || opcode === Opcode.continuation) {
      if ((opcode === Opcode.continuation) !== this.#message) throw new WebSocketError(1002, "fragments are mixed up");
      this.#message = !final;
    } else throw new WebSocketError(1002, "a frame type is unknown");
    this.#opcode = opcode;
  }

  #frameDone(): void {
    this.#headLength = 0;
    this.#headNeeded = 2;
    if (this.#opcode === Opcode.ping) this.#sink.onPing(this.#control.slice(0, this.#taken));
    if (this.#opcode === Opcode.close) {
      this.#ended = true;
      this.#sink.onEnd();
    }
  }
}

/**
 * Writes the head of a final frame so that it ends where the payload begins, at `payloadAt` of `out` (at least 14 in);
 * returns where it begins. With `mask` (4 bytes), masks the payload that is already in place.
 */
export function writeHead(
  out: Uint8Array,
  payloadAt: number,
  length: number,
  opcode: number,
  mask: Uint8Array | undefined,
): number {
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const start = payloadAt - 2 - extended - (mask === undefined ? 0 : 4);
  out[start] = 0x80 | opcode;
  out[start + 1] = (mask === undefined ? 0 : 0x80) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  const view = new DataView(out.buffer, out.byteOffset);
  if (extended === 2) view.setUint16(start + 2, length);
  else if (extended === 8) view.setBigUint64(start + 2, BigInt(length));
  if (mask !== undefined) {
    out.set(mask, payloadAt - 4);
    applyMask(out.subarray(payloadAt, payloadAt + length), mask, 0);
  }
  return start;
}

/** XORs `bytes`, which are `offset` bytes into their frame, with `mask` (RFC 6455, 5.3), a word at a time. */
export function applyMask(bytes: Uint8Array, mask: Uint8Array, offset: number): void {
  let i = 0;
  const unaligned = (4 - (bytes.byteOffset & 3)) & 3;
  for (; i < bytes.length && i < unaligned; i++) bytes[i] ^= mask[(offset + i) & 3];
  if (i === bytes.length) return;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + i, (bytes.length - i) >> 2);
  const key = new Uint8Array(4);
  for (let k = 0; k < 4; k++) key[k] = mask[(offset + i + k) & 3];
  const word = new Uint32Array(key.buffer)[0];
  for (let w = 0; w < words.length; w++) words[w] ^= word;
  for (i += words.length * 4; i < bytes.length; i++) bytes[i] ^= mask[(offset + i) & 3];
}
