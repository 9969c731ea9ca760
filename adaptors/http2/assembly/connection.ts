/**
 * The connection as such (RFC 9113, 3 to 6): its beginning and its end, its windows, and what the end of a stream means for it.
 * `listener.ts` and `connector.ts` know what streams mean.
 */

import { now } from "../../http/assembly/clock";
import { isListener } from "../../http/assembly/instance";
import { ABORT_UNTOUCHED, KIND_BYTES, LOG_WARN } from "../../sdk/assembly/constants";
import { emitClose, emitConcurrency, emitLog } from "../../sdk/assembly/emit";
import { finishRecord, putAscii, startRecord } from "../../sdk/assembly/writer";
import { connectorAbandon } from "./connector";
import { MAX_LIST_OCTETS } from "./field_list";
import { spendReset } from "./flood";
import {
  DATA,
  DEFAULT_WINDOW,
  ENABLE_CONNECT_PROTOCOL,
  ENABLE_PUSH,
  ENHANCE_YOUR_CALM,
  GOAWAY,
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  MAX_HEADER_LIST_SIZE,
  NO_ERROR,
  PREFACE,
  PROTOCOL_ERROR,
  putNumber,
  putSetting,
  RST_STREAM,
  SETTINGS,
  SETTINGS_TIMEOUT,
  startFrame,
  STREAM_CLOSED,
  WINDOW_UPDATE,
  writeNumberFrame,
} from "./frame";
import { openReader } from "./frame_reader";
import { listenerAbandon } from "./listener";
import { freePlace, MAX_STREAMS, Stream, STREAM_WINDOW, streamAt, widen } from "./stream";
import { creditOf } from "./to_network";

/** Octets that the peer may send on the connection ahead of what we have looked at. */
const CONNECTION_WINDOW: u32 = 16777216;
/** Octets after which the peer is allowed as many again. */
const CONNECTION_CREDIT: u32 = 4194304;
const STREAM_CREDIT: u32 = 65536;
/** The same of a stream with a wide window, so that its peer sends much at once. */
const WIDE_CREDIT: u32 = 262144;
/** Streams that are over, and of which frames may still be on their way, that are remembered. */
const REMEMBERED: u32 = 128;
/** Marks those that we have given up: whatever comes is ignored. */
const GIVEN_UP: u32 = 0x8000_0000;
/** How long the peer may take for its settings, in ms. */
const SETTINGS_MS: f64 = 10_000;
const OVER: usize = memory.data(512, 8);

let opened: f64 = 0;
let greeted: bool = false;
let receiveWindow: i64 = CONNECTION_WINDOW;
let consumed: u32 = 0;
let over: u32 = 0;

/** The peer has said its settings. */
export let settled: bool = false;
/** The connection is over for this adaptor. */
export let ending: bool = false;
/** No stream begins any more. */
export let draining: bool = false;
/** The largest number of a stream that the client, be it the peer or us, has begun. */
export let lastId: u32 = 0;
/** The window that streams start with. */
export let initialWindow: i64 = DEFAULT_WINDOW;
/** Streams that the peer takes at a time. */
export let peerStreams: u32 = MAX_STREAMS;

/** The peer has said what it wants. */
export function noteSettled(): void {
  settled = true;
}

/** The peer takes so many streams at a time. */
export function limitStreams(streams: u32): void {
  peerStreams = streams;
}

/** Streams start with this window. */
export function startWith(window: i64): void {
  initialWindow = window;
}

/** The client has begun a stream. */
export function noteId(id: u32): void {
  lastId = id;
}

/** Begins a connection. */
export function openConnection(): void {
  openReader(isListener);
  if (isListener) return;
  startRecord(KIND_BYTES, 0, 0);
  putAscii(PREFACE);
  finishRecord();
  greet();
}

/** Says our settings, once; a listener's end not before it knows that the client speaks HTTP/2. */
export function greet(): void {
  if (greeted) return;
  greeted = true;
  startFrame(SETTINGS, 0, 0, isListener ? 24 : 18);
  if (isListener) {
    putSetting(MAX_CONCURRENT_STREAMS, MAX_STREAMS);
    putSetting(ENABLE_CONNECT_PROTOCOL, 1);
  } else putSetting(ENABLE_PUSH, 0);
  putSetting(INITIAL_WINDOW_SIZE, STREAM_WINDOW);
  putSetting(MAX_HEADER_LIST_SIZE, MAX_LIST_OCTETS);
  finishRecord();
  writeNumberFrame(WINDOW_UPDATE, 0, CONNECTION_WINDOW - DEFAULT_WINDOW);
}

/** A number for the next stream of our own. */
export function nextId(): u32 {
  lastId = lastId == 0 ? 1 : lastId + 2;
  return lastId;
}

