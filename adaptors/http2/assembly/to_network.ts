/**
 * The way into the network: the fields and the body of a message in the form of HTTP/1.1
 * (`docs/decisions/0009-http-requests-are-messages.md`). A body whose length is not known is chunked.
 */

import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE } from "../../http/assembly/body_form";
import { copyAscii } from "../../sdk/assembly/text";
import { KIND_MSG_DATA, SPLICE_SOCKET_TO_STREAM } from "../../sdk/assembly/constants";
import { emitEnd, emitPieces, emitSplice } from "../../sdk/assembly/emit";
import { putField, putNamedField } from "../../sdk/assembly/head_writer";
import {
  finishRecord,
  payloadLength,
  payloadStart,
  putAscii,
  putBytes,
  putU8,
  startRecord,
} from "../../sdk/assembly/writer";
import { MAX_LIST_OCTETS, name, nameLength, nextField, startFields, value, valueLength } from "./field_list";
import { FRAME_HEADER } from "./frame";
import { HEADER } from "./frame_reader";
import { cookieOctets, isNamed, isPlainField, isPlainTrailer } from "./head";
import { KEPT_OCTETS, Stream } from "./stream";

/** A body is long from so many octets on; a shorter one goes into the network in one piece, if it comes in one. */
const LONG_OCTETS: i64 = 65536;
const COOKIES: usize = memory.data(16512, 8);
/** Octets between two chunks: ends of lines around a size. */
const GAP: usize = memory.data(12, 4);
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
  keepPayload(stream);
  finishRecord();
  return true;
}

/**
 * Has the next octets of a body pass by, and as many of each of the frames that follow, up to so many in all, as long as they have
 * the same header; false when they have to be relayed.
 */
export function spliceBody(stream: Stream, length: u32, frames: u32): bool {
  if (stream.form == BODY_NONE || !stream.begun || stream.sent) return false;
  const hasLength = stream.form == BODY_LENGTH;
  if (stream.relayed + (hasLength ? stream.left : 0) < LONG_OCTETS) return false;
  if (hasLength) {
    if (stream.left < <i64> length) return false;
    frames = <u32> min<i64>(frames, stream.left / length);
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
  stream.further = frames - 1;
  if (frames == 1) return emitSplice(SPLICE_SOCKET_TO_STREAM, stream.own, length);
  countFurther(stream, length, frames - 1);
  const gap = writeGap(stream, length);
  return emitPieces(stream.own, length, <u16> (frames - 1), HEADER, <u8> FRAME_HEADER, GAP, <u8> gap);
}

/** Counts frames as if they had come: what is less than none takes those back that have not. */
function countFurther(stream: Stream, length: u32, frames: i64): void {
  const octets = frames * length;
  if (stream.form == BODY_LENGTH) stream.left -= octets;
  stream.receiveWindow -= octets;
  stream.relayed += octets;
  stream.plain += <u32> octets;
  stream.coded += <u32> (octets + frames * writeGap(stream, length));
}

/** Writes what stands in a message between two frames of this length: how many octets. */
function writeGap(stream: Stream, length: u32): u32 {
  if (stream.form != BODY_CHUNKED) return 0;
  copyAscii(GAP, "\r\n");
  let at = GAP + 2;
  for (let shift = topDigit(length); shift >= 0; shift -= 4) store<u8>(at++, digitAt(length, shift));
  copyAscii(at, "\r\n");
  return <u32> (at + 2 - GAP);
}

/** They have passed, and so many frames behind them. */
export function endSplice(stream: Stream, length: u32, further: u32): void {
  if (further < stream.further) countFurther(stream, length, <i64> further - stream.further);
  stream.further = 0;
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
    keepPayload(stream);
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

/** Keeps what is about to go into the network, to send it again if need be. */
function keepPayload(stream: Stream): void {
  if (!stream.keepable) return;
  const length = payloadLength();
  const at = stream.keptHead + stream.keptBody;
  if (at + length > KEPT_OCTETS) {
    stream.keepable = false;
    return;
  }
  memory.copy(stream.kept + at, payloadStart(), length);
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
  for (let shift = topDigit(length); shift >= 0; shift -= 4) putU8(digitAt(length, shift));
  putAscii("\r\n");
}

/** Where the first hexadecimal digit of a number begins. */
function topDigit(value: u32): i32 {
  let shift: i32 = 28;
  while (shift > 0 && (value >>> shift) == 0) shift -= 4;
  return shift;
}

function digitAt(value: u32, shift: i32): u8 {
  const digit = (value >>> shift) & 15;
  return <u8> (digit < 10 ? 48 + digit : 87 + digit);
}
