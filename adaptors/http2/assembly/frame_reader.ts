/**
 * Octets of the socket become frames, and those of streams become what happens to streams (RFC 9113, 4 and 6.1, 6.2, 6.10).
 *
 * A frame is looked at only when the output has room for all that may come of it, so nothing is ever half done.
 */

import { isListener } from "../../http/assembly/instance";
import { INPUT } from "../../sdk/assembly/buffers";
import { FLAG_EOF, FLAG_SPLICED, FURTHER_SHIFT } from "../../sdk/assembly/constants";
import { copyAscii } from "../../sdk/assembly/text";
import { room } from "../../sdk/assembly/writer";
import {
  blameStream,
  end,
  ending,
  fail,
  greet,
  isIdle,
  noteId,
  receivable,
  settled,
  spendReceived,
  takeStray,
} from "./connection";
import { connectorData, connectorHeaders, connectorRemoteEnd } from "./connector";
import { takeGoAway, takePing, takePriority, takeReset, takeSettings, takeWindowUpdate } from "./control";
import { isFlood, MAX_LIST_OCTETS, startList } from "./field_list";
import { spendControl } from "./flood";
import {
  COMPRESSION_ERROR,
  CONTINUATION,
  DATA,
  ENHANCE_YOUR_CALM,
  FLAG_ACK,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FLAG_PADDED,
  FLAG_PRIORITY,
  FLOW_CONTROL_ERROR,
  FRAME_HEADER,
  FRAME_OCTETS,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEADERS,
  numberAt,
  PING,
  PREFACE,
  PRIORITY,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  SPLICE_OCTETS,
  STREAM_CLOSED,
  WINDOW_UPDATE,
} from "./frame";
import { BLOCK_OCTETS, decodeBlock } from "./hpack_decoder";
import { listenerData, listenerHeaders, listenerRemoteEnd, listenerSplice, listenerSpliced } from "./listener";
import { streamOf } from "./stream";
import { endSplice, spliceBody } from "./to_network";
import { beginUpgrade, takeUpgrade, upgraded } from "./upgrade";

/** Room that the output must have for a frame: a head of MAX_LIST_OCTETS, and the end of every stream. */
const ROOM: u32 = 24576;
const DATA_ROOM: u32 = 2048;
/** Frames that one header block may come in. */
const MAX_FRAGMENTS: u32 = 16;

/** DATA frames that may pass by behind one that does: as many as one read brings. */
const MAX_FURTHER: u32 = 15;

const PREFACE_OCTETS: u32 = 24;
/** Those that nothing but HTTP/2 begins with. */
const FIRST_LINE: u32 = 16;
const PREFACE_TEXT: usize = memory.data(24, 8);
/** The header of the current frame, or as much of the next one as has come. */
export const HEADER: usize = memory.data(16, 8);
const PAYLOAD: usize = memory.data(16384, 8);
const BLOCK_TEXT: usize = memory.data(24576, 8);

const IN_PREFACE: u8 = 0;
const IN_HEADER: u8 = 1;
const IN_PAYLOAD: u8 = 2;
const IN_DATA: u8 = 3;
const IN_UPGRADE: u8 = 4;
/** The content of a DATA frame passes by. */
const IN_SPLICE: u8 = 5;

let state: u8 = IN_HEADER;
/** Octets of the preface, the header or the payload that have come. */
let gathered: u32 = 0;
/** The current frame. */
let frameLength: u32 = 0;
let frameType: u8 = 0;
let frameFlags: u8 = 0;
let frameId: u32 = 0;
/** Octets of a DATA frame that are to come: of the body, and of padding. */
let dataLeft: u32 = 0;
let padLeft: u32 = 0;
let padExpected: bool = false;
/** The header block that is being gathered; 0 for none. */
let blockId: u32 = 0;
let blockEnds: bool = false;
let blockOctets: u32 = 0;
let fragments: u32 = 0;

