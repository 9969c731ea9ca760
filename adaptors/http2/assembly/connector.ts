/** The connector's end: each request from the network is a stream to the server, and its response a message back. */

import { answerStream } from "../../http/assembly/answer";
import { SERVER_MS } from "../../http/assembly/attempts";
import {
  BODY_CHUNKED,
  BODY_LENGTH,
  BODY_NONE,
  BODY_TO_END,
  formOfRequest,
  hasNoBody,
} from "../../http/assembly/body_form";
import { areHost, areTarget, areToken } from "../../http/assembly/chars";
import { now, setClock } from "../../http/assembly/clock";
import { KEY, keyLength, secure } from "../../http/assembly/config";
import { chunked, contentLength as requestLength, FIELD_OK, host, hostLength, hosts } from "../../http/assembly/fields";
import { isOld, path, pathLength, readMessageHead, subject, subjectLength } from "../../http/assembly/message";
import { ABORT_UNTOUCHED, BEGIN_INTERIM, LOG_WARN } from "../../sdk/assembly/constants";
import { emitAbort, emitLog } from "../../sdk/assembly/emit";
import { putNamedField, putStringProperty, putSubject, startBegin } from "../../sdk/assembly/head_writer";
import { recordLength, recordPayload, recordStream } from "../../sdk/assembly/reader";
import { copyAscii, equalsAscii, equalsIgnoringCase } from "../../sdk/assembly/text";
import { finishRecord, room } from "../../sdk/assembly/writer";
import {
  closeStream,
  creditStream,
  drain,
  draining,
  ending,
  fail,
  finish,
  initialWindow,
  lastId,
  nextId,
  peerStreams,
  resetStream,
  watchConnection,
} from "./connection";
import { listTooLarge } from "./field_list";
import { earnRequest, refill } from "./flood";
import { CANCEL, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR } from "./frame";
import { startBlock } from "./hpack_encoder";
import { contentLength, judgeResponse, judgeTrailers, status, statusText } from "./head";
import { MAX_STREAMS, openStreams, Stream, streamAt, streamWriting, takePlace } from "./stream";
import { endBody, putFields, relayBody } from "./to_network";
import { encodeMessageFields, encodeNamed, sendBody, sendHead } from "./to_socket";

/** How long the server may leave a request waiting for its window, in ms. */
const BLOCKED_MS: f64 = 60_000;
/** How long a connection is kept for the next request; a server that ends it first says so by GOAWAY. */
const IDLE_MS: f64 = 30_000;
/** Numbers of streams are used up after this one. */
const LAST_ID: u32 = 0x7fff_fff0;

/** Octets of output that an answer of our own takes at most. */
const ANSWER_ROOM: u32 = 8192;

const TEXT: usize = memory.data(32, 8);
/** Octets of "http://" and the like. */
const HTTP: u32 = 7;
const HTTPS: u32 = 8;

let idleSince: f64 = 0;
let target: usize = 0;
let targetLength: u32 = 0;

// --- from the network