/** Begins no streams any more, and ends when those that are open have. */
export function drain(): void {
  draining = true;
  if (!isListener) emitConcurrency(0);
}

/** Ends a stream here; `flags`, of a connector's, is ABORT_UNTOUCHED when the server has not looked at it. */
export function abandon(stream: Stream, flags: u8 = 0): void {
  if (isListener) listenerAbandon(stream);
  else connectorAbandon(stream, flags);
  closeStream(stream);
}

/** Ends a stream of which the peer shall know that it was given up. */
export function resetStream(stream: Stream, code: u32): void {
  const id = stream.id;
  abandon(stream, 0);
  writeReset(id, code);
}

/** The peer broke the rules with a stream. What it makes us do counts. */
export function blameStream(stream: Stream, code: u32): void {
  resetStream(stream, code);
  if (!spendReset()) fail(ENHANCE_YOUR_CALM, "the peer has too many streams reset");
}

/** Tells the peer that a stream that is not open was given up. */
export function writeReset(id: u32, code: u32): void {
  remember(id | GIVEN_UP);
  writeNumberFrame(RST_STREAM, id, code);
}

/** The stream is over: its place is free. */
export function closeStream(stream: Stream): void {
  remember(stream.id);
  freePlace(stream);
}

/** Octets of a message into the network have left. */
export function creditStream(stream: Stream, octets: u32): void {
  const credit = creditOf(stream, octets);
  if (credit == 0 || stream.remoteEnded) return;
  stream.credit += credit + widen(stream);
  // Little at a time is said together, but not when the peer may be waiting for it.
  if (stream.credit < (stream.wide ? WIDE_CREDIT : STREAM_CREDIT) && stream.receiveWindow > <i64> STREAM_CREDIT) return;
  stream.receiveWindow += stream.credit;
  writeNumberFrame(WINDOW_UPDATE, stream.id, stream.credit);
  stream.credit = 0;
}

/** Octets of DATA that may come without more being granted. */
export function receivable(stream: Stream): u32 {
  return <u32> max<i64>(min(receiveWindow, stream.receiveWindow), 0);
}

/** Octets of DATA have come; false when they are more than the window of the connection. They are granted again at once. */
export function spendReceived(octets: u32): bool {
  receiveWindow -= octets;
  if (receiveWindow < 0) return false;
  consumed += octets;
  if (consumed < CONNECTION_CREDIT) return true;
  writeNumberFrame(WINDOW_UPDATE, 0, consumed);
  receiveWindow += consumed;
  consumed = 0;
  return true;
}

/** Ends the connection because the peer broke its rules, or asks too much. */
export function fail(code: u32, why: string): void {
  if (ending) return;
  emitLog(LOG_WARN, why);
  writeGoAway(code);
  end(why);
}

/** Ends the connection in order. */
export function finish(): void {
  writeGoAway(NO_ERROR);
  end("");
}

/** Watches over the time the peer takes to say its settings; `now` must be set. */
export function watchConnection(): void {
  if (opened == 0) opened = now;
  if (!settled && now - opened > SETTINGS_MS) {
    fail(SETTINGS_TIMEOUT, "the peer did not begin with its settings in time");
  }
}

/** Whether neither the peer nor we have begun a stream of this number. */
export function isIdle(id: u32): bool {
  return (id & 1) == 0 || id > lastId;
}

/** Gives all streams up, and ends. */
export function end(text: string): void {
  for (let place: u32 = 0; place < MAX_STREAMS; place++) {
    const stream = streamAt(place);
    if (stream.id != 0) abandon(stream, 0);
  }
  emitClose(text);
  ending = true;
}

function writeGoAway(code: u32): void {
  if (!greeted) return;
  startFrame(GOAWAY, 0, 0, 8);
  putNumber(isListener ? lastId : 0);
  putNumber(code);
  finishRecord();
}

function remember(id: u32): void {
  store<u32>(OVER + ((over++ % REMEMBERED) << 2), id);
}

/** A frame has come for a stream that is over, or never was. */
export function takeStray(id: u32, isData: bool): void {
  if (isIdle(id)) return fail(PROTOCOL_ERROR, "a frame for a stream that has not begun");
  let known = isData;
  for (let i: u32 = 0; i < REMEMBERED; i++) {
    const one = load<u32>(OVER + (i << 2));
    if (one == (id | GIVEN_UP)) return;
    if (one == id) known = true;
  }
  if (!known) return fail(PROTOCOL_ERROR, "a stream begins behind one with a higher number");
  writeReset(id, STREAM_CLOSED);
  if (!spendReset()) fail(ENHANCE_YOUR_CALM, "the peer sends too much for streams that are over");
}
