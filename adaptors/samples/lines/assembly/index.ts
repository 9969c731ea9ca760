/**
 * A protocol of lines: each line that a client sends is a request, and one line answers it.
 *
 * At the listener's end a line becomes a message to the routing key, so each is balanced by itself, and the answer goes to the
 * client. At the connector's end the message is written to the server, whose next line is the answer. One request is under way
 * at a time, which keeps the answers in order; what a client has sent ahead stays in its socket meanwhile.
 */

import { CAPACITY, INPUT } from "tendril/buffers";
import {
  ABORT_RELEASED,
  ERROR_MALFORMED,
  FLAG_EOF,
  HEADER_SIZE,
  KIND_MSG_ABORT,
  KIND_MSG_BEGIN,
  KIND_MSG_DATA,
  KIND_MSG_END,
  LIMIT,
  MALFORMED,
  OK,
  ROLE_CONNECTOR,
  ROLE_LISTENER,
  SIDE_SOCKET,
  SIDE_STREAM,
  STATE,
  UNSUPPORTED,
} from "tendril/constants";
import { describeAs } from "tendril/describe";
import { emitBytes, emitClose, emitData, emitEnd, emitError } from "tendril/emit";
import { startBegin } from "tendril/head_writer";
import {
  nextRecord,
  recordFlags,
  recordKind,
  recordLength,
  recordPayload,
  recordStream,
  startRecords,
} from "tendril/reader";
import { copyAscii } from "tendril/text";
import { askForRoom, finishRecord, room } from "tendril/writer";

export { drain, in_cap, in_ptr, out_cap, out_ptr, tendril_abi_1, tendril_abi_1_1 } from "tendril/abi";

const CONTENT_TYPE = "text/plain";
const LINE_FEED: u8 = 10;

/** Octets of the longest line, line feed included. */
const MAX_LINE: u32 = 4096;
/** What is there of a line. */
const LINE: usize = memory.data(4096);
/** Octets of what any record but data may lead to. */
const ROOM_FOR_THE_REST: u32 = 256;
/** How long a connection to the server may stay without a request, in ms. */
const IDLE_MS: f64 = 30000;

let opened: bool = false;
/** The connection is over: what still comes is not looked at. */
let ended: bool = false;
let isListener: bool = false;
/** Octets in `LINE`. */
let used: u32 = 0;
/** A request is under way. */
let busy: bool = false;
/** The last stream that this end has begun, or, at a connector, was told of. */
let stream: u32 = 0;
/** The client has said all it had to say. */
let clientDone: bool = false;
/** When the connection was last in use, as far as `tick` knows. */
let usedAt: f64 = 0;

export function describe(): i64 {
  return describeAs(
    '{"name":"lines","version":"0.1.0","protocol":"lines","roles":["listener","connector"],"messages":"many"}',
  );
}

export function open(role: i32, length: i32): i32 {
  if (opened || ended) return STATE;
  if (<u32> length > CAPACITY) return LIMIT;
  if (role != ROLE_LISTENER && role != ROLE_CONNECTOR) return UNSUPPORTED;
  isListener = role == ROLE_LISTENER;
  opened = true;
  return OK;
}

export function feed(side: i32, length: i32, flags: i32): i32 {
  if (<u32> length > CAPACITY) return LIMIT;
  if (side != SIDE_SOCKET && side != SIDE_STREAM) return UNSUPPORTED;
  if (!opened) return STATE;
  if (side == SIDE_STREAM) return feedRecords(length);
  if (ended) return length;
  return isListener ? fromClient(length, flags) : fromServer(length, flags);
}

export function tick(now: f64): f64 {
  if (!opened) return <f64> STATE;
  if (busy || usedAt == 0) usedAt = now;
  if (!isListener && !ended && now - usedAt > IDLE_MS) finish("");
  return 0;
}

export function close(): void {
  opened = false;
  ended = true;
}

