/** The listener's end: each request of the client is a message into the network, and its answer comes back on the same stream. */

import {
  BODY_TEXT,
  bodyLength,
  compose,
  NUMBER,
  STATUS_VALUE,
  statusLength,
  writeNumber,
} from "../../http/assembly/answer";
import {
  BODY_MS,
  errorOfLoss,
  isIdempotentMethod,
  mayGoAgain,
  NETWORK_MS,
  SILENCE_MS,
  statusOfLoss,
  wordsOfLoss,
} from "../../http/assembly/attempts";
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_TO_END, formOfResponse } from "../../http/assembly/body_form";
import { statusOf } from "../../http/assembly/chars";
import { now, setClock } from "../../http/assembly/clock";
import { contentLength as answerLength, FIELD_OK } from "../../http/assembly/fields";
import { readMessageHead, subject, subjectLength } from "../../http/assembly/message";
import { KIND_MSG_BEGIN, LOG_DEBUG, LOG_WARN } from "../../sdk/assembly/constants";
import { emitAbort, emitData, emitEnd, emitLog } from "../../sdk/assembly/emit";
import {
  putNamedField,
  putOctetsProperty,
  putStringProperty,
  putSubject,
  startBegin,
} from "../../sdk/assembly/head_writer";
import { recordFlags, recordLength, recordPayload, recordStream } from "../../sdk/assembly/reader";
import { copyAscii, equalsAscii } from "../../sdk/assembly/text";
import { finishRecord, payloadLength, payloadStart, putBytes, room, startRecord } from "../../sdk/assembly/writer";
import {
  blameStream,
  closeStream,
  creditStream,
  draining,
  ending,
  fail,
  finish,
  initialWindow,
  resetStream,
  watchConnection,
  writeReset,
} from "./connection";
import { listTooLarge } from "./field_list";
import { earnAnswer, earnRequest, refill } from "./flood";
import { CANCEL, CONNECT_ERROR, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, writeData } from "./frame";
import { startBlock } from "./hpack_encoder";
import {
  authority,
  authorityLength,
  contentLength,
  isConnect,
  judgeRequest,
  judgeTrailers,
  method,
  methodLength,
  path,
  pathLength,
  protocolLength,
} from "./head";
import { KEPT_OCTETS, MAX_STREAMS, openStreams, Stream, streamAt, streamWriting, takePlace } from "./stream";
import { endBody, endSplice, putFields, relayBody, spliceBody } from "./to_network";
import {
  encodeMessageFields,
  encodeNamed,
  endBody as endAnswer,
  sendBody,
  sendHead,
  spendWindow,
  windowOf,
} from "./to_socket";
import { isTunnelAnswer, putTunnelHead, refusalOfTunnel } from "./tunnel";

/** How long a client may leave an answer waiting for its window. */
const BLOCKED_MS: f64 = 60_000;

/** Octets of output that an answer of our own takes at most. */
const ANSWER_ROOM: u32 = 8192;

const TEXT: usize = memory.data(32, 8);

/** The number of the last message. */
let lastOwn: u32 = 0;
let idleSince: f64 = 0;

// --- from the client

/** A header block has come: a request, or with `known` its trailers. */
export function listenerHeaders(id: u32, known: Stream | null, last: bool): void {
  if (known !== null) return takeTrailers(known, last);
  earnRequest();
  if (draining || openStreams == MAX_STREAMS) return writeReset(id, REFUSED_STREAM);
  const stream = takePlace(id, 0, initialWindow, now);
  stream.remoteEnded = last;
  if (listTooLarge) return answer(stream, 431, "http_request_error", "the head of the request is too large");
  if (!judgeRequest()) return blameStream(stream, PROTOCOL_ERROR);
  if (last && contentLength > 0) return blameStream(stream, PROTOCOL_ERROR);
  if (!isConnect()) return begin(stream, last);
  const refusal = refusalOfTunnel(last);
  if (refusal == 0) beginTunnel(stream);
  else answer(stream, refusal, "http_request_error", "this tunnel is not spoken here");
}

/** Octets of a request's body have come. */
export function listenerData(stream: Stream, source: usize, length: u32): void {
  // Who opens a tunnel waits until it is open: nobody would keep what comes before.
  const early = stream.tunnel && !stream.answered;
  if (!stream.answered) stream.since = now;
  if (early || !relayBody(stream, source, length)) blameStream(stream, PROTOCOL_ERROR);
}

/** Has the next octets of a request's body pass by, see `spliceBody`; false when they have to be taken. */
export function listenerSplice(stream: Stream, length: u32, frames: u32): bool {
  if (stream.tunnel && !stream.answered) return false;
  if (!stream.answered) stream.since = now;
  return spliceBody(stream, length, frames);
}

/** They have passed, and so many frames behind them. */
export function listenerSpliced(stream: Stream, length: u32, further: u32): void {
  if (!stream.answered) stream.since = now;
  endSplice(stream, length, further);
}

/** The request is complete; `withTrailers` says that the block that was read last is its trailers. */
export function listenerRemoteEnd(stream: Stream, withTrailers: bool): void {
  if (!stream.sent && !endBody(stream, withTrailers)) return blameStream(stream, PROTOCOL_ERROR);
  stream.since = now;
  if (stream.tunnel && stream.localEnded) closeStream(stream);
}

