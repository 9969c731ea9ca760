/**
 * The TCP adaptor: one TCP connection = two streams of raw octets, in the form of skupper-router 3.x.
 *
 * It only agrees on the two message heads; then both directions bypass it for good. Half-close, reset and the flow
 * window are properties of a splice and therefore the host's business.
 */

import { CAPACITY } from "../../sdk/assembly/buffers";
import {
  ERROR_UNSUITABLE,
  FOR_GOOD,
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
  SPLICE_SOCKET_TO_STREAM,
  SPLICE_STREAM_TO_SOCKET,
  STATE,
  UNSUPPORTED,
} from "../../sdk/assembly/constants";
import { describeAs } from "../../sdk/assembly/describe";
import { emitClose, emitError, emitSplice } from "../../sdk/assembly/emit";
import { entryValue, entryValueLength, isContentType, nextEntry, startEntries } from "../../sdk/assembly/head_reader";
import { putUintProperty, startBegin } from "../../sdk/assembly/head_writer";
import {
  nextRecord,
  recordKind,
  recordLength,
  recordPayload,
  recordStream,
  startRecords,
} from "../../sdk/assembly/reader";
import { equalsAscii } from "../../sdk/assembly/text";
import { finishRecord } from "../../sdk/assembly/writer";

export { drain, in_cap, in_ptr, out_cap, out_ptr, tendril_abi_1 } from "../../sdk/assembly/abi";

const CONTENT_TYPE = "application/octet-stream";
const CLIENT_STREAM: u32 = 1;
const SERVER_STREAM: u32 = 2;

const UNOPENED: u8 = 0;
/** The peer's head has not come yet. */
const WAITING: u8 = 1;
const SPLICED: u8 = 2;
const CLOSED: u8 = 3;

/** UNOPENED; written as a literal because any other initial value makes the compiler add start-up code. */
let state: u8 = 0;
/** The stream this end writes, and the one it reads. */
let own: u32 = 0;
let peer: u32 = 0;

export function describe(): i64 {
  return describeAs(
    '{"name":"tcp","version":"1.0.0","protocol":"tcp","roles":["listener","connector"],"reads_socket":false}',
  );
}

export function open(role: i32, length: i32): i32 {
  if (state != UNOPENED) return STATE;
  if (<u32> length > CAPACITY) return LIMIT;
  // There is nothing to configure, so a setting can only be a mistake.
  if (length != 0) return UNSUPPORTED;
  if (role == ROLE_LISTENER) {
    own = CLIENT_STREAM;
    peer = SERVER_STREAM;
    beginOwn();
  } else if (role == ROLE_CONNECTOR) {
    own = SERVER_STREAM;
    peer = CLIENT_STREAM;
  } else {
    return UNSUPPORTED;
  }
  state = WAITING;
  return OK;
}

export function feed(side: i32, length: i32, _flags: i32): i32 {
  if (<u32> length > CAPACITY) return LIMIT;
  if (side != SIDE_SOCKET && side != SIDE_STREAM) return UNSUPPORTED;
  if (state == UNOPENED || state == CLOSED) return STATE;
  return side == SIDE_SOCKET ? feedSocket() : feedRecords(length);
}

export function tick(_now: f64): f64 {
  return state == UNOPENED || state == CLOSED ? <f64> STATE : 0;
}

export function close(): void {
  state = CLOSED;
}

/** The socket's octets, and its end, stay with the host until the splice takes them. */
function feedSocket(): i32 {
  return state == WAITING ? 0 : STATE;
}

function feedRecords(length: u32): i32 {
  startRecords(length);
  while (true) {
    const read = nextRecord();
    if (read == 0) return length;
    if (read < 0) return read;
    const status = takeRecord();
    if (status < 0) return status;
    if (state == CLOSED) return length;
  }
}

function takeRecord(): i32 {
  switch (recordKind) {
    case KIND_MSG_BEGIN:
      return state == WAITING && recordStream == peer ? takeHead() : STATE;
    case KIND_MSG_ABORT:
      // Only an open stream can be aborted; here that is the listener's own, which found no taker.
      if (state != WAITING || recordStream != own || own != CLIENT_STREAM) return STATE;
      finish("stream aborted");
      return OK;
    case KIND_MSG_DATA:
    case KIND_MSG_END:
      return STATE;
    default:
      return OK;
  }
}

function takeHead(): i32 {
  let suitable = false;
  startEntries(recordPayload, recordLength);
  while (true) {
    const read = nextEntry();
    if (read < 0) return MALFORMED;
    if (read == 0) break;
    if (isContentType()) suitable = equalsAscii(entryValue, entryValueLength, CONTENT_TYPE);
  }
  if (!suitable) {
    emitError(ERROR_UNSUITABLE, "content-type is not application/octet-stream");
    finish("not a TCP stream");
    return OK;
  }
  if (own == SERVER_STREAM) beginOwn();
  emitSplice(SPLICE_SOCKET_TO_STREAM, own, FOR_GOOD);
  emitSplice(SPLICE_STREAM_TO_SOCKET, peer, FOR_GOOD);
  state = SPLICED;
  return OK;
}

/** Opens this end's stream. `V` is the version of the stream format; no router looks at it, all send it. */
function beginOwn(): void {
  startBegin(own, CONTENT_TYPE);
  putUintProperty("V", 1);
  finishRecord();
}

function finish(text: string): void {
  emitClose(text);
  state = CLOSED;
}
