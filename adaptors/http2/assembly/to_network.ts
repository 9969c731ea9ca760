/**
 * The way into the network: the fields and the body of a message in the form of HTTP/1.1
 * (`docs/decisions/0009-http-requests-are-messages.md`). A body whose length is not known is chunked.
 */

import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE } from "../../http/assembly/body_form";
import { copyAscii } from "../../sdk/assembly/text";
import { KIND_MSG_DATA, SPLICE_SOCKET_TO_STREAM } from "../../sdk/assembly/constants";
import { emitEnd, emitSplice } from "../../sdk/assembly/emit";
import { putField, putNamedField } from "../../sdk/assembly/head_writer";
import { finishRecord, payloadLength, putAscii, putBytes, putU8, startRecord } from "../../sdk/assembly/writer";
import { MAX_LIST_OCTETS, name, nameLength, nextField, startFields, value, valueLength } from "./field_list";
import { cookieOctets, isNamed, isPlainField, isPlainTrailer } from "./head";
import { KEPT_OCTETS, Stream } from "./stream";

/** A body is long from so many octets on; a shorter one goes into the network in one piece, if it comes in one. */
const LONG_OCTETS: i64 = 65536;
const COOKIES: usize = memory.data(16512, 8);
const CHUNKED: usize = memory.data(8, 8);
const CHUNKED_LENGTH: u32 = 7;

/** Adds the fields of the block that was read last to the open head, cookies as one (RFC 9113, 8.2.3). */
export function putFields(chunked: bool, tunnel: bool = false): void {
  startFields();
  while (nextField()) {
    if (!isPlainField() || (tunnel && (isNamed("content-length") || isNamed("sec-websocket-key")))) continue;
    putField(name, nameLength, value, valueLength);
  }
  if (cookieOctets > 0 && cookieOctets <= MAX_LIST_OCTETS) putCookies();
  if (!chunked) return;
  copyAscii(CHUNKED, "chunked");
  putNamedField("transfer-encoding", CHUNKED, CHUNKED_LENGTH);
}

/** Passes octets of a body on; false when they are more than its length. */
export function relayBody(stream: Stream, source: usize, length: u32): bool {
  if (stream.form == BODY_NONE) return false;
  if (stream.form == BODY_LENGTH) {
    if (stream.left < <i64> length) return false;
    stream.left -= length;
    if (stream.keepable) keep(stream, source, length);
  }
  startRecord(KIND_MSG_DATA, 0, stream.own);
  if (stream.form == BODY_CHUNKED) {
    putSize(length);
    putBytes(source, length);
    putAscii("\r\n");
  } else putBytes(source, length);
  stream.relayed += length;
  stream.plain += length;
  stream.coded += payloadLength();
  finishRecord();
  return true;
}

/** Has the next octets of a body pass by; false when they have to be relayed. */
export function spliceBody(stream: Stream, length: u32): bool {
  if (stream.form == BODY_NONE || !stream.begun || stream.sent) return false;
  const hasLength = stream.form == BODY_LENGTH;
  if (stream.relayed + (hasLength ? stream.left : 0) < LONG_OCTETS) return false;
  if (hasLength) {
    if (stream.left < <i64> length) return false;
    stream.left -= length;
  }
  stream.keepable = false;
  stream.relayed += length;
  stream.plain += length;
  stream.coded += length;
  if (stream.form == BODY_CHUNKED) {
    startRecord(KIND_MSG_DATA, 0, stream.own);
    putSize(length);
    stream.coded += payloadLength();
    finishRecord();
  }
  return emitSplice(SPLICE_SOCKET_TO_STREAM, stream.own, length);
}

/** They have passed. */
export function endSplice(stream: Stream): void {
  if (stream.form != BODY_CHUNKED || !stream.begun || stream.sent) return;
  startRecord(KIND_MSG_DATA, 0, stream.own);
  putAscii("\r\n");
  stream.coded += payloadLength();
  finishRecord();
}

/** Ends the message, with the block that was read last as trailers if there are any; false when it can't end here. */
export function endBody(stream: Stream, withTrailers: bool): bool {
  if (stream.form == BODY_LENGTH && stream.left != 0) return false;
  if (stream.form == BODY_CHUNKED) {
    startRecord(KIND_MSG_DATA, 0, stream.own);
    putAscii("0\r\n");
    if (withTrailers) putTrailers();
    putAscii("\r\n");
    // The other end keeps no more of them.
    if (payloadLength() > KEPT_OCTETS) return false;
    finishRecord();
  }
  stream.sent = true;
  return emitEnd(stream.own);
}

/** Octets of the message have left: how many more the peer may send. */
export function creditOf(stream: Stream, octets: u32): u32 {
  stream.coded -= min(stream.coded, octets);
  const credit = stream.plain - min(stream.plain, stream.coded);
  stream.plain -= credit;
  return credit;
}

function keep(stream: Stream, source: usize, length: u32): void {
  const at = stream.keptHead + stream.keptBody;
  if (at + length > KEPT_OCTETS) {
    stream.keepable = false;
    return;
  }
  memory.copy(stream.kept + at, source, length);
  stream.keptBody += length;
}

function putCookies(): void {
  let at: usize = COOKIES;
  startFields();
  while (nextField()) {
    if (!isNamed("cookie")) continue;
    if (at > COOKIES) {
      copyAscii(at, "; ");
      at += 2;
    }
    memory.copy(at, value, valueLength);
    at += valueLength;
  }
  putNamedField("cookie", COOKIES, <u32> (at - COOKIES));
}

function putTrailers(): void {
  startFields();
  while (nextField()) {
    if (!isPlainTrailer()) continue;
    putBytes(name, nameLength);
    putAscii(": ");
    putBytes(value, valueLength);
    putAscii("\r\n");
  }
}

/** The line before a chunk. */
function putSize(length: u32): void {
  let shift: i32 = 28;
  while (shift > 0 && (length >>> shift) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) {
    const digit = (length >>> shift) & 15;
    putU8(<u8> (digit < 10 ? 48 + digit : 87 + digit));
  }
  putAscii("\r\n");
}
