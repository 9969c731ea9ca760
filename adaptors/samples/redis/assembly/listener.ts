/**
 * The client's end. One command is under way at a time: what a client sends ahead stays in its socket until the reply is there, so
 * replies keep their order, and a command sees what those before it did, whichever server they went to.
 *
 * A command is a stream of its own. From WATCH or MULTI up to EXEC, DISCARD or UNWATCH commands share one, and so one connection
 * to one server. SUBSCRIBE joins the client with a connection to a server for good.
 */

import { INPUT } from "tendril/buffers";
import {
  ABORT_REJECTED,
  ABORT_RELEASED,
  FLAG_EOF,
  FOR_GOOD,
  KIND_MSG_ABORT,
  KIND_MSG_BEGIN,
  KIND_MSG_DATA,
  KIND_MSG_END,
  OK,
  SPLICE_SOCKET_TO_STREAM,
  SPLICE_STREAM_TO_SOCKET,
  STATE,
} from "tendril/constants";
import { emitBytes, emitClose, emitData, emitEnd, emitSplice } from "tendril/emit";
import { putSubject, startBegin } from "tendril/head_writer";
import { recordFlags, recordKind, recordLength, recordPayload, recordStream } from "tendril/reader";
import { copyAscii } from "tendril/text";
import { askForRoom, finishRecord, room } from "tendril/writer";
import {
  BEGINNING,
  beginningLength,
  classOf,
  forgetCommand,
  gather,
  isKnown,
  makeSubject,
  nameIs,
  PUBSUB,
  QUIT,
  READ,
  REFUSED,
  SUBJECT,
  subjectLength,
} from "./command";
import { Scanner } from "./scanner";

/** Octets for a begin with its subject, or for an answer of our own. */
const ROOM: u32 = 512;
const TEXT: usize = memory.data(128);

/** Nothing is under way; the beginning of a command may be. */
const GATHERING: u8 = 0;
/** The command goes to the network as it comes. */
const PASSING: u8 = 1;
/** The rest of the command is not looked at: it has its answer, `refusal`. */
const DROPPING: u8 = 2;
/** The command is complete. */
const WAITING: u8 = 3;
/** It joins the client with a server as soon as it is complete. */
const JOINING: u8 = 4;
const JOINED: u8 = 5;

let command: Scanner = changetype<Scanner>(0);
let reply: Scanner = changetype<Scanner>(0);
let mode: u8 = 0;
let ended: bool = false;
/** The last stream that was begun. */
let stream: u32 = 0;
/** The reply has begun to come. */
let replying: bool = false;
/** Commands share the stream; `inMulti` while they are queued. */
let inSession: bool = false;
let inMulti: bool = false;
/** The session ends with the command that is under way. */
let lastOfSession: bool = false;
let clientDone: bool = false;
let refusal: string = "";

export function openListener(): void {
  command = new Scanner(true);
  reply = new Scanner(false);
}

export function listenerIsEnding(): bool {
  return ended;
}

export function listenerSocket(length: u32, flags: i32): i32 {
  let at: u32 = 0;
  while (at < length && !ended && mode != WAITING && mode != JOINED) {
    if (room() < ROOM) {
      askForRoom();
      return at;
    }
    at += takeCommand(INPUT + at, length - at);
  }
  if (ended) return length;
  if ((flags & FLAG_EOF) != 0 && at == length) clientLeft();
  return at;
}

/** Takes octets of a command; at least one, as there is room. */
function takeCommand(at: usize, length: u32): u32 {
  let taken: u32 = 0;
  if (mode == GATHERING) {
    taken = gather(command, at, length);
    if (!command.broken && isKnown(command)) decide();
  } else {
    // What goes on has to fit behind what is written already, and its end behind it.
    taken = command.take(at, mode == DROPPING ? length : min(length, room() - ROOM / 2));
    if (mode != DROPPING) emitData(stream, at, taken);
  }
  if (command.broken) {
    say("-ERR Protocol error: a command is an array of bulk strings\r\n");
    finish("the client broke the protocol");
  } else if (command.done) {
    completed();
  }
  return taken;
}

