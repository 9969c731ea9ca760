/**
 * Where a connection gathers the frames it sends.
 *
 * Two buffers take turns: frames are encoded into one while the other is on its way through the socket, so that every
 * turn of the event loop ends in one write. Transfers respect {@link Output.room}; control frames may exceed it, up to
 * a hard limit at which the peer counts as gone.
 */

import { ProtocolError } from "./protocol_error.ts";

/** Octets of transfer frames gathered before producers must wait; twice the 48 KiB that Deno encrypts per turn. */
export const OUTPUT_SOFT_LIMIT = 96 * 1024;
/** Size of a buffer in octets: control frames find room behind a full load of transfers without a copy. */
const BUFFER_OCTETS = OUTPUT_SOFT_LIMIT + 16 * 1024;
/** Octets at which a peer that does not read is given up. */
export const OUTPUT_HARD_LIMIT = 4 * 1024 * 1024;

/** Bytes waiting to be written to one peer. */
export class Output {
  #filling = new Uint8Array(BUFFER_OCTETS);
  #view = new DataView(this.#filling.buffer);
  #spare = new Uint8Array(BUFFER_OCTETS);
  #length = 0;
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

  /** A view of {@link Output.bytes}. */
  get view(): DataView {
    return this.#view;
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
    if (wasEmpty && end > 0) this.#onBytes();
  }

  /** Appends ready-made bytes. */
  append(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.#filling.set(bytes, at);
    this.commit(at + bytes.length);
  }

  /** Hands out what has gathered; the view stays untouched until the next call. Empty when nothing waits. */
  take(): Uint8Array {
    const taken = this.#filling.subarray(0, this.#length);
    const next = this.#spare;
    // A burst of control frames may have grown a buffer; it goes back to the standard size with its next turn.
    this.#spare = this.#filling.length > BUFFER_OCTETS ? new Uint8Array(BUFFER_OCTETS) : this.#filling;
    this.#filling = next;
    this.#view = new DataView(next.buffer);
    this.#length = 0;
    return taken;
  }

  #grow(needed: number): void {
    if (needed > OUTPUT_HARD_LIMIT) {
      throw new ProtocolError(
        "amqp:resource-limit-exceeded",
        `peer leaves more than ${OUTPUT_HARD_LIMIT} octets unread`,
      );
    }
    const grown = new Uint8Array(Math.min(OUTPUT_HARD_LIMIT, Math.max(needed, this.#filling.length * 2)));
    grown.set(this.#filling.subarray(0, this.#length));
    this.#filling = grown;
    this.#view = new DataView(grown.buffer);
  }
}