/** Begins with the preface of a client, or without. */
export function openReader(withPreface: bool): void {
  copyAscii(PREFACE_TEXT, PREFACE);
  if (withPreface) state = IN_PREFACE;
}

/** Takes socket octets; returns how many. The rest wants an empty output. */
export function takeSocket(length: u32, flags: i32): i32 {
  let at: u32 = 0;
  if (state == IN_SPLICE && (flags & FLAG_SPLICED) != 0) endPassing(<u32> (flags >>> FURTHER_SHIFT));
  while (at < length && !ending) {
    const taken = takeSome(INPUT + at, length - at);
    if (taken == 0) return at;
    at += taken;
  }
  if (!ending && (flags & FLAG_EOF) != 0) end("");
  return length;
}

function takeSome(source: usize, length: u32): u32 {
  // What follows the frame comes when its content has passed.
  if (state == IN_SPLICE || room() < (state == IN_DATA ? DATA_ROOM : ROOM)) return 0;
  switch (state) {
    case IN_PREFACE:
      return takePreface(source, length);
    case IN_HEADER:
      return takeHeader(source, length);
    case IN_PAYLOAD:
      return takePayload(source, length);
    case IN_UPGRADE:
      return takeRequest(source, length);
    default:
      return takeData(source, length);
  }
}

function takePreface(source: usize, length: u32): u32 {
  const octets = min(length, PREFACE_OCTETS - gathered);
  let same: u32 = 0;
  while (same < octets && load<u8>(source + same) == load<u8>(PREFACE_TEXT + gathered + same)) same++;
  gathered += same;
  if (same < octets) return same + takeOther(source + same, length - same);
  if (gathered < PREFACE_OCTETS) return octets;
  greet();
  nextFrame();
  return octets;
}

/** What came is not the preface, though `gathered` octets of it were: it may still be a request of HTTP/1.1. */
function takeOther(source: usize, length: u32): u32 {
  const first = gathered > 0 ? load<u8>(PREFACE_TEXT) : load<u8>(source);
  if (!upgraded && gathered < FIRST_LINE && isCapital(first)) {
    state = IN_UPGRADE;
    beginUpgrade(PREFACE_TEXT, gathered);
    return takeRequest(source, length);
  }
  greet();
  fail(PROTOCOL_ERROR, "the client does not speak HTTP/2");
  return length;
}

function takeRequest(source: usize, length: u32): u32 {
  const taken = takeUpgrade(source, length);
  if (!upgraded) return taken;
  state = IN_PREFACE;
  gathered = 0;
  return taken;
}

/** Whether a method of HTTP may begin with it: what does not would not understand an answer either. */
function isCapital(octet: u8): bool {
  return <u8> (octet - 65) < 26;
}

function takeHeader(source: usize, length: u32): u32 {
  const octets = min(length, FRAME_HEADER - gathered);
  memory.copy(HEADER + gathered, source, octets);
  gathered += octets;
  if (gathered < FRAME_HEADER) return octets;
  gathered = 0;
  frameLength = ((<u32> load<u8>(HEADER)) << 16) | <u32> bswap<u16>(load<u16>(HEADER, 1));
  frameType = load<u8>(HEADER, 3);
  frameFlags = load<u8>(HEADER, 4);
  frameId = numberAt(HEADER + 5) & 0x7fff_ffff;
  startFrameOf();
  return octets;
}

function startFrameOf(): void {
  if (frameLength > FRAME_OCTETS) return fail(FRAME_SIZE_ERROR, "a frame is too large");
  if (!settled && (frameType != SETTINGS || (frameFlags & FLAG_ACK) != 0)) {
    return fail(PROTOCOL_ERROR, "the peer does not begin with its settings");
  }
  if (blockId != 0 && (frameType != CONTINUATION || frameId != blockId)) {
    return fail(PROTOCOL_ERROR, "a header block is interrupted");
  }
  if (frameType == DATA) return startData();
  state = IN_PAYLOAD;
  if (frameLength == 0) takeFrame(PAYLOAD);
}

