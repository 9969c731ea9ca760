/**
 * An adaptor that breaks the ABI on request: octet 0 of its configuration says how, the rest is what it plays with.
 *
 * The numbers below are repeated in the tests that use it.
 */

import { CAPACITY, INPUT, OUTPUT } from "../../sdk/assembly/buffers";
import { KIND_MSG_DATA } from "../../sdk/assembly/constants";
import { describeAs } from "../../sdk/assembly/describe";

export { in_cap, in_ptr, out_cap, out_ptr, tendril_abi_1 } from "../../sdk/assembly/abi";

/** The rest is the output of `open`, octet for octet; its length may be no multiple of 4. */
const PLAY_OUTPUT: u8 = 0;
/** The rest is an i32 that `drain` answers at every call. */
const DRAIN_ANSWER: u8 = 1;
/** The rest is an i32 that `feed` answers. */
const FEED_ANSWER: u8 = 2;
/** The rest is an i32 to be added to the offered length in the answer of `feed`. */
const FEED_DIFFERENCE: u8 = 3;
/** The rest is an f64 that `tick` answers; in the other modes it is how often `feed` was called. */
const TICK_ANSWER: u8 = 4;
/** `feed` runs into `unreachable`. */
const TRAP: u8 = 5;
/** `feed` calls itself without end. */
const RECURSE: u8 = 6;
/** `feed` loads from far outside of its memory. */
const OUT_OF_BOUNDS: u8 = 7;
/** `feed` detaches the host's views by growing memory by nothing, then plays the rest. */
const GROW: u8 = 8;
/** `feed` answers with the rest and MORE, and so does every `drain` from then on. */
const FLOOD: u8 = 9;
/** `feed` of the first data of a stream plays the rest. */
const ANSWER_DATA: u8 = 10;
/** `feed` of socket octets takes one and plays the rest. */
const ANSWER_SOCKET: u8 = 11;
/** `close` runs into `unreachable`. */
const TRAP_AT_CLOSE: u8 = 12;
/** The rest is an i32 that `open` answers. */
const OPEN_ANSWER: u8 = 13;

/** Copy of the configuration, out of the way of what is fed later. */
const SCRIPT: usize = memory.data(32768, 8);

let mode: u8 = 0;
let scriptLength: u32 = 0;
let pending: u32 = 0;
let feeds: u32 = 0;

export function describe(): i64 {
  return describeAs('{"name":"puppet","version":"0.1.0","protocol":"none","roles":["listener","connector"]}');
}

export function open(_role: i32, length: i32): i32 {
  mode = load<u8>(INPUT);
  scriptLength = length - 1;
  memory.copy(SCRIPT, INPUT + 1, scriptLength);
  if (mode == PLAY_OUTPUT) play();
  return mode == OPEN_ANSWER ? load<i32>(SCRIPT) : 0;
}

export function feed(side: i32, length: i32, _flags: i32): i32 {
  feeds++;
  switch (mode) {
    case FEED_ANSWER:
      return load<i32>(SCRIPT);
    case FEED_DIFFERENCE:
      return length + load<i32>(SCRIPT);
    case TRAP:
      return unreachable();
    case RECURSE:
      return recurse(length) + length;
    case OUT_OF_BOUNDS:
      return load<i32>(<usize> length - 4096);
    case GROW:
      memory.grow(0);
      play();
      return length;
    case FLOOD:
      play();
      return length;
    case ANSWER_DATA:
      if (side == 1 && load<u8>(INPUT) == KIND_MSG_DATA) playOnce();
      return length;
    case ANSWER_SOCKET:
      if (side == 0) play();
      return side == 0 ? min(length, 1) : length;
    default:
      return length;
  }
}

export function drain(): i32 {
  if (mode == DRAIN_ANSWER) return load<i32>(SCRIPT);
  if (mode == FLOOD && pending != 0) return pending | 1;
  const result = pending;
  pending = 0;
  return result;
}

export function tick(_now: f64): f64 {
  return mode == TICK_ANSWER ? load<f64>(SCRIPT) : feeds;
}

export function close(): void {
  if (mode == TRAP_AT_CLOSE) unreachable();
}

function play(): void {
  memory.copy(OUTPUT, SCRIPT, min(scriptLength, CAPACITY));
  pending = scriptLength;
}

function playOnce(): void {
  play();
  scriptLength = 0;
}

function recurse(depth: i32): i32 {
  store<i32>(OUTPUT, depth);
  return recurse(depth + 1) + load<i32>(OUTPUT);
}