/** A request begins. Like all that follow, about the record that was read last. */
export function connectorBegin(): void {
  const own = recordStream + 1;
  if ((recordStream & 1) == 0 || streamWriting(own) !== null) return;
  if (lastId >= LAST_ID && !draining) drain();
  if (draining || openStreams >= peerStreams) {
    emitAbort(recordStream, ABORT_UNTOUCHED);
    return;
  }
  earnRequest();
  const fields = readMessageHead();
  const good = fields == FIELD_OK && areToken(subject, subjectLength) && areTarget(path, pathLength) && hosts <= 1 &&
    (hosts == 1 || isOld) && !(isOld && chunked) && findTarget();
  const isHead = equalsAscii(subject, subjectLength, "HEAD");
  if (!good) return refuse(own, 400, "the request is not one of HTTP", isHead);
  if (equalsAscii(subject, subjectLength, "CONNECT")) return refuse(own, 501, "CONNECT is not spoken here", isHead);
  const stream = takePlace(nextId(), own, initialWindow, now);
  stream.isHead = isHead;
  stream.isOld = isOld;
  const kind = formOfRequest();
  stream.body.begin(kind, max<i64>(requestLength, 0));
  startBlock();
  encodeNamed(":method", subject, subjectLength);
  copyAscii(TEXT, "https");
  encodeNamed(":scheme", TEXT, secure ? 5 : 4);
  if (hosts == 1 && hostLength > 0) encodeNamed(":authority", host, hostLength);
  // HTTP/1.0 need not name a host, and servers of HTTP/2 insist on one.
  else if (areHost(KEY, keyLength)) encodeNamed(":authority", KEY, keyLength);
  encodeNamed(":path", target, targetLength);
  encodeMessageFields(false);
  // What was not written is still in the table that server and we share: there is no going on without it.
  if (!sendHead(stream, kind == BODY_NONE)) fail(INTERNAL_ERROR, "the head of the request is too large");
}

/** Octets of a request: how many were taken. */
export function connectorRequestData(): u32 {
  const stream = streamWriting(recordStream + 1);
  if (stream === null || stream.localEnded) return recordLength;
  const taken = sendBody(stream, recordPayload, recordLength);
  if (stream.body.broken) {
    emitLog(LOG_WARN, "the request's body is not what its framing says");
    resetStream(stream, CANCEL);
    return recordLength;
  }
  if (stream.localEnded) stream.since = now;
  return taken;
}

/** The request is complete. */
export function connectorRequestEnd(): void {
  const stream = streamWriting(recordStream + 1);
  if (stream !== null && !stream.localEnded) resetStream(stream, CANCEL);
}

/** A message that a stream has to do with was given up. */
export function connectorAbort(): void {
  const isResponse = (recordStream & 1) == 0;
  const stream = streamWriting(isResponse ? recordStream : recordStream + 1);
  if (stream === null) return;
  // There is nothing left to give up: not the response, or not the request that it would have answered.
  if (isResponse || !stream.begun) stream.sent = true;
  stream.incoming = false;
  resetStream(stream, CANCEL);
}

/** Octets of a response have left. */
export function connectorCredit(): void {
  const stream = streamWriting(recordStream);
  if (stream !== null && recordLength >= 4) creditStream(stream, load<u32>(recordPayload));
}

// --- from the server

/** A header block has come: a response, or its trailers. */
export function connectorHeaders(stream: Stream, last: bool): void {
  if (stream.begun) return takeTrailers(stream, last);
  if (listTooLarge) return badResponse(stream, "the head of the server's response is too large");
  if (!judgeResponse()) return badResponse(stream, "the head of the server's response is malformed");
  if (status < 200) {
    if (last) return badResponse(stream, "the server's response ends before it begins");
    emitResponse(stream, BEGIN_INTERIM, BODY_NONE);
    return;
  }
  const bodiless = hasNoBody(stream.isHead, status);
  if (last && contentLength > 0 && !bodiless) {
    return badResponse(stream, "the server's body is shorter than its length");
  }
  stream.form = last || bodiless
    ? BODY_NONE
    : contentLength >= 0
    ? BODY_LENGTH
    : stream.isOld
    ? BODY_TO_END
    : BODY_CHUNKED;
  stream.left = max<i64>(contentLength, 0);
  stream.remoteEnded = last;
  emitResponse(stream, 0, stream.form);
  stream.begun = true;
  if (last) connectorRemoteEnd(stream, false);
}

/** Octets of a response's body have come. */
export function connectorData(stream: Stream, source: usize, length: u32): void {
  if (!stream.begun) badResponse(stream, "the server's body comes before its head");
  else if (!relayBody(stream, source, length)) resetStream(stream, PROTOCOL_ERROR);
}

