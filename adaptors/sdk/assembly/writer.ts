/**
 * Writes records to the output buffer, one at a time and whole or not at all.
 *
 * `startRecord`, any number of `put…`, `finishRecord`. When the buffer is too full for the record, `finishRecord` takes
 * it back and returns false; the adaptor then stops taking input, and the host empties the buffer and calls again.
 */

import { CAPACITY, OUTPUT } from "./buffers";
import { HEADER_SIZE, MORE } from "./constants";
import { copyAscii } from "./text";

/** Octets of finished records. */
let used: u32 = 0;
/** Where the next octet of the open record goes. */
let cursor: u32 = 0;
/** The open record does not fit. */
let overflow: bool = false;
/** A record was taken back since the last drain. */
let more: bool = false;

/** The `drain` export: hands all finished records to the host and starts again with an empty buffer. */
export function drain(): i32 {
  const result = <i32> used | (more ? MORE : 0);
  used = 0;
  more = false;
  return result;
}

/** Octets of payload that a record may still have before the buffer is emptied. */
export function room(): u32 {
  return CAPACITY - used > HEADER_SIZE ? CAPACITY - used - HEADER_SIZE : 0;
}

/** Asks the host to empty the buffer and to call again with what was not taken. */
export function askForRoom(): void {
  more = true;
}

/** Opens a record. */
export function startRecord(kind: u8, flags: u8, stream: u32): void {
  cursor = used;
  overflow = false;
  const at = reserve(HEADER_SIZE);
  if (at == 0) return;
  store<u8>(at, kind);
  store<u8>(at, flags, 1);
  store<u16>(at, 0, 2);
  store<u32>(at, stream, 4);
}

/** Address of the payload of the open record. */
export function payloadStart(): usize {
  return OUTPUT + used + HEADER_SIZE;
}

/** Octets of the payload of the open record so far; 0 when it does not fit. */
export function payloadLength(): u32 {
  return overflow ? 0 : cursor - used - HEADER_SIZE;
}

/** Closes the open record; false if it did not fit and was taken back. */
export function finishRecord(): bool {
  if (overflow) {
    more = true;
    return false;
  }
  store<u32>(OUTPUT + used, cursor - used - HEADER_SIZE, 8);
  while (cursor & 3) store<u8>(OUTPUT + cursor++, 0);
  used = cursor;
  return true;
}

export function putU8(value: u8): void {
  const at = reserve(1);
  if (at) store<u8>(at, value);
}

export function putU16(value: u16): void {
  const at = reserve(2);
  if (at) store<u16>(at, value);
}

export function putU32(value: u32): void {
  const at = reserve(4);
  if (at) store<u32>(at, value);
}

export function putU64(value: u64): void {
  const at = reserve(8);
  if (at) store<u64>(at, value);
}

export function putF64(value: f64): void {
  const at = reserve(8);
  if (at) store<f64>(at, value);
}

export function putBytes(source: usize, length: u32): void {
  const at = reserve(length);
  if (at) memory.copy(at, source, length);
}

export function putAscii(text: string): void {
  const at = reserve(text.length);
  if (at) copyAscii(at, text);
}

/** Takes room in the open record: its address, or 0 when there is none. The capacity is a multiple of 4, so padding fits. */
function reserve(length: u32): usize {
  if (overflow || length > CAPACITY - cursor) {
    overflow = true;
    return 0;
  }
  const at = OUTPUT + cursor;
  cursor += length;
  return at;
}