function takePayload(source: usize, length: u32): u32 {
  if (gathered == 0 && length >= frameLength) {
    const octets = frameLength;
    takeFrame(source);
    return octets;
  }
  const octets = min(length, frameLength - gathered);
  memory.copy(PAYLOAD + gathered, source, octets);
  gathered += octets;
  if (gathered == frameLength) takeFrame(PAYLOAD);
  return octets;
}

function nextFrame(): void {
  state = IN_HEADER;
  gathered = 0;
}

function takeFrame(payload: usize): void {
  const length = frameLength;
  nextFrame();
  switch (frameType) {
    case HEADERS:
      return takeHeaders(payload, length);
    case CONTINUATION:
      return takeContinuation(payload, length);
    case RST_STREAM:
      return takeReset(frameId, payload, length);
    case GOAWAY:
      return takeGoAway(frameId, payload, length);
    case PUSH_PROMISE:
      return fail(PROTOCOL_ERROR, "the peer pushes, though it must not");
  }
  if (!spendControl()) return fail(ENHANCE_YOUR_CALM, "the peer sends too many frames without content");
  switch (frameType) {
    case SETTINGS:
      return takeSettings(frameFlags, frameId, payload, length);
    case PING:
      return takePing(frameFlags, frameId, payload, length);
    case WINDOW_UPDATE:
      return takeWindowUpdate(frameId, payload, length);
    case PRIORITY:
      return takePriority(frameId, length);
  }
}

function takeHeaders(payload: usize, length: u32): void {
  if (frameId == 0) return fail(PROTOCOL_ERROR, "HEADERS names no stream");
  let from: u32 = 0;
  let padding: u32 = 0;
  if ((frameFlags & FLAG_PADDED) != 0) {
    if (length == 0) return fail(FRAME_SIZE_ERROR, "HEADERS is cut short");
    padding = load<u8>(payload);
    from = 1;
  }
  if ((frameFlags & FLAG_PRIORITY) != 0) from += 5;
  if (from > length) return fail(FRAME_SIZE_ERROR, "HEADERS is cut short");
  if (padding > length - from) return fail(PROTOCOL_ERROR, "the padding of HEADERS is longer than the frame");
  blockId = frameId;
  blockEnds = (frameFlags & FLAG_END_STREAM) != 0;
  blockOctets = 0;
  fragments = 0;
  takeFragment(payload + from, length - from - padding);
}

function takeContinuation(payload: usize, length: u32): void {
  if (blockId == 0) return fail(PROTOCOL_ERROR, "CONTINUATION continues nothing");
  takeFragment(payload, length);
}

function takeFragment(source: usize, length: u32): void {
  const last = (frameFlags & FLAG_END_HEADERS) != 0;
  if (++fragments > MAX_FRAGMENTS || length > BLOCK_OCTETS - blockOctets) {
    return fail(ENHANCE_YOUR_CALM, "a header block is too large");
  }
  if (!last || blockOctets > 0) {
    memory.copy(BLOCK_TEXT + blockOctets, source, length);
    source = BLOCK_TEXT;
  }
  blockOctets += length;
  if (!last) return;
  const id = blockId;
  blockId = 0;
  startList();
  if (!decodeBlock(source, blockOctets)) return fail(COMPRESSION_ERROR, "a header block can't be read");
  if (isFlood()) return fail(ENHANCE_YOUR_CALM, "a header block stands for too much");
  takeBlock(id);
}

function takeBlock(id: u32): void {
  const stream = streamOf(id);
  if (stream !== null && stream.remoteEnded) return blameStream(stream, STREAM_CLOSED);
  if (stream === null && (!isIdle(id) || !isListener)) return takeStray(id, false);
  if (stream === null) {
    if ((id & 1) == 0) return fail(PROTOCOL_ERROR, "the client uses a number that is the server's");
    noteId(id);
  }
  if (isListener) listenerHeaders(id, stream, blockEnds);
  else connectorHeaders(stream!, blockEnds);
}

