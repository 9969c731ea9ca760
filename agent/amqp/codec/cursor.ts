/**
 * Takes octets, numbers and texts from a window of bytes, never beyond its end. What they mean is the reader's
 * business.
 */

import { ProtocolError } from "../protocol_error.ts";
import { decodeText } from "./text.ts";

/** Nesting of lists, maps, arrays and described values that is followed; real messages stay below ten. */
export const MAX_DEPTH = 32;
const NOTHING = new Uint8Array(0);

/** A position in a window of bytes. Every failure is a ProtocolError, after which it must not be used again. */
export class Cursor {
  readonly #bytes: Uint8Array;
  #view: DataView | undefined;
  #at: number;
  #end: number;
  #depth = 0;

  /** Reads from `start` up to, not including, `end`; an end behind `bytes` counts as theirs. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = Math.min(end, bytes.length);
  }

  /** Where the next octet is taken. */
  get offset(): number {
    return this.#at;
  }

  /** Where the window ends. */
  get end(): number {
    return this.#end;
  }

  /** True while octets are left. */
  get hasMore(): boolean {
    return this.#at < this.#end;
  }

  /** Lets the window end after `size` octets, until {@link Cursor.leaveWindow}. */
  enterWindow(size: number): void {
    const end = this.#at + size;
    if (end > this.#end) throw broken("value exceeds what encloses it");
    this.#end = end;
    this.enter();
  }

  /** Goes back to the window that ends at `outerEnd`; the inner one must be used up. */
  leaveWindow(outerEnd: number): void {
    if (this.#at !== this.#end) throw broken("compound value does not fill its size");
    this.#end = outerEnd;
    this.leave();
  }

  /** Goes one level deeper. */
  enter(): void {
    if (++this.#depth > MAX_DEPTH) throw broken(`nested deeper than ${MAX_DEPTH}`);
  }

  /** Comes one level back. */
  leave(): void {
    this.#depth--;
  }

  /** The octet `ahead` of the next one, or -1 where the window ends before it. */
  peek(ahead: number): number {
    const at = this.#at + ahead;
    return at < this.#end ? this.#bytes[at] : -1;
  }

  /** Passes over `octets` and returns where they start. */
  take(octets: number): number {
    const at = this.#at;
    if (at + octets > this.#end) throw broken("value ends too early");
    this.#at = at + octets;
    return at;
  }

  /** An unsigned number of one octet. */
  takeOctet(): number {
    const at = this.#at;
    if (at >= this.#end) throw broken("value ends too early");
    this.#at = at + 1;
    return this.#bytes[at];
  }

  /** An unsigned number of two octets. */
  takeUint16(): number {
    const at = this.take(2);
    return this.#bytes[at] << 8 | this.#bytes[at + 1];
  }

  /** An unsigned number of four octets. */
  takeUint32(): number {
    const at = this.take(4);
    const bytes = this.#bytes;
    return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
  }

  /** An unsigned number of eight octets. */
  takeUint64(): bigint {
    return this.#data().getBigUint64(this.take(8));
  }

  /** A signed number of eight octets. */
  takeInt64(): bigint {
    return this.#data().getBigInt64(this.take(8));
  }

  /** A floating point number of four octets. */
  takeFloat(): number {
    return this.#data().getFloat32(this.take(4));
  }

  /** A floating point number of eight octets. */
  takeDouble(): number {
    return this.#data().getFloat64(this.take(8));
  }

  /** A copy of `length` octets. */
  takeOctets(length: number): Uint8Array {
    // Two octets may ask for an empty one, which would take hundreds.
    if (length === 0) return NOTHING;
    const at = this.take(length);
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  /** The text in `length` octets. */
  takeText(length: number): string {
    const text = decodeText(this.#bytes, this.take(length), length);
    if (text === undefined) throw broken("text is not UTF-8");
    return text;
  }

  #data(): DataView {
    const bytes = this.#bytes;
    return this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

/** Reports bytes that are not what AMQP allows. */
export function broken(what: string): ProtocolError {
  return new ProtocolError("amqp:decode-error", what);
}
