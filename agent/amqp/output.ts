/**
 * Where a connection gathers the frames it sends.
 *
 * Frames are encoded into one buffer while another is on its way through the socket, so that every turn of the event
 * loop ends in one write. Buffers are lent by the pool and follow the traffic in size: an idle connection holds a few
 * KiB. Transfers respect {@link Output.room}; control frames may exceed it, up to a hard limit at which the peer counts
 * as gone.
 */

import { giveBuffer, takeBuffer } from "../lib/buffer_pool.ts";
import { ProtocolError } from "./protocol_error.ts";

/** Octets of transfer frames gathered before producers must wait; four times the 48 KiB that Deno encrypts at once. */
export const OUTPUT_SOFT_LIMIT = 192 * 1024;
/** Octets at which a peer that does not read is given up. */
export const OUTPUT_HARD_LIMIT = 4 * 1024 * 1024;
/** Size of the buffers of a quiet connection, in octets. */
const SMALLEST = 4096;
/** Size of the buffers of a busy connection: behind a full load of transfers, control frames find room without a copy. */
const LARGEST = 256 * 1024;
const NOTHING = new Uint8Array(0);

/** Bytes waiting to be written to one peer. */
export class Output {
  #filling: Uint8Array<ArrayBuffer> = NOTHING;
  #leaving: Uint8Array<ArrayBuffer> = NOTHING;
  /** Size of the next buffer. */
  #size = SMALLEST;
  #length = 0;
  /** The transfer frame at the end that may still grow: where it starts, or -1, and the link it is of. */
  #openAt = -1;
  #openChannel = 0;
  #openHandle = 0;
  readonly #onBytes: () => void;

  /** `onBytes` is called when the first octet enters an empty output. */
  constructor(onBytes: () => void) {
    this.#onBytes = onBytes;
  }

  /** Octets that transfer frames may still add now. */
  get room(): number {
    return OUTPUT_SOFT_LIMIT - this.#length;
  }

  /** Octets waiting. */
  get length(): number {
    return this.#length;
  }

  /** The buffer to encode into, after {@link Output.reserve}. */
  get bytes(): Uint8Array {
    return this.#filling;
  }

  /** Makes sure that `octets` fit behind what is there and returns the offset at which they start. */
  reserve(octets: number): number {
    const needed = this.#length + octets;
    if (needed > this.#filling.length) this.#grow(needed);
    return this.#length;
  }

  /** Declares everything before `end` written. */
  commit(end: number): void {
    const wasEmpty = this.#length === 0;
    this.#length = end;
    this.#openAt = -1;
    if (wasEmpty && end > 0) this.#onBytes();
  }

  /** Declares that the frame from `start` to the end may grow as long as it is the last, see {@link Output.openFrame}. */
  leaveOpen(start: number, channel: number, handle: number): void {
    this.#openAt = start;
    this.#openChannel = channel;
    this.#openHandle = handle;
  }

  /** Where the frame at the end starts, if it is of that link and may grow; -1 otherwise. */
  openFrame(channel: number, handle: number): number {
    return this.#openChannel === channel && this.#openHandle === handle ? this.#openAt : -1;
  }

  /** Appends ready-made bytes. */
  append(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.#filling.set(bytes, at);
    this.commit(at + bytes.length);
  }

  /** Hands out what has gathered; the view stays untouched until the next call. Empty when nothing waits. */
  take(): Uint8Array {
    giveBuffer(this.#leaving);
    this.#leaving = this.#filling;
    this.#filling = NOTHING;
    const length = this.#length;
    this.#length = 0;
    this.#openAt = -1;
    if (length <= this.#size >>> 3) this.#size = Math.max(SMALLEST, this.#size >>> 1);
    return this.#leaving.subarray(0, length);
  }

  #grow(needed: number): void {
    if (needed > OUTPUT_HARD_LIMIT) {
      throw new ProtocolError(
        "amqp:resource-limit-exceeded",
        `peer leaves more than ${OUTPUT_HARD_LIMIT} octets unread`,
      );
    }
    const before = this.#filling;
    const grown = takeBuffer(Math.max(needed, this.#size, Math.min(before.length * 4, LARGEST)));
    grown.set(before.subarray(0, this.#length));
    giveBuffer(before);
    this.#filling = grown;
    this.#size = Math.min(grown.length, LARGEST);
  }
}
