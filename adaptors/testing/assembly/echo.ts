/**
 * A well-behaved adaptor that answers everything with itself: it puts the SDK's reader and writer to the test.
 *
 * Socket octets come back as socket octets. A client stream n is answered by stream n + 1 with the same head, data and end. It asks
 * to be called again at the next full second. It has top-level code, so it also shows `_initialize`.
 */

import { CAPACITY, INPUT } from "../../sdk/assembly/buffers";
import {
  KIND_MSG_ABORT,
  KIND_MSG_BEGIN,
  KIND_MSG_DATA,
  KIND_MSG_END,
  LIMIT,
  MALFORMED,
  OK,
  SIDE_SOCKET,
  SIDE_STREAM,
  STATE,
  UNSUPPORTED,
} from "../../sdk/assembly/constants";
import { describeAs } from "../../sdk/assembly/describe";
import { emitAbort, emitBytes, emitData, emitEnd } from "../../sdk/assembly/emit";
import {
  entryKey,
  entryKeyLength,
  entryScope,
  entryType,
  entryValue,
  entryValueLength,
  nextEntry,
  startEntries,
} from "../../sdk/assembly/head_reader";
import {
  nextRecord,
  recordKind,
  recordLength,
  recordPayload,
  recordStream,
  startRecords,
} from "../../sdk/assembly/reader";
import { finishRecord, putBytes, putU16, putU32, putU8, startRecord } from "../../sdk/assembly/writer";

export { drain, in_cap, in_ptr, out_cap, out_ptr, tendril_abi_1 } from "../../sdk/assembly/abi";

const PIECE: u32 = 8000;

let opened = false;
let closed = false;
const started = isStarted();

function isStarted(): bool {
  return load<u8>(INPUT) == 0;
}

export function describe(): i64 {
  return describeAs('{"name":"echo","version":"0.1.0","protocol":"none","roles":["listener","connector"]}');
}

export function open(role: i32, length: i32): i32 {
  if (opened || closed || !started) return STATE;
  if (<u32> length > CAPACITY) return LIMIT;
  if (<u32> role > 1) return UNSUPPORTED;
  opened = true;
  return OK;
}

export function feed(side: i32, length: i32, _flags: i32): i32 {
  if (<u32> length > CAPACITY) return LIMIT;
  if (!opened) return STATE;
  if (side == SIDE_SOCKET) return feedSocket(length);
  return side == SIDE_STREAM ? feedRecords(length) : UNSUPPORTED;
}

export function tick(now: f64): f64 {
  return opened ? Math.floor(now / 1000) * 1000 + 1000 : <f64> STATE;
}

export function close(): void {
  opened = false;
  closed = true;
}

function feedSocket(length: u32): i32 {
  let consumed: u32 = 0;
  while (consumed < length) {
    const piece = min(length - consumed, PIECE);
    if (!emitBytes(INPUT + consumed, piece)) break;
    consumed += piece;
  }
  return consumed;
}

function feedRecords(length: u32): i32 {
  startRecords(length);
  while (true) {
    const read = nextRecord();
    if (read < 0) return read;
    if (read == 0) return length;
    const at = <i32> (recordPayload - INPUT) - 12;
    const status = answer();
    if (status < 0) return status;
    // Output full: this record has to come again.
    if (status > 0) return at;
  }
}

/** 0 for answered, 1 for no room. */
function answer(): i32 {
  if (recordKind == KIND_MSG_BEGIN) return answerHead();
  let fits = true;
  if (recordKind == KIND_MSG_DATA) fits = emitData(recordStream + 1, recordPayload, recordLength);
  else if (recordKind == KIND_MSG_END) fits = emitEnd(recordStream + 1);
  else if (recordKind == KIND_MSG_ABORT && (recordStream & 1) == 1) fits = emitAbort(recordStream + 1);
  return fits ? 0 : 1;
}

function answerHead(): i32 {
  startEntries(recordPayload, recordLength);
  startRecord(KIND_MSG_BEGIN, 0, recordStream + 1);
  while (true) {
    const read = nextEntry();
    if (read < 0) return MALFORMED;
    if (read == 0) return finishRecord() ? 0 : 1;
    putU8(entryScope);
    putU8(entryType);
    putU16(<u16> entryKeyLength);
    putU32(entryValueLength);
    putBytes(entryKey, entryKeyLength);
    putBytes(entryValue, entryValueLength);
  }
}
