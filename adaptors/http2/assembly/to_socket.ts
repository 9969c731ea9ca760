/**
 * The way to the socket: the fields and the body of a message from the network as HEADERS and DATA, as far as the windows of the
 * stream and of the connection allow (RFC 9113, 5.2). Nothing is kept here: what is not taken stays with the host.
 */

import { now } from "../../http/assembly/clock";
import {
  fieldName,
  fieldNameLength,
  fieldValue,
  fieldValueLength,
  isField,
  nextField,
  startFieldLines,
} from "../../http/assembly/fields";
import { nextMessageField, startMessageFields } from "../../http/assembly/message";
import { SPLICE_STREAM_TO_SOCKET } from "../../sdk/assembly/constants";
import { emitResume, emitSplice } from "../../sdk/assembly/emit";
import { copyAscii, lowerCase } from "../../sdk/assembly/text";
import { askForRoom, room } from "../../sdk/assembly/writer";
import { earnFrame } from "./flood";
import {
  DEFAULT_WINDOW,
  FRAME_HEADER,
  FRAME_OCTETS,
  MAX_WINDOW,
  SPLICE_OCTETS,
  writeData,
  writeDataHeader,
  writeHeaders,
} from "./frame";
import { BLOCK, blockLength, encodeField, startBlock } from "./hpack_encoder";
import { MAX_STREAMS, Stream, streamAt } from "./stream";

/** Octets of output without which nothing of a body is written: enough for all trailers that there may be. */
const ROOM: u32 = 6144;
/** Octets of the longest name of a property. */
const NAME_OCTETS: u32 = 1024;
const NAME: usize = memory.data(1024, 8);
const LITERAL: usize = memory.data(64, 8);

/** Octets of the largest DATA frame that is sent, whatever the peer takes: no other stream comes inside it. */
const LONG_FRAME: u32 = 65536;

/** Octets of a DATA frame that the peer takes, and we send. */
let frameOctets: u32 = FRAME_OCTETS;
/** Octets that the connection still allows. */
let sendWindow: i64 = DEFAULT_WINDOW;
/** Where the next round of streams that wait begins, so that they take turns. */
let turn: u32 = 0;
/** Octets that wait at the host, those of the next record among them; 0 when it has not said so. */
let waiting: u32 = 0;

/** Starts a header block with a pseudo-field whose name is an ASCII literal. */
export function encodeNamed(literal: string, value: usize, length: u32): void {
  copyAscii(LITERAL, literal);
  encodeField(LITERAL, literal.length, value, length);
}

/** Adds the fields of the message that the current record begins, in lower case; `tunnel` leaves out what describes a body. */
export function encodeMessageFields(withHost: bool, tunnel: bool = false): void {
  startMessageFields();
  while (nextMessageField(false)) {
    if (isField("transfer-encoding") || isField("http2-settings") || (!withHost && isField("host"))) continue;
    if (tunnel && (isField("content-length") || isField("sec-websocket-accept"))) continue;
    encodeLowerCase();
  }
}

/** Writes the block that was encoded; false when it is too large. */
export function sendHead(stream: Stream, last: bool): bool {
  const length = blockLength();
  if (length == 0 || !writeHeaders(stream.id, BLOCK, length, last)) return false;
  if (last) stream.localEnded = true;
  return true;
}

/** The peer takes frames of so many octets. */
export function limitFrames(octets: u32): void {
  frameOctets = min(octets, LONG_FRAME);
}

/** So many octets wait at the host, those of the next record among them: what follows it may pass by. */
export function noteWaiting(octets: u32): void {
  waiting = octets;
}

/**
 * Takes octets of a message; returns how many. The rest waits for a window, or for room in the output; or it passes by, and with
 * it what waits behind it.
 */