/** The stream is over before its time; the client gets an answer with the status `instead`, or none if that is 0. */
export function listenerAbandon(stream: Stream, instead: u32 = 0): void {
  if (!stream.begun) return;
  if (stream.incoming) emitAbort(stream.own + 1);
  if (!stream.sent || !stream.answered) emitAbort(stream.own, 0, instead);
}

function takeTrailers(stream: Stream, last: bool): void {
  if (!last || listTooLarge || !judgeTrailers()) return blameStream(stream, PROTOCOL_ERROR);
  stream.remoteEnded = true;
  listenerRemoteEnd(stream, true);
}

function begin(stream: Stream, last: bool): void {
  const hasLength = contentLength >= 0;
  stream.form = last ? BODY_NONE : hasLength ? BODY_LENGTH : BODY_CHUNKED;
  stream.left = max<i64>(contentLength, 0);
  stream.isHead = isMethod("HEAD");
  stream.isIdempotent = isIdempotentMethod(method, methodLength);
  startBegin(nextOwn(stream), "");
  putSubject(method, methodLength);
  putStringProperty(":version", "2");
  putOctetsProperty(":path", path, pathLength);
  putNamedField("host", authority, authorityLength);
  putFields(stream.form == BODY_CHUNKED);
  // Servers may take a request of these methods that says nothing of a body for one that lacks it (RFC 9110, 8.6).
  if (last && !hasLength && (isMethod("POST") || isMethod("PUT") || isMethod("PATCH"))) {
    copyAscii(TEXT, "0");
    putNamedField("content-length", TEXT, 1);
  }
  if (finishHead(stream) && last) listenerRemoteEnd(stream, false);
}

function beginTunnel(stream: Stream): void {
  stream.tunnel = true;
  stream.form = BODY_TO_END;
  stream.isWebSocket = stream.isIdempotent = protocolLength > 0;
  startBegin(nextOwn(stream), "");
  putTunnelHead();
  finishHead(stream);
}

/** Sends the head that was written, and keeps it; false when it is too large. */
function finishHead(stream: Stream): bool {
  stream.keptHead = payloadLength();
  stream.keepable = stream.keptHead <= KEPT_OCTETS;
  if (stream.keepable) memory.copy(stream.kept, payloadStart(), stream.keptHead);
  if (finishRecord()) return true;
  stream.begun = false;
  answer(stream, 431, "http_request_error", "the head of the request is too large");
  return false;
}

function isMethod(name: string): bool {
  return equalsAscii(method, methodLength, name);
}

function nextOwn(stream: Stream): u32 {
  stream.own = lastOwn = lastOwn == 0 ? 1 : lastOwn + 2;
  stream.begun = true;
  stream.attempts++;
  return stream.own;
}

// --- from the network

/** An answer begins. Like all that follow, about the record that was read last. */
export function listenerAnswerBegin(): void {
  const stream = streamWriting(recordStream - 1);
  if (stream === null || stream.answered || stream.interim) return;
  stream.incoming = true;
  const fields = readMessageHead();
  const status = statusOf(subject, subjectLength);
  if (fields != FIELD_OK || status == 0) return badAnswer(stream, "the answer from the network is malformed");
  if (stream.tunnel && isTunnelAnswer(stream, status)) return openTunnel(stream, status);
  if (status == 101) return badAnswer(stream, "the answer changes the protocol unasked");
  if (stream.isWebSocket && status >= 200 && status < 300) {
    return badAnswer(stream, "the server does not change the protocol to WebSocket");
  }
  startBlock();
  encodeNamed(":status", subject, subjectLength);
  encodeMessageFields(true);
  if (status < 200) {
    stream.interim = true;
    stream.heard = true;
    return send(stream, false);
  }
  if (stream.tunnel) shutTunnel(stream);
  const kind = formOfResponse(stream.isHead, status);
  stream.body.begin(kind, max<i64>(answerLength, 0));
  stream.answered = true;
  stream.heard = true;
  stream.keepable = false;
  send(stream, stream.body.complete);
}

/** The server agrees: all that follows, both ways, is octets. */
function openTunnel(stream: Stream, status: u32): void {
  startBlock();
  encodeNamed(":status", NUMBER, writeNumber(status == 101 ? 200 : status));
  encodeMessageFields(true, true);
  stream.body.begin(BODY_TO_END, 0);
  stream.answered = true;
  stream.heard = true;
  stream.keepable = false;
  send(stream, false);
}

/** The server does not agree: what it says is the answer to a request without a body. */
function shutTunnel(stream: Stream): void {
  stream.tunnel = false;
  stream.form = BODY_NONE;
  if (stream.sent) return;
  stream.sent = true;
  emitEnd(stream.own);
}

/** Octets of an answer: how many were taken. */
export function listenerAnswerData(): u32 {
  const stream = streamWriting(recordStream - 1);
  // What follows a body that is complete is nobody's.
  if (stream === null || stream.interim || stream.localEnded) return recordLength;
  const taken = sendBody(stream, recordPayload, recordLength);
  if (!stream.body.broken) return taken;
  emitLog(LOG_WARN, "the answer is not what its framing says");
  resetStream(stream, INTERNAL_ERROR);
  return recordLength;
}