/** The response is complete; `withTrailers` says that the block that was read last is its trailers. */
export function connectorRemoteEnd(stream: Stream, withTrailers: bool): void {
  if (!stream.begun) return badResponse(stream, "the server's response has no head");
  if (!endBody(stream, withTrailers)) return resetStream(stream, PROTOCOL_ERROR);
  // A server that answers early does not want the rest.
  if (stream.localEnded) closeStream(stream);
  else resetStream(stream, NO_ERROR);
}

/** The stream is over before its time; `flags` is ABORT_UNTOUCHED or nothing. */
export function connectorAbandon(stream: Stream, flags: u8): void {
  if (stream.sent) return;
  if (stream.begun) emitAbort(stream.own);
  else emitAbort(stream.own - 1, flags);
}

/** Lets time pass. */
export function connectorTick(time: f64): void {
  setClock(time);
  refill(time);
  watchConnection();
  if (openStreams > 0 || idleSince == 0) idleSince = time;
  for (let place: u32 = 0; place < MAX_STREAMS && !ending && room() > ANSWER_ROOM; place++) {
    const stream = streamAt(place);
    if (stream.id == 0) continue;
    const waited = time - stream.since;
    if (stream.blocked && waited > BLOCKED_MS) resetStream(stream, CANCEL);
    else if (stream.localEnded && !stream.begun && waited > SERVER_MS) {
      giveUp(stream, 504, "http_response_timeout", "the server did not answer in time");
    }
  }
  if (!ending && openStreams == 0 && (draining || time - idleSince > IDLE_MS)) finish();
}

function takeTrailers(stream: Stream, last: bool): void {
  if (!last || listTooLarge || !judgeTrailers()) return resetStream(stream, PROTOCOL_ERROR);
  stream.remoteEnded = true;
  connectorRemoteEnd(stream, true);
}

function emitResponse(stream: Stream, flags: u8, form: u8): void {
  startBegin(stream.own, "", flags);
  putSubject(statusText, 3);
  putStringProperty(":version", "2");
  putFields(form == BODY_CHUNKED);
  if (form == BODY_NONE && contentLength < 0 && status >= 200 && status != 204 && status != 304 && !stream.isHead) {
    copyAscii(TEXT, "0");
    putNamedField("content-length", TEXT, 1);
  }
  finishRecord();
}

/** The response can't be passed on; nothing of it has been. */
function badResponse(stream: Stream, why: string): void {
  giveUp(stream, 502, "http_protocol_error", why);
}

/** Answers in the server's place. */
function giveUp(stream: Stream, code: u32, error: string, why: string): void {
  emitLog(LOG_WARN, why);
  answerStream(stream.own, code, error, why, stream.isHead);
  stream.begun = stream.sent = true;
  resetStream(stream, code == 504 ? CANCEL : PROTOCOL_ERROR);
}

/** Answers a request that is not for the server. */
function refuse(own: u32, code: u32, why: string, isHead: bool): void {
  emitLog(LOG_WARN, why);
  answerStream(own, code, "http_request_error", why, isHead);
}

/** Where the request goes, without scheme and host (RFC 9112, 3.2): false for what is no target. */
function findTarget(): bool {
  target = path;
  targetLength = pathLength;
  if (load<u8>(path) == 0x2f) return true;
  if (pathLength == 1 && load<u8>(path) == 0x2a) return true;
  if (equalsAscii(subject, subjectLength, "CONNECT")) return true;
  let at: u32 = 0;
  if (pathLength > HTTP && equalsIgnoringCase(path, HTTP, "http://")) at = HTTP;
  else if (pathLength > HTTPS && equalsIgnoringCase(path, HTTPS, "https://")) at = HTTPS;
  else return false;
  while (at < pathLength && load<u8>(path + at) != 0x2f) {
    // A query without a path would need a slash that is not there.
    if (load<u8>(path + at) == 0x3f) return false;
    at++;
  }
  target = path + at;
  targetLength = pathLength - at;
  if (targetLength > 0) return true;
  copyAscii(TEXT + 16, "/");
  target = TEXT + 16;
  targetLength = 1;
  return true;
}
