/**
 * The listener's end: requests from the socket become messages, one after the other, and their answers come back.
 *
 * The next request is not looked at before the answer to the last one is complete, so pipelined requests are answered
 * in order, and the head of the current one is still there when it has to be sent again.
 */

import {
  ABORT_FAILED,
  FLAG_EOF,
  FLAG_SPLICED,
  FOR_GOOD,
  KIND_BYTES,
  LOG_DEBUG,
  LOG_WARN,
  SPLICE_SOCKET_TO_STREAM,
  SPLICE_STREAM_TO_SOCKET,
  STATE,
} from "../../sdk/assembly/constants";
import { INPUT } from "../../sdk/assembly/buffers";
import { emitAbort, emitClose, emitData, emitEnd, emitLog, emitSplice } from "../../sdk/assembly/emit";
import { recordFlags, recordLength, recordPayload, recordStream } from "../../sdk/assembly/reader";
import { finishRecord, putAscii, putBytes, startRecord } from "../../sdk/assembly/writer";
import { answerSocket } from "../../http/assembly/answer";
import {
  BODY_MS,
  errorOfLoss,
  mayGoAgain,
  NETWORK_MS,
  SILENCE_MS,
  statusOfLoss,
  wordsOfLoss,
} from "../../http/assembly/attempts";
import { BODY_NONE, BODY_TO_END, formOfRequest, formOfResponse } from "../../http/assembly/body_form";
import { Body } from "./body";
import { areValue, statusOf } from "../../http/assembly/chars";
import { setClock, startWaiting, waitedOver } from "../../http/assembly/clock";
import { chunked, contentLength, expectsContinue, FIELD_OK, hasUpgrade, saysClose } from "../../http/assembly/fields";
import {
  collectHead,
  HEAD_COMPLETE,
  HEAD_OPEN,
  HEAD_TOO_LARGE,
  headIsEmpty,
  headTaken,
  startHead,
} from "../../http/assembly/head";
import {
  putFieldLines,
  readMessageHead,
  reasonText,
  reasonTextLength,
  subject,
  subjectLength,
} from "../../http/assembly/message";
import { reasonOf } from "../../http/assembly/reason";
import { forgetSplice, PIECE_OCTETS, relayToSocket, relayToStream, spliceIsThrough, startToSocket } from "./relay";
import {
  emitRequest,
  isConnect,
  isHead,
  isIdempotent,
  isOldClient,
  isUpgrade,
  noteFields,
  readRequest,
  refusal,
  wantsMore,
} from "../../http/assembly/request";

/** How long each piece of the rest of a request's body may take where the connection ends behind it, in ms. */
const REST_MS: f64 = 60_000;
/** How long a client may take for a head, in ms. */
const HEAD_MS: f64 = 60_000;
/** Largest body that is kept to be sent again, in octets. */
const KEPT_OCTETS: i64 = 8192;
const KEPT: usize = memory.data(8192, 8);

/** Waits for a request, or is within its head. */
const IN_HEAD: u8 = 0;
const IN_BODY: u8 = 1;
/** The request is complete; its answer is not. */
const ANSWERING: u8 = 2;
/** The request will not be completed; the rest of it is thrown away. */
const DISCARDING: u8 = 3;
/** Both directions are spliced for good. */
const TUNNEL: u8 = 4;
const ENDING: u8 = 5;

let phase: u8 = IN_HEAD;
/** The stream of the current request. */
let own: u32 = 0;
let lastStream: u32 = 0;
let attempts: u32 = 0;
let keepable: bool = false;
let kept: u32 = 0;
/** Octets of the body since its time began anew. */
let moved: u64 = 0;
/** The request's stream stays open until the answer says whether it becomes a tunnel. */
let mayTunnel: bool = false;
let keepAlive: bool = false;
/** The client has shut its side. */
let clientEnded: bool = false;
/** Something of an answer has come: somebody has the request. */
let heard: bool = false;
/** The head of the final answer has. */
let answered: bool = false;
/** All of the final answer has; what is left of the request's body still goes to who may want it. */
let answerComplete: bool = false;
/** The client waits to be told whether its body is wanted: nothing of that has come. */
let awaitsWord: bool = false;
/** The answer was the word: the client may send the body, or not. */
let mayOmitBody: bool = false;
/** The message that is coming in is an interim answer. */
let interim: bool = false;
let request: Body = changetype<Body>(0);
let response: Body = changetype<Body>(0);

/** Starts a connection. */
export function openListener(requestBody: Body, responseBody: Body): void {
  request = requestBody;
  response = responseBody;
}

/** Whether the connection is over for this adaptor. */
export function listenerIsEnding(): bool {
  return phase == ENDING;
}

