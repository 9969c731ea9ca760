/**
 * The frame around everything that crosses the ABI: kind u8, flags u8, reserved u16, stream u32, length u32, payload,
 * zeros up to a multiple of 4; all little-endian.
 *
 * Reading accepts exactly what writing makes, so reserved bits and padding cannot carry anything. Nothing here allocates,
 * and nothing reads or writes outside of the array it was given.
 */

import { shortAscii } from "../lib/known_texts.ts";
import { copyOf } from "../lib/short_copies.ts";
import { recordHeaderSize } from "./abi.ts";
import { AdaptorError } from "./adaptor_error.ts";

/** Walks over the records in an array. */
export class RecordReader {
  readonly #bytes: Uint8Array;
  #next = 0;
  /** Kind of the current record. */
  kind = 0;
  /** Flags of the current record. */
  flags = 0;
  /** Stream of the current record, 0 for none. */
  stream = 0;
  /** Where the payload of the current record starts. */
  start = 0;
  /** Where the payload of the current record ends. */
  end = 0;

  /** Starts before the first record of `bytes`. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Steps to the next record; false at the end. Throws ADAPTOR_RECORD if what follows is no record. */
  next(): boolean {
    const bytes = this.#bytes;
    const at = this.#next;
    const left = bytes.length - at;
    if (left === 0) return false;
    if (left < recordHeaderSize) throw badRecord(at, "is cut short");
    const length = readU32(bytes, at + 8);
    const padded = recordHeaderSize + length + (-length & 3);
    if (padded > left) throw badRecord(at, `has a length of ${length} with ${left - recordHeaderSize} octets left`);
    if (bytes[at + 2] !== 0 || bytes[at + 3] !== 0) throw badRecord(at, "has reserved bits set");
    this.kind = bytes[at]!;
    this.flags = bytes[at + 1]!;
    this.stream = readU32(bytes, at + 4);
    this.start = at + recordHeaderSize;
    this.end = this.start + length;
    this.#next = at + padded;
    for (let i = this.end; i < this.#next; i++) {
      if (bytes[i] !== 0) throw badRecord(at, "has padding that is not zero");
    }
    return true;
  }

  /** Octets of the current payload. */
  get length(): number {
    return this.end - this.start;
  }

  /** The current payload as a view, or copied. */
  payload(copied = false): Uint8Array {
    return copied ? copyOf(this.#bytes, this.start, this.end) : this.#bytes.subarray(this.start, this.end);
  }

  /** The number of four octets at `at` of the current payload; the caller has checked its length. */
  u32(at: number): number {
    return readU32(this.#bytes, this.start + at);
  }

  /** An ADAPTOR_RECORD error about the current record. */
  fault(what: string): AdaptorError {
    return badRecord(this.start - recordHeaderSize, what);
  }
}

/**
 * Writes the header of a record at `at` and the padding behind its payload, which the caller has put (or puts) at
 * `at + recordHeaderSize`. Returns where the next record goes. The caller has made sure of the room with {@link recordSize}.
 */
export function writeFrame(
  target: Uint8Array,
  at: number,
  kind: number,
  flags: number,
  stream: number,
  length: number,
): number {
  target[at] = kind;
  target[at + 1] = flags;
  target[at + 2] = 0;
  target[at + 3] = 0;
  writeU32(target, at + 4, stream);
  writeU32(target, at + 8, length);
  const end = at + recordHeaderSize + length;
  const next = at + recordSize(length);
  for (let pad = end; pad < next; pad++) target[pad] = 0;
  return next;
}

/** Octets of a record with a payload of `length` octets. */
export function recordSize(length: number): number {
  return recordHeaderSize + length + (-length & 3);
}

/** Reads a little-endian u32; the caller has checked the bounds. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0;
}

/** Writes a little-endian u32; the caller has checked the bounds. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Decodes the UTF-8 text from `start` to `end`; `fault` makes the error for octets that are none. */
export function readText(bytes: Uint8Array, start: number, end: number, fault: (what: string) => AdaptorError): string {
  const short = shortAscii(bytes, start, end);
  if (short !== undefined) return short;
  try {
    return utf8.decode(bytes.subarray(start, end));
  } catch (cause) {
    if (cause instanceof TypeError) throw fault("holds text that is not UTF-8");
    throw cause;
  }
}

/**
 * Writes text at `at`, where there are three octets of room for each of its characters, and returns how many it took. Refuses
 * lone surrogates rather than replacing them. Throws ADAPTOR_EVENT.
 */
export function putText(target: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) {
      target[at + i] = code;
      continue;
    }
    const octets = encodeText(text);
    target.set(octets, at);
    return octets.length;
  }
  return text.length;
}

/** Encodes text, refusing lone surrogates rather than replacing them. Throws ADAPTOR_EVENT. */
export function encodeText(text: string): Uint8Array {
  if (!text.isWellFormed()) {
    throw new AdaptorError("ADAPTOR_EVENT", "a text for the adaptor is not well-formed Unicode");
  }
  return encoder.encode(text);
}

// A byte order mark is kept: what is read is what was written.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

function badRecord(at: number, what: string): AdaptorError {
  return new AdaptorError("ADAPTOR_RECORD", `the record at octet ${at} ${what}`);
}