/** The beginning of the command is known. */
function decide(): void {
  const kind = classOf();
  if (kind == QUIT) {
    say("+OK\r\n");
    finish("");
  } else if (kind == REFUSED || (kind == PUBSUB && inSession)) {
    refuse("-ERR not available here: the connections to the server are shared by all clients\r\n");
  } else {
    if (!inSession) {
      begin(kind);
      inSession = nameIs("MULTI") || nameIs("WATCH");
    }
    if (nameIs("MULTI")) inMulti = true;
    lastOfSession = inSession && (nameIs("EXEC") || nameIs("DISCARD") || (nameIs("UNWATCH") && !inMulti));
    emitData(stream, BEGINNING, beginningLength);
    mode = kind == PUBSUB ? JOINING : PASSING;
  }
}

function begin(kind: u8): void {
  stream = stream == 0 ? 1 : stream + 2;
  replying = false;
  makeSubject(kind);
  startBegin(stream, "");
  putSubject(SUBJECT, subjectLength);
  finishRecord();
}

function completed(): void {
  command.next();
  forgetCommand();
  if (mode == DROPPING) {
    say(refusal);
    next();
  } else if (mode == JOINING) {
    emitSplice(SPLICE_SOCKET_TO_STREAM, stream, FOR_GOOD);
    mode = JOINED;
  } else if (mode == PASSING) {
    if (!inSession || lastOfSession) emitEnd(stream);
    mode = WAITING;
  }
}

function clientLeft(): void {
  clientDone = true;
  if (mode == WAITING && !inSession) return;
  // A session that is not over, or a command that is not complete, is given up with the connection.
  finish("");
}

export function listenerRecord(): i32 {
  if (recordKind == KIND_MSG_ABORT) return aborted();
  if (recordKind != KIND_MSG_BEGIN && recordKind != KIND_MSG_DATA && recordKind != KIND_MSG_END) return OK;
  if (stream == 0 || recordStream != stream + 1) return STATE;
  if (recordKind == KIND_MSG_BEGIN) return began();
  if (!replying) return STATE;
  return recordKind == KIND_MSG_DATA ? replied() : replyEnded();
}

function began(): i32 {
  if (replying || mode == GATHERING || mode == DROPPING) return STATE;
  replying = true;
  if (mode == JOINING || mode == JOINED) emitSplice(SPLICE_STREAM_TO_SOCKET, stream + 1, FOR_GOOD);
  return OK;
}

function replied(): i32 {
  emitBytes(recordPayload, recordLength);
  if (!inSession) return OK;
  let at: u32 = 0;
  while (at < recordLength && !reply.broken) {
    if (mode != WAITING) return STATE;
    at += reply.take(recordPayload + at, recordLength - at);
    if (!reply.done) continue;
    reply.next();
    // The end of the stream is still to come.
    if (!lastOfSession) next();
  }
  if (reply.broken) finish("the server broke the protocol");
  return OK;
}

function replyEnded(): i32 {
  // Something like an answer to a command that is not complete, or a server that leaves in the middle of a session.
  if (mode != WAITING || (inSession && !lastOfSession)) finish("the server ended the connection");
  else {
    inSession = inMulti = lastOfSession = false;
    next();
  }
  return OK;
}

function aborted(): i32 {
  if (mode == GATHERING || mode == DROPPING) {
    // What has been answered does not matter any more; a session does.
    if (inSession) finish("the server is gone");
    return OK;
  }
  if (replying || recordStream != stream || inSession) {
    if (inSession && !replying) say(reasonText());
    finish("the server is gone");
  } else if (mode == JOINED) {
    say(reasonText());
    finish("nobody takes the subscription");
  } else if (mode == WAITING) {
    say(reasonText());
    next();
  } else {
    refuse(reasonText());
  }
  return OK;
}

function reasonText(): string {
  if (recordFlags == ABORT_RELEASED) return "-ERR no server is there\r\n";
  if (recordFlags == ABORT_REJECTED) return "-ERR the network does not take this command\r\n";
  return "-ERR the server is gone: the command may have been executed\r\n";
}

function refuse(text: string): void {
  refusal = text;
  mode = DROPPING;
}

function next(): void {
  mode = GATHERING;
  if (clientDone) finish("");
}

function say(text: string): void {
  copyAscii(TEXT, text);
  emitBytes(TEXT, text.length);
}

function finish(text: string): void {
  emitClose(text);
  ended = true;
}