/** Takes socket octets; returns how many. */
export function listenerSocket(length: u32, flags: i32): i32 {
  if (phase == TUNNEL) return STATE;
  if ((flags & FLAG_SPLICED) != 0 && phase == IN_BODY) {
    noteMoved(spliceIsThrough(request));
    if (request.complete) completeRequest();
  }
  let at: u32 = 0;
  while (at < length) {
    const before = at;
    if (phase == IN_HEAD) at += takeHead(INPUT + at, length - at);
    else if (phase == IN_BODY) at += takeBody(INPUT + at, length - at);
    else if (phase != ANSWERING) at = length;
    if (at == before) break;
  }
  if (at == length && (flags & FLAG_EOF) != 0) takeEnd();
  return at;
}

/** Takes the record that was read last, about a stream: 1 for taken, 0 for no room, or a status. */
export function listenerBegin(): i32 {
  if (phase == IN_HEAD || phase == TUNNEL || recordStream != own + 1 || interim || answered) return STATE;
  return takeAnswer();
}

/** See `listenerBegin`. */
export function listenerData(): i32 {
  if (recordStream != own + 1 || !(interim || answered)) return STATE;
  if (interim) return 1;
  const taken = relayToSocket(response, own + 1, recordPayload, recordLength);
  if (taken < 0) breakOff("the answer is not what its framing says");
  return taken < 0 ? 1 : taken;
}

/** See `listenerBegin`. */
export function listenerEnd(): i32 {
  if (recordStream != own + 1 || !(interim || answered)) return STATE;
  if (interim) interim = false;
  else if (response.complete || response.kind == BODY_TO_END) completeAnswer();
  else breakOff("the answer ended too early");
  return 1;
}

/** See `listenerBegin`. */
export function listenerAbort(): i32 {
  if (phase == TUNNEL || recordStream > own + 1) return STATE;
  // What becomes of a request whose answer is complete does not matter.
  if (phase == IN_HEAD || recordStream < own) return 1;
  if (recordStream == own + 1) {
    interim = false;
    if (answered) breakOff("the answer broke off");
    else giveUpOrRetry(ABORT_FAILED);
  } else if (answered) {
    // What is left of the request interests nobody; the answer goes on.
    if (answerComplete) end("");
    else if (phase == IN_BODY) phase = DISCARDING;
  } else giveUpOrRetry(recordFlags);
  return 1;
}

/** Lets time pass. */
export function listenerTick(time: f64): void {
  setClock(time);
  if (phase == IN_HEAD) {
    if (headIsEmpty()) {
      if (waitedOver(SILENCE_MS)) end("");
    } else if (waitedOver(HEAD_MS)) refuse(408, "connection_read_timeout", "the request did not come in time");
  } else if (
    phase == IN_BODY && (!answered || answerComplete) && waitedOver(answerComplete && !keepAlive ? REST_MS : BODY_MS)
  ) {
    refuseBody(408, "connection_read_timeout", "the body of the request did not come in time");
  } else if (phase == ANSWERING && !answered && waitedOver(NETWORK_MS)) {
    emitAbort(own, 0, 504);
    fail(504, "connection_timeout", "no answer came from the network in time");
  }
}

function takeHead(source: usize, length: u32): u32 {
  if (headIsEmpty()) startWaiting();
  const result = collectHead(source, length, true);
  const taken = headTaken;
  if (result == HEAD_COMPLETE) startRequest();
  else if (result == HEAD_TOO_LARGE) refuse(431, "http_request_error", "the head of the request is too large");
  else if (result != HEAD_OPEN) refuse(400, "http_request_error", "a line does not end with CR LF");
  return phase == ENDING ? length : taken;
}

function startRequest(): void {
  heard = false;
  answered = false;
  answerComplete = false;
  mayOmitBody = false;
  const status = readRequest();
  if (status != 0) return refuse(status, "http_request_error", refusal);
  keepAlive = wantsMore;
  awaitsWord = expectsContinue;
  mayTunnel = isConnect || isUpgrade;
  request.begin(formOfRequest(), max<i64>(contentLength, 0));
  keepable = !chunked && contentLength <= KEPT_OCTETS;
  kept = 0;
  attempts = 0;
  send();
}

/** Sends the request, or as much as is there. */
function send(): void {
  attempts++;
  own = lastStream + 1;
  lastStream += 2;
  emitRequest(own);
  if (kept > 0) emitData(own, KEPT, kept);
  if (request.complete) return completeRequest();
  phase = IN_BODY;
  moved = 0;
  startWaiting();
}

function completeRequest(): void {
  phase = ANSWERING;
  startWaiting();
  if (!mayTunnel) emitEnd(own);
  if (answerComplete) completeExchange();
}

function takeBody(source: usize, length: u32): u32 {
  awaitsWord = false;
  const taken = relayToStream(request, own, source, length, keepable);
  noteMoved(taken);
  if (keepable && taken > 0) {
    memory.copy(KEPT + kept, source, taken);
    kept += taken;
  }
  if (request.broken) {
    refuseBody(400, "http_request_error", "the body of the request is malformed");
    return length;
  }
  if (request.complete) completeRequest();
  return taken;
}

/** Octets of the request's body have come: who sends them one by one gets no more time for it. */
function noteMoved(octets: u64): void {
  moved += octets;
  if (moved < PIECE_OCTETS) return;
  moved = 0;
  startWaiting();
}

