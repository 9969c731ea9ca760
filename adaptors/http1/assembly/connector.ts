/**
 * The connector's end: requests from the network are written to the server, one after the other, and its responses become
 * messages.
 */

import {
  BEGIN_INTERIM,
  ERROR_MALFORMED,
  FLAG_EOF,
  FLAG_SPLICED,
  FOR_GOOD,
  KIND_BYTES,
  LOG_WARN,
  SPLICE_SOCKET_TO_STREAM,
  SPLICE_STREAM_TO_SOCKET,
  STATE,
} from "../../sdk/assembly/constants";
import { INPUT } from "../../sdk/assembly/buffers";
import { emitAbort, emitClose, emitEnd, emitError, emitLog, emitSplice } from "../../sdk/assembly/emit";
import { putField, putOctetsProperty, putStringProperty, putSubject, startBegin } from "../../sdk/assembly/head_writer";
import { recordLength, recordPayload, recordStream } from "../../sdk/assembly/reader";
import { equalsAscii } from "../../sdk/assembly/text";
import { finishRecord, putAscii, putBytes, startRecord } from "../../sdk/assembly/writer";
import { answerStream } from "../../http/assembly/answer";
import { SERVER_MS } from "../../http/assembly/attempts";
import { BODY_NONE, BODY_TO_END, formOfRequest, formOfResponse } from "../../http/assembly/body_form";
import { Body } from "./body";
import { areTarget, areToken } from "../../http/assembly/chars";
import { setClock, startWaiting, waitedOver } from "../../http/assembly/clock";
import {
  chunked,
  contentLength,
  FIELD_OK,
  fieldName,
  fieldNameLength,
  fieldValue,
  fieldValueLength,
  hasUpgrade,
  hosts,
  isField,
  judgeNotes,
  nextField,
  noteField,
  saysClose,
  saysKeepAlive,
  startFieldLines,
  startNotes,
  staysBehind,
} from "../../http/assembly/fields";
import {
  collectHead,
  fieldsEnd,
  fieldsStart,
  HEAD_COMPLETE,
  HEAD_OPEN,
  headTaken,
  minor,
  readStatusLine,
  reason,
  reasonLength,
  startHead,
  status,
  statusText,
} from "../../http/assembly/head";
import {
  isOld,
  path,
  pathLength,
  putFieldLines,
  readMessageHead,
  subject,
  subjectLength,
} from "../../http/assembly/message";
import { forgetSplice, relayToSocket, relayToStream, spliceIsThrough, startToSocket } from "./relay";

/** How long a connection is kept for the next request, in ms: less than servers usually keep theirs. */
const IDLE_MS: f64 = 4_000;

const IDLE: u8 = 0;
/** The server has a request, or a part of it; the head of its response is not complete. */
const WAITING: u8 = 1;
const RESPONDING: u8 = 2;
/** The response is complete; the request is not. */
const RESPONDED: u8 = 3;
const TUNNEL: u8 = 4;
const ENDING: u8 = 5;

let phase: u8 = IDLE;
/** The stream of the response. */
let own: u32 = 0;
let requestEnded: bool = false;
let isHead: bool = false;
let isConnect: bool = false;
let isUpgrade: bool = false;
let keepAlive: bool = false;
let request: Body = changetype<Body>(0);
let response: Body = changetype<Body>(0);

/** Starts a connection. */
export function openConnector(requestBody: Body, responseBody: Body): void {
  request = requestBody;
  response = responseBody;
}

/** Whether the connection is over for this adaptor. */
export function connectorIsEnding(): bool {
  return phase == ENDING;
}

