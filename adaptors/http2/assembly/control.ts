/** Frames that carry no part of a message (RFC 9113, 6.3 to 6.9). */

import { now } from "../../http/assembly/clock";
import { isListener } from "../../http/assembly/instance";
import { emitConcurrency } from "../../sdk/assembly/emit";
import { finishRecord, putBytes } from "../../sdk/assembly/writer";
import {
  abandon,
  blameStream,
  drain,
  draining,
  ending,
  fail,
  initialWindow,
  isIdle,
  limitStreams,
  noteSettled,
  peerStreams,
  startWith,
  writeReset,
} from "./connection";
import { spendReset } from "./flood";
import {
  ENABLE_PUSH,
  ENHANCE_YOUR_CALM,
  FLAG_ACK,
  FLOW_CONTROL_ERROR,
  FRAME_OCTETS,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEADER_TABLE_SIZE,
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  MAX_FRAME_SIZE,
  MAX_WINDOW,
  numberAt,
  PING,
  PRIORITY,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  RST_STREAM,
  SETTINGS,
  startFrame,
  WINDOW_UPDATE,
} from "./frame";
import { limitTable } from "./hpack_encoder";
import { MAX_STREAMS, streamAt, streamOf } from "./stream";
import { growWindow, limitFrames, resume, resumeAll } from "./to_socket";

/** Who has waited so long for an answer may give up without being counted, in ms. */
const PATIENT_MS: f64 = 1000;
/** Largest table of HPACK that we use. */
const TABLE_OCTETS: u32 = 4096;

/** SETTINGS: what the peer wants (6.5). */
export function takeSettings(flags: u8, id: u32, payload: usize, length: u32): void {
  if (id != 0) return fail(PROTOCOL_ERROR, "SETTINGS names a stream");
  if ((flags & FLAG_ACK) != 0) {
    if (length != 0) fail(FRAME_SIZE_ERROR, "an acknowledgement of SETTINGS has a payload");
    return;
  }
  if (length % 6 != 0) return fail(FRAME_SIZE_ERROR, "SETTINGS is cut short");
  applySettings(payload, length);
  if (ending) return;
  noteSettled();
  if (!isListener && !draining) emitConcurrency(peerStreams);
  startFrame(SETTINGS, FLAG_ACK, 0, 0);
  finishRecord();
  resumeAll();
}

function takeSetting(setting: u32, value: u32): void {
  switch (setting) {
    case HEADER_TABLE_SIZE:
      return limitTable(min(value, TABLE_OCTETS));
    case ENABLE_PUSH:
      if (value > 1 || (value == 1 && !isListener)) fail(PROTOCOL_ERROR, "ENABLE_PUSH has an impossible value");
      return;
    case MAX_CONCURRENT_STREAMS:
      return limitStreams(min(value, MAX_STREAMS));
    case INITIAL_WINDOW_SIZE:
      if (<i64> value > MAX_WINDOW) return fail(FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE is over the largest window");
      return moveWindows(<i64> value);
    case MAX_FRAME_SIZE:
      if (value < FRAME_OCTETS || value > 0xff_ffff) {
        return fail(PROTOCOL_ERROR, "MAX_FRAME_SIZE has an impossible value");
      }
      return limitFrames(value);
  }
}

/** What streams start with has changed, and counts for those that have (6.9.2). */
function moveWindows(window: i64): void {
  const change = window - initialWindow;
  startWith(window);
  for (let place: u32 = 0; place < MAX_STREAMS; place++) {
    const stream = streamAt(place);
    if (stream.id == 0) continue;
    stream.sendWindow += change;
    if (stream.sendWindow > MAX_WINDOW) return fail(FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE makes a window too large");
  }
}

/** Takes over settings, which are there as a whole. */
export function applySettings(payload: usize, length: u32): void {
  for (let at: u32 = 0; at < length && !ending; at += 6) {
    takeSetting(bswap<u16>(load<u16>(payload + at)), numberAt(payload + at + 2));
  }
}

/** PING is answered (6.7). */
export function takePing(flags: u8, id: u32, payload: usize, length: u32): void {
  if (id != 0) return fail(PROTOCOL_ERROR, "PING names a stream");
  if (length != 8) return fail(FRAME_SIZE_ERROR, "PING has not 8 octets");
  if ((flags & FLAG_ACK) != 0) return;
  startFrame(PING, FLAG_ACK, 0, 8);
  putBytes(payload, 8);
  finishRecord();
}

/** GOAWAY: the peer begins no more, or takes no more (6.8). */
export function takeGoAway(id: u32, payload: usize, length: u32): void {
  if (id != 0) return fail(PROTOCOL_ERROR, "GOAWAY names a stream");
  if (length < 8) return fail(FRAME_SIZE_ERROR, "GOAWAY is cut short");
  drain();
  if (isListener) return;
  const last = numberAt(payload) & 0x7fff_ffff;
  for (let place: u32 = 0; place < MAX_STREAMS; place++) {
    const stream = streamAt(place);
    // Those behind the last one were not looked at: they may go elsewhere.
    if (stream.id > last) abandon(stream, 1);
  }
}

/** WINDOW_UPDATE: the peer takes more (6.9). */
export function takeWindowUpdate(id: u32, payload: usize, length: u32): void {
  if (length != 4) return fail(FRAME_SIZE_ERROR, "WINDOW_UPDATE has not 4 octets");
  const octets = numberAt(payload) & 0x7fff_ffff;
  if (id == 0) {
    if (octets == 0) return fail(PROTOCOL_ERROR, "WINDOW_UPDATE of nothing");
    if (!growWindow(octets)) return fail(FLOW_CONTROL_ERROR, "the window of the connection is too large");
    return resumeAll();
  }
  if (isIdle(id)) return fail(PROTOCOL_ERROR, "WINDOW_UPDATE for a stream that has not begun");
  const stream = streamOf(id);
  if (stream === null) return;
  if (octets == 0) return blameStream(stream, PROTOCOL_ERROR);
  stream.sendWindow += octets;
  if (stream.sendWindow > MAX_WINDOW) return blameStream(stream, FLOW_CONTROL_ERROR);
  resume(stream);
}

/** PRIORITY is of no effect (5.3.2), but it has a form. */
export function takePriority(id: u32, length: u32): void {
  if (id == 0) return fail(PROTOCOL_ERROR, "PRIORITY names no stream");
  if (length == 5) return;
  const stream = streamOf(id);
  if (stream === null) writeReset(id, FRAME_SIZE_ERROR);
  else blameStream(stream, FRAME_SIZE_ERROR);
}

/** RST_STREAM: the peer has given a stream up (6.4). */
export function takeReset(id: u32, payload: usize, length: u32): void {
  if (id == 0) return fail(PROTOCOL_ERROR, "RST_STREAM names no stream");
  if (length != 4) return fail(FRAME_SIZE_ERROR, "RST_STREAM has not 4 octets");
  if (isIdle(id)) return fail(PROTOCOL_ERROR, "RST_STREAM for a stream that has not begun");
  const stream = streamOf(id);
  // Who has waited for a while, or has got a part of the answer, floods nobody by giving up.
  const early = stream === null || (!stream.answered && now - stream.since < PATIENT_MS);
  if (stream !== null) abandon(stream, numberAt(payload) == REFUSED_STREAM ? 1 : 0);
  if (isListener && early && !spendReset()) fail(ENHANCE_YOUR_CALM, "the client cancels too many requests");
}
