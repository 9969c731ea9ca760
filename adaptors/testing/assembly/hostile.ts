/**
 * An adaptor that gives socket octets back until one of them, the first of its piece, tells it how to do harm:
 *
 * L loops for ever, R calls itself for ever, U traps, O loads out of bounds, G grows its memory for ever, H answers without
 * end, Y claims to have taken more than it was offered, D claims more output than its buffer holds, W writes a record that
 * claims to be longer than it is, N answers with noise, T traps at its tenth call from now on, C traps when it is closed,
 * S takes one octet at a time. Two keep every rule, and cost as much as that allows: B computes for nearly as long as it
 * may, A answers nearly as much as it may.
 */

import { CAPACITY, INPUT, OUTPUT } from "../../sdk/assembly/buffers";
import { KIND_BYTES, SIDE_SOCKET } from "../../sdk/assembly/constants";
import { describeAs } from "../../sdk/assembly/describe";
import { emitBytes, emitClose } from "../../sdk/assembly/emit";
import { drain as drainRecords } from "../../sdk/assembly/writer";

export { in_cap, in_ptr, out_cap, out_ptr, tendril_abi_1 } from "../../sdk/assembly/abi";

/** Flag of `feed`. */
const SOCKET_ENDED: i32 = 1;
const PIECE: u32 = 8000;
const CALLS_BEFORE_TRAP: u32 = 10;
/** Turns of a loop that take most of the fuel for one input. */
const BUSY_TURNS: u32 = 2_000_000;
/** Octets of output that are most of what one input may cause. */
const LOUD_OCTETS: u32 = 250_000;

/** The harm that is done from now on; 0 for none. */
let harm: u8 = 0;
let calls: u32 = 0;
let noise: u32 = 1;
/** Octets that `drain` claims, whatever was written. */
let claim: u32 = 0;
/** Octets of records that `drain` is still to make up. */
let loud: u32 = 0;

export function describe(): i64 {
  return describeAs('{"name":"hostile","version":"0.1.0","protocol":"none","roles":["listener","connector"]}');
}

export function open(_role: i32, _length: i32): i32 {
  return 0;
}

export function feed(side: i32, length: i32, flags: i32): i32 {
  if (side != SIDE_SOCKET) return length;
  if (length == 0) {
    if ((flags & SOCKET_ENDED) != 0) emitClose("");
    return 0;
  }
  if (harm == 0) harm = harmOf(load<u8>(INPUT));
  switch (harm) {
    case 0x4c: // L
      while (true) noise = noise * 1664525 + 1013904223;
    case 0x52: // R
      return recurse(length);
    case 0x55: // U
      return unreachable();
    case 0x4f: // O
      return load<i32>(<usize> length - 4096);
    case 0x47: // G
      while (true) memory.grow(1);
    case 0x48: // H
      claim = CAPACITY & ~3;
      return length;
    case 0x59: // Y
      return length + 1;
    case 0x44: // D
      claim = 0x7ffffff0;
      return length;
    case 0x57: // W
      store<u32>(OUTPUT, KIND_BYTES);
      store<u32>(OUTPUT, 0, 4);
      store<u32>(OUTPUT, 0x7ffffff0, 8);
      claim = 16;
      return length;
    case 0x4e: // N
      for (let at: u32 = 0; at < 1024; at++) store<u8>(OUTPUT + at, random());
      claim = 1024;
      return length;
    case 0x54: // T
      if (++calls == CALLS_BEFORE_TRAP) unreachable();
      break;
    case 0x42: // B
      for (let turn: u32 = 0; turn < BUSY_TURNS; turn++) noise = noise * 1664525 + 1013904223;
      break;
    case 0x41: // A
      loud = LOUD_OCTETS;
      return length;
    case 0x53: // S
      return emitBytes(INPUT, 1) ? 1 : 0;
    default:
      break;
  }
  const taken = min(<u32> length, PIECE);
  return emitBytes(INPUT, taken) ? taken : 0;
}

export function drain(): i32 {
  if (harm == 0x48) {
    fill(claim);
    return claim | 1;
  }
  if (loud > 0) {
    const octets = min(loud, CAPACITY) & ~4095;
    fill(octets);
    loud = loud - octets >= 4096 ? loud - octets : 0;
    return octets | (loud > 0 ? 1 : 0);
  }
  const result = claim;
  claim = 0;
  return result > 0 ? result : drainRecords();
}

export function tick(_now: f64): f64 {
  return 0;
}

export function close(): void {
  if (harm == 0x43) unreachable(); // C
}

/** Fills so many octets of the output, a multiple of 4096, with octets for the socket. */
function fill(octets: u32): void {
  for (let at: u32 = 0; at < octets; at += 4096) {
    store<u32>(OUTPUT + at, KIND_BYTES);
    store<u32>(OUTPUT + at, 0, 4);
    store<u32>(OUTPUT + at, 4084, 8);
  }
}

function harmOf(octet: u8): u8 {
  return octet >= 0x41 && octet <= 0x5a ? octet : 0;
}

function recurse(depth: i32): i32 {
  store<i32>(OUTPUT, depth);
  return recurse(depth + 1) + load<i32>(OUTPUT);
}

function random(): u8 {
  noise = noise * 1664525 + 1013904223;
  return <u8> (noise >> 24);
}