/** Takes a record about a stream: 1 for taken, 0 for no room, or a status. */
export function connectorBegin(): i32 {
  if (phase != IDLE || (recordStream & 1) == 0) return STATE;
  own = recordStream + 1;
  const fields = readMessageHead();
  const good = fields == FIELD_OK && areToken(subject, subjectLength) && areTarget(path, pathLength) && hosts <= 1 &&
    (hosts == 1 || isOld) && !(isOld && chunked);
  if (!good) return refuse("the request is not one of HTTP");
  isHead = equalsAscii(subject, subjectLength, "HEAD");
  isConnect = equalsAscii(subject, subjectLength, "CONNECT");
  isUpgrade = hasUpgrade && !isOld && !isConnect && !chunked && contentLength <= 0;
  if (isConnect && (chunked || contentLength > 0)) return refuse("a CONNECT has no body");
  keepAlive = !isOld;
  requestEnded = false;
  request.begin(formOfRequest(), max<i64>(contentLength, 0));
  putRequest();
  startToSocket(request, recordStream);
  startHead();
  startWaiting();
  phase = WAITING;
  return 1;
}

/** See `connectorBegin`. */
export function connectorData(): i32 {
  if (recordStream != own - 1 || phase == IDLE || phase == TUNNEL || requestEnded) return STATE;
  const taken = relayToSocket(request, recordStream, recordPayload, recordLength);
  return taken < 0 ? refuse("the request's body is not what its framing says") : taken;
}

/** See `connectorBegin`. */
export function connectorEnd(): i32 {
  if (recordStream != own - 1 || phase == IDLE || phase == TUNNEL || requestEnded) return STATE;
  if (!request.complete) return refuse("the request ended too early");
  requestEnded = true;
  startWaiting();
  if (phase == RESPONDED) completeExchange();
  return 1;
}

/** See `connectorBegin`. */
export function connectorAbort(): i32 {
  if (phase == IDLE || phase == TUNNEL || (recordStream != own && recordStream != own - 1)) return STATE;
  // The server may be anywhere within its response: the connection is of no more use.
  end("");
  return 1;
}

/** Takes socket octets; returns how many. */
export function connectorSocket(length: u32, flags: i32): i32 {
  if (phase == TUNNEL) return STATE;
  if ((flags & FLAG_SPLICED) != 0 && phase == RESPONDING) {
    spliceIsThrough(response);
    if (response.complete) completeResponse();
  }
  let at: u32 = 0;
  while (at < length) {
    const before = at;
    if (phase == WAITING) at += takeHead(INPUT + at, length - at);
    else if (phase == RESPONDING) at += takeBody(INPUT + at, length - at);
    else if (phase == TUNNEL) break;
    else if (phase == ENDING) at = length;
    else {
      end("the server sent what nobody has asked for");
      at = length;
    }
    if (at == before) break;
  }
  if (at == length && (flags & FLAG_EOF) != 0) takeEnd();
  return at;
}

/** Lets time pass. */
export function connectorTick(time: f64): void {
  setClock(time);
  if (phase == IDLE && waitedOver(IDLE_MS)) end("");
  else if (phase == WAITING && requestEnded && waitedOver(SERVER_MS)) {
    giveUp(504, "http_response_timeout", "the server did not answer in time");
  }
}