/** The answer is complete. */
export function listenerAnswerEnd(): void {
  const stream = streamWriting(recordStream - 1);
  if (stream === null) return;
  stream.incoming = false;
  if (stream.interim) {
    stream.interim = false;
    return;
  }
  if (!stream.localEnded && stream.body.kind == BODY_TO_END) endAnswer(stream);
  if (!stream.localEnded) return resetStream(stream, INTERNAL_ERROR);
  if (!stream.tunnel || stream.remoteEnded) complete(stream);
}

/** A message that a stream has to do with was given up. */
export function listenerAnswerAbort(): void {
  const isAnswer = (recordStream & 1) == 0;
  const stream = streamWriting(isAnswer ? recordStream - 1 : recordStream);
  if (stream === null) return;
  if (!isAnswer) {
    // An answer that is complete but for its end may end.
    if (stream.incoming && !stream.localEnded) emitAbort(stream.own + 1);
    stream.begun = false;
  }
  stream.incoming = false;
  if (stream.answered) {
    if (stream.localEnded) return complete(stream);
    // What the client has is all it gets.
    return resetStream(stream, stream.tunnel ? CONNECT_ERROR : INTERNAL_ERROR);
  }
  if (isAnswer) return answer(stream, 502, "connection_terminated", "the way to the server was lost");
  giveUpOrRetry(stream, recordFlags);
}

/** Octets of a request have left. */
export function listenerCredit(): void {
  const stream = streamWriting(recordStream);
  if (stream !== null && recordLength >= 4) creditStream(stream, load<u32>(recordPayload));
}

/** Lets time pass. */
export function listenerTick(time: f64): void {
  setClock(time);
  refill(time);
  watchConnection();
  if (openStreams > 0 || idleSince == 0) idleSince = time;
  for (let place: u32 = 0; place < MAX_STREAMS && !ending && room() > ANSWER_ROOM; place++) {
    const stream = streamAt(place);
    if (stream.id == 0) continue;
    const waited = time - stream.since;
    if (stream.blocked && waited > BLOCKED_MS) blameStream(stream, CANCEL);
    else if ((stream.sent || stream.tunnel) && !stream.answered && waited > NETWORK_MS) {
      answer(stream, 504, "http_response_timeout", "the network did not answer in time");
    } else if (!stream.sent && !stream.answered && waited > BODY_MS) {
      answer(stream, 408, "connection_read_timeout", "the body of the request stood still");
    }
  }
  if (!ending && openStreams == 0 && (draining || time - idleSince > SILENCE_MS)) finish();
}

/** The answer has gone out completely. A request that is still coming is of no use to anybody. */
function complete(stream: Stream): void {
  earnAnswer();
  if (stream.remoteEnded) return closeStream(stream);
  resetStream(stream, NO_ERROR);
}

/** Nobody has dealt with the request: it is sent again where that does no harm. */
function giveUpOrRetry(stream: Stream, why: u8): void {
  const again = mayGoAgain(why, stream.isIdempotent, stream.attempts);
  if (again && stream.keepable && !stream.heard) return sendAgain(stream);
  answer(stream, statusOfLoss(why), errorOfLoss(why), wordsOfLoss(why));
}

function sendAgain(stream: Stream): void {
  stream.coded = stream.keptBody;
  startRecord(KIND_MSG_BEGIN, 0, nextOwn(stream));
  putBytes(stream.kept, stream.keptHead);
  finishRecord();
  if (stream.keptBody > 0) emitData(stream.own, stream.kept + stream.keptHead, stream.keptBody);
  if (stream.sent) emitEnd(stream.own);
}

function badAnswer(stream: Stream, why: string): void {
  answer(stream, 502, "http_protocol_error", why);
}

/** Answers in the server's place. */
function answer(stream: Stream, status: u32, error: string, why: string): void {
  emitLog(status < 500 ? LOG_DEBUG : LOG_WARN, why);
  compose(status, "listener", error, why);
  const octets = stream.isHead || windowOf(stream) < <i64> bodyLength() ? 0 : bodyLength();
  listenerAbandon(stream, status);
  stream.begun = stream.incoming = false;
  startBlock();
  encodeNamed(":status", NUMBER, writeNumber(status));
  encodeNamed("proxy-status", STATUS_VALUE, statusLength);
  copyAscii(TEXT, "text/plain");
  encodeNamed("content-type", TEXT, 10);
  if (octets > 0) encodeNamed("content-length", NUMBER, writeNumber(octets));
  send(stream, octets == 0);
  if (octets > 0) {
    writeData(stream.id, BODY_TEXT, octets, true);
    spendWindow(stream, octets);
  }
  complete(stream);
}

/** What is in a block is in the table that client and we share: a block that can't be sent is the end. */
function send(stream: Stream, last: bool): void {
  if (!sendHead(stream, last)) fail(INTERNAL_ERROR, "the head of an answer is too large");
}
