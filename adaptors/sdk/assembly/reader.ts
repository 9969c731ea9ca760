/** Reads the records of a `feed(SIDE_STREAM, …)` from the input buffer, one after the other. */

import { INPUT } from "./buffers";
import { HEADER_SIZE, MALFORMED } from "./constants";

let position: u32 = 0;
let end: u32 = 0;

/** The record that `nextRecord` read last. */
export let recordKind: u8 = 0;
export let recordFlags: u8 = 0;
export let recordStream: u32 = 0;
/** Address of its payload. */
export let recordPayload: usize = 0;
/** Octets in its payload. */
export let recordLength: u32 = 0;

/** Starts over with `length` octets of input; the caller has checked them against the capacity. */
export function startRecords(length: u32): void {
  position = 0;
  end = length;
}

/** Reads the next record: 1 if there was one, 0 at the end, MALFORMED if it is cut short. */
export function nextRecord(): i32 {
  const left = end - position;
  if (left == 0) return 0;
  if (left < HEADER_SIZE) return MALFORMED;
  const at = INPUT + position;
  const length = load<u32>(at, 8);
  if (length > left - HEADER_SIZE) return MALFORMED;
  const padded = (length + 3) & ~3;
  if (padded > left - HEADER_SIZE) return MALFORMED;
  recordKind = load<u8>(at);
  recordFlags = load<u8>(at, 1);
  recordStream = load<u32>(at, 4);
  recordPayload = at + HEADER_SIZE;
  recordLength = length;
  position += HEADER_SIZE + padded;
  return 1;
}