function putRequest(): void {
  startRecord(KIND_BYTES, 0, 0);
  putBytes(subject, subjectLength);
  putAscii(" ");
  putBytes(path, pathLength);
  putAscii(isOld ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  putFieldLines(isUpgrade, true);
  if (isUpgrade) putAscii("Connection: Upgrade\r\n");
  putAscii("\r\n");
  if (!finishRecord()) refuse("the head of the request is too large");
}

function takeHead(source: usize, length: u32): u32 {
  const result = collectHead(source, length, false);
  const taken = headTaken;
  if (result == HEAD_COMPLETE) startResponse();
  else if (result != HEAD_OPEN) badResponse("the head of the server's response is malformed or too large");
  return phase == ENDING ? length : taken;
}

function startResponse(): void {
  if (readStatusLine() != HEAD_COMPLETE || !noteFields()) {
    return badResponse("the head of the server's response is malformed");
  }
  if (status < 200 && status != 101) {
    emitResponse(BEGIN_INTERIM, false);
    startHead();
    return startWaiting();
  }
  if (status == 101 && !(isUpgrade && hasUpgrade)) return badResponse("the server changes the protocol unasked");
  if (status == 101 || (isConnect && status < 300)) {
    if (requestEnded) return badResponse("the tunnel was shut before it was open");
    emitResponse(0, false);
    emitSplice(SPLICE_SOCKET_TO_STREAM, own, FOR_GOOD);
    emitSplice(SPLICE_STREAM_TO_SOCKET, own - 1, FOR_GOOD);
    phase = TUNNEL;
    return;
  }
  if (chunked && minor == 0) return badResponse("the server's response is of HTTP/1.0 and chunked");
  const kind = formOfResponse(isHead, status);
  if (kind == BODY_TO_END || saysClose || (minor == 0 && !saysKeepAlive)) keepAlive = false;
  // One that answers before it can have read all may leave the rest of a body unread, take it for the next request, and answer
  // that to somebody else.
  if (!requestEnded && request.kind != BODY_NONE) keepAlive = false;
  response.begin(kind, max<i64>(contentLength, 0));
  phase = RESPONDING;
  emitResponse(0, kind != BODY_NONE || isHead || status == 304);
  if (kind == BODY_TO_END) emitSplice(SPLICE_SOCKET_TO_STREAM, own, FOR_GOOD);
  else if (response.complete) completeResponse();
}

function noteFields(): bool {
  startNotes();
  startFieldLines(fieldsStart, fieldsEnd);
  while (true) {
    const read = nextField();
    if (read == 0) return judgeNotes() == FIELD_OK;
    if (read < 0 || noteField() != FIELD_OK) return false;
  }
}

function emitResponse(flags: u8, withFraming: bool): void {
  startBegin(own, "", flags);
  putSubject(statusText, 3);
  putStringProperty(":version", minor == 0 ? "1.0" : "1.1");
  if (reasonLength > 0) putOctetsProperty(":reason", reason, reasonLength);
  startFieldLines(fieldsStart, fieldsEnd);
  while (nextField() > 0) {
    if (staysBehind(status == 101)) continue;
    if (!withFraming && (isField("content-length") || isField("transfer-encoding"))) continue;
    putField(fieldName, fieldNameLength, fieldValue, fieldValueLength);
  }
  if (!finishRecord()) badResponse("the head of the server's response is too large");
}

function takeBody(source: usize, length: u32): u32 {
  const taken = relayToStream(response, own, source, length, false);
  if (response.broken) {
    breakOff("the server's body is not what its framing says");
    return length;
  }
  if (response.complete) completeResponse();
  return taken;
}

function completeResponse(): void {
  emitEnd(own);
  phase = RESPONDED;
  // A server that answers early may still want the rest of the request.
  if (requestEnded) completeExchange();
}

function completeExchange(): void {
  if (!keepAlive) return end("");
  phase = IDLE;
  startWaiting();
}

function takeEnd(): void {
  switch (phase) {
    case WAITING:
      return end("the server closed the connection before it answered");
    case RESPONDING:
      if (response.kind == BODY_TO_END) return end("");
      return breakOff("the server closed the connection inside its response");
    case ENDING:
      return;
    default:
      end("");
  }
}

/** The response can't be passed on; nothing of it has been. */
function badResponse(why: string): void {
  giveUp(502, "http_protocol_error", why);
}

function giveUp(status: u32, error: string, why: string): void {
  emitLog(LOG_WARN, why);
  answerStream(own, status, error, why, isHead);
  end("");
}

function breakOff(why: string): void {
  emitAbort(own);
  end(why);
}

function refuse(why: string): i32 {
  emitError(ERROR_MALFORMED, why);
  end(why);
  return 1;
}

function end(text: string): void {
  if (phase == ENDING) return;
  forgetSplice();
  emitClose(text);
  phase = ENDING;
}
