/**
 * The server's end: commands of many clients over the same connections, one stream after the other. A stream has a command, or
 * several of which each comes when the last has its reply; it is over when it is complete and all replies are there.
 */

import { INPUT } from "tendril/buffers";
import {
  FLAG_EOF,
  FOR_GOOD,
  KIND_MSG_ABORT,
  KIND_MSG_BEGIN,
  KIND_MSG_DATA,
  KIND_MSG_END,
  MALFORMED,
  OK,
  SPLICE_SOCKET_TO_STREAM,
  SPLICE_STREAM_TO_SOCKET,
  STATE,
} from "tendril/constants";
import { emitBytes, emitClose, emitData, emitEnd, emitSplice } from "tendril/emit";
import { entryValue, entryValueLength, isSubject, nextEntry, startEntries } from "tendril/head_reader";
import { startBegin } from "tendril/head_writer";
import { recordKind, recordLength, recordPayload, recordStream } from "tendril/reader";
import { equalsAscii } from "tendril/text";
import { askForRoom, finishRecord, room } from "tendril/writer";
import { Scanner } from "./scanner";

/** How long a connection may stay without a command, in ms. */
const IDLE_MS: f64 = 30000;
/** Octets for begin and end of an answer. */
const ROOM: u32 = 128;
const PUBSUB = "pubsub ";

let reply: Scanner = changetype<Scanner>(0);
let ended: bool = false;
let joined: bool = false;
/** A stream is under way, its last octet is here, a reply is to come, and has begun to. */
let busy: bool = false;
let complete: bool = false;
let awaiting: bool = false;
let replying: bool = false;
let stream: u32 = 0;
let usedAt: f64 = 0;

export function openConnector(): void {
  reply = new Scanner(false);
}

export function connectorIsEnding(): bool {
  return ended;
}

export function connectorTick(now: f64): void {
  if (busy || usedAt == 0) usedAt = now;
  if (now - usedAt > IDLE_MS) finish("");
}

export function connectorRecord(): i32 {
  switch (recordKind) {
    case KIND_MSG_BEGIN:
      return begin();
    case KIND_MSG_DATA:
      if (!busy || recordStream != stream) return STATE;
      awaiting = true;
      emitBytes(recordPayload, recordLength);
      return OK;
    case KIND_MSG_END:
      if (!busy || recordStream != stream) return STATE;
      complete = true;
      settle();
      return OK;
    case KIND_MSG_ABORT:
      // What the server has begun can't be taken back, and its reply would be taken for that of another command.
      if (busy) finish("the client is gone");
      return OK;
    default:
      return OK;
  }
}

function begin(): i32 {
  if (busy) return STATE;
  busy = true;
  complete = awaiting = replying = false;
  stream = recordStream;
  startEntries(recordPayload, recordLength);
  while (true) {
    const read = nextEntry();
    if (read < 0) return MALFORMED;
    if (read == 0) return OK;
    if (isSubject() && entryValueLength > <u32> PUBSUB.length && equalsAscii(entryValue, PUBSUB.length, PUBSUB)) join();
  }
}

/** From now on the server speaks with the client. */
function join(): void {
  joined = true;
  answer();
  emitSplice(SPLICE_STREAM_TO_SOCKET, stream, FOR_GOOD);
  emitSplice(SPLICE_SOCKET_TO_STREAM, stream + 1, FOR_GOOD);
}

function answer(): void {
  startBegin(stream + 1, "");
  finishRecord();
  replying = true;
}

export function connectorSocket(length: u32, flags: i32): i32 {
  if (joined) return STATE;
  let at: u32 = 0;
  while (at < length && !ended) {
    if (!awaiting) {
      finish("the server spoke without being asked");
      break;
    }
    if (room() < ROOM) {
      askForRoom();
      return at;
    }
    if (!replying) answer();
    const taken = reply.take(INPUT + at, min(length - at, room() - ROOM / 2));
    emitData(stream + 1, INPUT + at, taken);
    at += taken;
    if (reply.broken) finish("the server broke the protocol");
    else if (reply.done) {
      reply.next();
      awaiting = false;
      settle();
    }
  }
  if (ended) return length;
  if ((flags & FLAG_EOF) != 0 && at == length) finish(busy ? "the server left without a reply" : "");
  return at;
}

/** Ends the stream when all that was asked is answered. */
function settle(): void {
  if (!complete || awaiting) return;
  if (replying) emitEnd(stream + 1);
  else finish("there was no command");
  busy = false;
}

function finish(text: string): void {
  emitClose(text);
  ended = true;
}