/** Takes octets up to the end of a line. Those behind it have to wait for the answer. */
function fromClient(length: u32, flags: i32): i32 {
  const taken = busy ? 0 : takeLine(length);
  if (taken < 0) return length;
  if (lineIsComplete()) {
    stream = stream == 0 ? 1 : stream + 2;
    busy = true;
    passOn(stream);
  }
  if ((flags & FLAG_EOF) != 0 && <u32> taken == length) {
    clientDone = true;
    if (!busy) finish("");
  }
  return taken;
}

/** Takes octets of the answer; a server that speaks unasked, or leaves without an answer, is of no use. */
function fromServer(length: u32, flags: i32): i32 {
  if (!busy && length != 0) fail("the server spoke without being asked");
  else if (takeLine(length) >= 0 && lineIsComplete()) {
    busy = false;
    passOn(stream + 1);
  }
  if ((flags & FLAG_EOF) != 0 && !ended) finish(busy ? "the server left without an answer" : "");
  return length;
}

/** Gathers octets of the input up to a line feed; how many were taken, or -1 when the line is too long. */
function takeLine(length: u32): i32 {
  let at: u32 = 0;
  while (at < length) {
    if (used == MAX_LINE) {
      fail("a line is too long");
      return -1;
    }
    const octet = load<u8>(INPUT + at++);
    store<u8>(LINE + used++, octet);
    if (octet == LINE_FEED) break;
  }
  return at;
}

function lineIsComplete(): bool {
  return used > 0 && load<u8>(LINE + used - 1) == LINE_FEED;
}

/** The line as a message. It fits: nothing else was written since the last `drain`. */
function passOn(own: u32): void {
  startBegin(own, CONTENT_TYPE);
  finishRecord();
  emitData(own, LINE, used);
  emitEnd(own);
  used = 0;
}

function feedRecords(length: u32): i32 {
  startRecords(length);
  while (true) {
    const read = nextRecord();
    if (read == 0) return length;
    if (read < 0) return MALFORMED;
    if (ended) continue;
    // No room for what the record leads to: it has to come again, when the host has emptied the buffer.
    if (room() < (recordKind == KIND_MSG_DATA ? recordLength : ROOM_FOR_THE_REST)) {
      askForRoom();
      return <i32> (recordPayload - HEADER_SIZE - INPUT);
    }
    const status = isListener ? answered() : asked();
    if (status < 0) return status;
  }
}

/** What becomes of the client's request. */
function answered(): i32 {
  if (recordKind == KIND_MSG_DATA) {
    if (recordStream != stream + 1 || !busy) return STATE;
    emitBytes(recordPayload, recordLength);
  } else if (recordKind == KIND_MSG_END) {
    if (recordStream != stream + 1 || !busy) return STATE;
    next();
  } else if (recordKind == KIND_MSG_ABORT) {
    if (!busy) return OK;
    if (recordStream != stream) fail("the answer was cut off");
    else if (recordFlags == ABORT_RELEASED) refuse("error: nobody is there to answer\n");
    else refuse("error: the request may have been lost\n");
  }
  return OK;
}

/** Answers in the server's place. */
function refuse(text: string): void {
  copyAscii(LINE, text);
  emitBytes(LINE, text.length);
  next();
}

function next(): void {
  busy = false;
  if (clientDone) finish("");
}

/** What the network wants of the server. */
function asked(): i32 {
  if (recordKind == KIND_MSG_BEGIN) {
    if (busy) return STATE;
    busy = true;
    stream = recordStream;
  } else if (recordKind == KIND_MSG_DATA) {
    if (recordStream != stream || !busy) return STATE;
    emitBytes(recordPayload, recordLength);
  } else if (recordKind == KIND_MSG_ABORT && busy) {
    // The answer may come yet: the connection must not be used for another request.
    finish("the request was given up");
  }
  return OK;
}

function fail(text: string): void {
  emitError(ERROR_MALFORMED, text);
  finish(text);
}

function finish(text: string): void {
  emitClose(text);
  ended = true;
}