function startData(): void {
  if (frameId == 0) return fail(PROTOCOL_ERROR, "DATA names no stream");
  if (isIdle(frameId)) return fail(PROTOCOL_ERROR, "DATA for a stream that has not begun");
  padExpected = (frameFlags & FLAG_PADDED) != 0;
  if (padExpected && frameLength == 0) return fail(FRAME_SIZE_ERROR, "DATA is cut short");
  if (!spendReceived(frameLength)) return fail(FLOW_CONTROL_ERROR, "the peer ignores the window of the connection");
  dataLeft = frameLength;
  padLeft = 0;
  state = IN_DATA;
  const stream = streamOf(frameId);
  if (stream === null) takeStray(frameId, true);
  else if (stream.remoteEnded) blameStream(stream, STREAM_CLOSED);
  else {
    stream.receiveWindow -= frameLength;
    if (stream.receiveWindow < 0) blameStream(stream, FLOW_CONTROL_ERROR);
  }
  if (ending) return;
  if (frameLength > 0) {
    if (!padExpected) passContent();
    return;
  }
  if ((frameFlags & FLAG_END_STREAM) == 0 && !spendControl()) {
    return fail(ENHANCE_YOUR_CALM, "the peer sends too many frames without content");
  }
  endData();
}

function takeData(source: usize, length: u32): u32 {
  const stream = streamOf(frameId);
  if (padExpected) {
    padExpected = false;
    padLeft = load<u8>(source);
    dataLeft--;
    if (padLeft > dataLeft) {
      fail(PROTOCOL_ERROR, "the padding of DATA is longer than the frame");
      return length;
    }
    dataLeft -= padLeft;
    // What is no content is granted again at once.
    if (stream !== null) stream.credit += padLeft + 1;
    if (dataLeft + padLeft == 0) endData();
    else passContent();
    return 1;
  }
  if (dataLeft == 0) {
    const octets = min(length, padLeft);
    padLeft -= octets;
    if (padLeft == 0) endData();
    return octets;
  }
  // Some is left for what the octets turn into.
  const octets = min(min(length, dataLeft), room() - (DATA_ROOM >>> 1));
  if (stream !== null && !stream.remoteEnded) {
    if (isListener) listenerData(stream, source, octets);
    else connectorData(stream, source, octets);
  }
  dataLeft -= octets;
  if (!ending && dataLeft + padLeft == 0) endData();
  return octets;
}

/** Has the content of the DATA frame pass by, if it is much of a body that is long, and with it frames that begin the same way. */
function passContent(): void {
  if (dataLeft < SPLICE_OCTETS) return;
  const stream = streamOf(frameId);
  if (stream === null || stream.remoteEnded) return;
  const frames = frameFlags == 0 ? 1 + min(receivable(stream) / dataLeft, MAX_FURTHER) : 1;
  if (isListener ? listenerSplice(stream, dataLeft, frames) : spliceBody(stream, dataLeft, frames)) state = IN_SPLICE;
}

/** It has passed, and so many frames more; by now the stream may be over. */
function endPassing(further: u32): void {
  state = IN_DATA;
  const length = dataLeft;
  dataLeft = 0;
  const stream = streamOf(frameId);
  if (stream !== null) {
    if (isListener) listenerSpliced(stream, length, further);
    else endSplice(stream, length, further);
  }
  if (further > 0 && !spendReceived(further * length)) {
    return fail(FLOW_CONTROL_ERROR, "the peer ignores the window of the connection");
  }
  if (padLeft == 0) endData();
}

/** The DATA frame is complete. */
function endData(): void {
  nextFrame();
  const stream = streamOf(frameId);
  if (stream === null || (frameFlags & FLAG_END_STREAM) == 0) return;
  stream.remoteEnded = true;
  if (isListener) listenerRemoteEnd(stream, false);
  else connectorRemoteEnd(stream, false);
}