export function sendBody(stream: Stream, source: usize, length: u32): u32 {
  const body = stream.body;
  const there = max(length, waiting);
  let at: u32 = 0;
  while (at < length && !body.broken) {
    if (room() < ROOM) {
      askForRoom();
      break;
    }
    const ahead = body.ahead(there - at);
    if (ahead == 0) {
      body.step(load<u8>(source + at));
      if (body.broken) break;
      at++;
      if (body.complete) endBody(stream);
      continue;
    }
    const window = min(stream.sendWindow, sendWindow);
    if (window <= 0) {
      if (!stream.blocked) stream.since = now;
      stream.blocked = true;
      break;
    }
    const whole = <u32> min<i64>(min(ahead, frameOctets), window);
    if (waiting > 0 && (whole >= SPLICE_OCTETS || whole > length - at)) {
      passBody(stream, there - at);
      break;
    }
    const octets = min(whole, room() - FRAME_HEADER);
    body.take(octets);
    writeData(stream.id, source + at, octets, body.complete);
    sent(stream, octets);
    at += octets;
  }
  return at;
}

/** Has as much of what waits pass by as the windows allow and no framing interrupts, in one frame or several. */
function passBody(stream: Stream, length: u32): void {
  const body = stream.body;
  while (length > 0 && room() >= ROOM) {
    const octets = <u32> min<i64>(min(body.ahead(length), frameOctets), max<i64>(windowOf(stream), 0));
    if (octets == 0) return;
    body.take(octets);
    writeDataHeader(stream.id, octets, body.complete);
    emitSplice(SPLICE_STREAM_TO_SOCKET, incomingOf(stream), octets);
    sent(stream, octets);
    length -= octets;
  }
}

/** Octets of a body have gone out. */
function sent(stream: Stream, octets: u32): void {
  if (stream.body.complete) stream.localEnded = true;
  spendWindow(stream, octets);
  earnFrame(octets, windowOf(stream) <= 0);
}

/** Sends the end of our half, with the trailers of the message if it had any. */
export function endBody(stream: Stream): void {
  stream.localEnded = true;
  const body = stream.body;
  if (body.trailersLength > 0 && encodeTrailers(body.trailers, body.trailersLength)) {
    const length = blockLength();
    if (length > 0) writeHeaders(stream.id, BLOCK, length, true);
    return;
  }
  writeData(stream.id, 0, 0, true);
}

/** Octets that may be sent at once. */
export function windowOf(stream: Stream): i64 {
  return min(stream.sendWindow, sendWindow);
}

/** Octets were sent without `sendBody`. */
export function spendWindow(stream: Stream, octets: u32): void {
  stream.sendWindow -= octets;
  sendWindow -= octets;
}

/** The peer takes so many octets more on the connection; false when that is more than a window can have. */
export function growWindow(octets: u32): bool {
  sendWindow += octets;
  return sendWindow <= MAX_WINDOW;
}

/** Asks for what could not be sent, of the streams for which there is a window now: each takes an octet at least. */
export function resumeAll(): void {
  let octets = sendWindow;
  for (let step: u32 = 0; step < MAX_STREAMS && octets > 0; step++) {
    if (resume(streamAt((turn + step) % MAX_STREAMS))) octets--;
  }
  turn++;
}

/** The same for one stream; whether it is asked for. */
export function resume(stream: Stream): bool {
  if (stream.id == 0 || !stream.blocked || stream.sendWindow <= 0 || sendWindow <= 0) return false;
  stream.blocked = false;
  emitResume(incomingOf(stream));
  return true;
}

/** The number of the message that comes in: a listener's is behind its own, a connector's before. */
export function incomingOf(stream: Stream): u32 {
  return (stream.own & 1) != 0 ? stream.own + 1 : stream.own - 1;
}

/** False when there is none that can be told. */
function encodeTrailers(lines: usize, length: u32): bool {
  let any = false;
  startFieldLines(lines, lines + length);
  for (let read = nextField(); read != 0; read = nextField()) {
    if (read < 0) return false;
    any = any || isTrailer();
  }
  if (!any) return false;
  startBlock();
  startFieldLines(lines, lines + length);
  while (nextField() > 0) if (isTrailer()) encodeLowerCase();
  return true;
}

function isTrailer(): bool {
  return !isField("content-length") && !isField("transfer-encoding") && !isField("host") &&
    fieldNameLength <= NAME_OCTETS;
}

function encodeLowerCase(): void {
  for (let i: u32 = 0; i < fieldNameLength; i++) store<u8>(NAME + i, lowerCase(load<u8>(fieldName + i)));
  encodeField(NAME, fieldNameLength, fieldValue, fieldValueLength);
}