function takeEnd(): void {
  clientEnded = true;
  switch (phase) {
    case IN_HEAD:
      return end(headIsEmpty() ? "" : "the client left inside a request");
    case IN_BODY:
      emitAbort(own);
      return end(answerComplete ? "" : "the client left inside a request");
    case DISCARDING:
      return;
  }
}

function takeAnswer(): i32 {
  const fields = readMessageHead();
  const status = statusOf(subject, subjectLength);
  if (fields != FIELD_OK || status == 0 || !areValue(reasonText, reasonTextLength)) {
    return badAnswer("the answer from the network is malformed");
  }
  if (status < 200 && status != 101) {
    interim = true;
    heard = true;
    if (status == 100) awaitsWord = false;
    if (!isOldClient) putHead(status, BODY_NONE, "");
    return 1;
  }
  const upgraded = status == 101;
  if (upgraded && !(isUpgrade && hasUpgrade)) return badAnswer("the answer changes the protocol unasked");
  if (upgraded || (isConnect && status < 300)) {
    putHead(status, BODY_NONE, upgraded ? "Connection: Upgrade\r\n" : "");
    emitSplice(SPLICE_SOCKET_TO_STREAM, own, FOR_GOOD);
    emitSplice(SPLICE_STREAM_TO_SOCKET, own + 1, FOR_GOOD);
    phase = TUNNEL;
    return 1;
  }
  const kind = formOfResponse(isHead, status);
  if (isOldClient && chunked) return badAnswer("the answer to HTTP/1.0 is chunked");
  if (mayTunnel) {
    mayTunnel = false;
    emitEnd(own);
  }
  mayOmitBody = awaitsWord && phase == IN_BODY;
  if (kind == BODY_TO_END || clientEnded || saysClose || mayOmitBody) keepAlive = false;
  answered = true;
  heard = true;
  response.begin(kind, max<i64>(contentLength, 0));
  putHead(status, kind, keepAlive ? isOldClient ? "Connection: keep-alive\r\n" : "" : "Connection: close\r\n");
  startToSocket(response, own + 1);
  if (kind == BODY_TO_END) emitSplice(SPLICE_STREAM_TO_SOCKET, own + 1, FOR_GOOD);
  return 1;
}

function putHead(status: u32, kind: u8, connection: string): void {
  startRecord(KIND_BYTES, 0, 0);
  putAscii("HTTP/1.1 ");
  putBytes(subject, subjectLength);
  putAscii(" ");
  // Servers of HTTP/2 have none, and some clients take an empty one for a failure.
  if (reasonTextLength == 0) putAscii(reasonOf(status));
  else putBytes(reasonText, reasonTextLength);
  putAscii("\r\n");
  const framed = kind != BODY_NONE || isHead || status == 304;
  putFieldLines(status == 101, framed && !(isConnect && status < 300));
  putAscii(connection);
  putAscii("\r\n");
  if (!finishRecord()) breakOff("the head of the answer is too large");
}

function completeAnswer(): void {
  if (phase == ANSWERING) return completeExchange();
  // A server may answer before it has read the request, and read it all the same. It can't go on where the client hears of the
  // end of the answer by that of the connection, or may take the answer for the word that its body is not wanted.
  if (phase == IN_BODY && response.kind != BODY_TO_END && !mayOmitBody) {
    answerComplete = true;
    moved = 0;
    return startWaiting();
  }
  if (phase == IN_BODY) emitAbort(own);
  end("");
}

function completeExchange(): void {
  if (!keepAlive || clientEnded) return end("");
  phase = IN_HEAD;
  startHead();
  startWaiting();
}

/** Nobody has dealt with the request: it is sent again where that does no harm. */
function giveUpOrRetry(why: u8): void {
  if (!keepable || heard || !mayGoAgain(why, isIdempotent, attempts)) {
    return fail(statusOfLoss(why), errorOfLoss(why), wordsOfLoss(why));
  }
  noteFields();
  send();
}

function badAnswer(why: string): i32 {
  emitAbort(own + 1);
  fail(502, "http_protocol_error", why);
  return 1;
}

function refuse(status: u32, error: string, why: string): void {
  emitLog(LOG_DEBUG, why);
  answerSocket(status, error, why, false);
  end("");
}

/** The same for a request that has begun, where an answer may have begun to go out, too: then that is all. */
function refuseBody(status: u32, error: string, why: string): void {
  emitAbort(own, 0, answered ? 0 : status);
  if (answered) end(why);
  else refuse(status, error, why);
}

function fail(status: u32, error: string, why: string): void {
  if (answered) return breakOff(why);
  emitLog(LOG_WARN, why);
  answerSocket(status, error, why, isHead);
  end("");
}

/** The client has a part of the answer, and gets no more. */
function breakOff(why: string): void {
  end(why);
}

function end(text: string): void {
  if (phase == ENDING) return;
  forgetSplice();
  emitClose(text);
  phase = ENDING;
}
