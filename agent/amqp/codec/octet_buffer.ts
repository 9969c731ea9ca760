/** A growing buffer of octets: numbers, texts and raw octets go in at its end. What they mean is the writer's business. */

import { encodeText, textCapacity } from "./text.ts";

const FIRST_OCTETS = 512;
/** A buffer that a rare large value has grown beyond this is not kept. */
const KEPT_OCTETS = 64 * 1024;

/** Octets that gather, for use again and again. */
export class OctetBuffer {
  #bytes = new Uint8Array(FIRST_OCTETS);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** Octets written. */
  get length(): number {
    return this.#at;
  }

  /** What was written: a view, valid until the next write or reset. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Forgets what was written. */
  reset(): void {
    this.#at = 0;
    if (this.#bytes.length > KEPT_OCTETS) this.#resize(FIRST_OCTETS);
  }

  /** Forgets what was written from the offset `length` on. */
  truncate(length: number): void {
    this.#at = length;
  }

  /** Leaves room for `octets`, to be filled in later, and returns where it starts. */
  claim(octets: number): number {
    const at = this.#reserve(octets);
    this.#at = at + octets;
    return at;
  }

  /** Moves everything from the offset `from` on by `octets`, to make room before it. */
  shift(from: number, octets: number): void {
    const end = this.claim(octets);
    this.#bytes.copyWithin(from + octets, from, end);
  }

  /** Appends octets as they are. */
  raw(bytes: Uint8Array): void {
    const at = this.claim(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Appends one octet, the lowest of `value`. */
  putOctet(value: number): void {
    if (this.#at === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  /** Appends the lowest 1, 2 or 4 octets of `value`; negative ones in two's complement. */
  putInteger(value: number, octets: number): void {
    const at = this.claim(octets);
    const bytes = this.#bytes;
    if (octets === 4) {
      bytes[at] = value >>> 24;
      bytes[at + 1] = value >>> 16;
    }
    if (octets >= 2) bytes[at + octets - 2] = value >>> 8;
    bytes[at + octets - 1] = value;
  }

  /** Appends the lowest 1 or 8 octets of `value`; negative ones in two's complement. */
  putBigInteger(value: bigint, octets: number): void {
    const at = this.claim(octets);
    if (octets === 1) this.#bytes[at] = Number(BigInt.asUintN(8, value));
    else this.#view.setBigUint64(at, BigInt.asUintN(64, value));
  }

  /** Appends a floating point number of 4 or 8 octets. */
  putFloat(value: number, octets: number): void {
    const at = this.claim(octets);
    if (octets === 4) this.#view.setFloat32(at, value);
    else this.#view.setFloat64(at, value);
  }

  /** Appends a text as UTF-8 and returns how many octets that took. */
  putText(value: string): number {
    const at = this.#reserve(textCapacity(value));
    const octets = encodeText(value, this.#bytes, at);
    this.#at = at + octets;
    return octets;
  }

  /** Overwrites the octet at the offset `at`. */
  patchOctet(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** Overwrites four octets at the offset `at`. */
  patchUint32(at: number, value: number): void {
    this.#view.setUint32(at, value);
  }

  /** Makes sure that `octets` more fit, and returns where they start. */
  #reserve(octets: number): number {
    const needed = this.#at + octets;
    if (needed > this.#bytes.length) this.#resize(Math.max(needed, this.#bytes.length * 2));
    return this.#at;
  }

  #resize(octets: number): void {
    const resized = new Uint8Array(octets);
    resized.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = resized;
    this.#view = new DataView(resized.buffer);
  }
}
