/** Frames (RFC 9113, 4 and 6): their numbers, and writing them. Every frame goes out as one record. */

import { KIND_BYTES } from "../../sdk/assembly/constants";
import { finishRecord, putBytes, putU16, putU32, putU8, startRecord } from "../../sdk/assembly/writer";

export const DATA: u8 = 0;
export const HEADERS: u8 = 1;
export const PRIORITY: u8 = 2;
export const RST_STREAM: u8 = 3;
export const SETTINGS: u8 = 4;
export const PUSH_PROMISE: u8 = 5;
export const PING: u8 = 6;
export const GOAWAY: u8 = 7;
export const WINDOW_UPDATE: u8 = 8;
export const CONTINUATION: u8 = 9;

export const FLAG_ACK: u8 = 0x1;
export const FLAG_END_STREAM: u8 = 0x1;
export const FLAG_END_HEADERS: u8 = 0x4;
export const FLAG_PADDED: u8 = 0x8;
export const FLAG_PRIORITY: u8 = 0x20;

export const NO_ERROR: u32 = 0;
export const PROTOCOL_ERROR: u32 = 1;
export const INTERNAL_ERROR: u32 = 2;
export const FLOW_CONTROL_ERROR: u32 = 3;
export const SETTINGS_TIMEOUT: u32 = 4;
export const STREAM_CLOSED: u32 = 5;
export const FRAME_SIZE_ERROR: u32 = 6;
export const REFUSED_STREAM: u32 = 7;
export const CANCEL: u32 = 8;
export const COMPRESSION_ERROR: u32 = 9;
export const CONNECT_ERROR: u32 = 10;
export const ENHANCE_YOUR_CALM: u32 = 11;

export const HEADER_TABLE_SIZE: u32 = 1;
export const ENABLE_PUSH: u32 = 2;
export const MAX_CONCURRENT_STREAMS: u32 = 3;
export const INITIAL_WINDOW_SIZE: u32 = 4;
export const MAX_FRAME_SIZE: u32 = 5;
export const MAX_HEADER_LIST_SIZE: u32 = 6;
export const ENABLE_CONNECT_PROTOCOL: u32 = 8;

/** What a client begins with (3.4). */
export const PREFACE: string = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** Octets before the payload. */
export const FRAME_HEADER: u32 = 9;
/** Largest payload: the size that every peer takes. */
export const FRAME_OCTETS: u32 = 16384;
/** Octets of a DATA frame from which on they pass by: fewer cost less when they are taken along. */
export const SPLICE_OCTETS: u32 = 4096;
/** Largest window. */
export const MAX_WINDOW: i64 = 0x7fff_ffff;
/** The window that streams and the connection start with. */
export const DEFAULT_WINDOW: u32 = 65535;

/** Opens a record with the header of a frame; its payload and `finishRecord` follow. */
export function startFrame(type: u8, flags: u8, id: u32, length: u32): void {
  startRecord(KIND_BYTES, 0, 0);
  putU8(<u8> (length >>> 16));
  putU16(bswap<u16>(<u16> length));
  putU8(type);
  putU8(flags);
  putNumber(id);
}

/** Adds a number in network order. */
export function putNumber(value: u32): void {
  putU32(bswap<u32>(value));
}

/** Adds a setting to a SETTINGS frame. */
export function putSetting(setting: u32, value: u32): void {
  putU16(bswap<u16>(<u16> setting));
  putNumber(value);
}

/** A frame whose payload is one number. */
export function writeNumberFrame(type: u8, id: u32, value: u32): void {
  startFrame(type, 0, id, 4);
  putNumber(value);
  finishRecord();
}

/** Octets of a body, which fit one frame and the room there is. */
export function writeData(id: u32, source: usize, length: u32, last: bool): void {
  startFrame(DATA, last ? FLAG_END_STREAM : 0, id, length);
  putBytes(source, length);
  finishRecord();
}

/** The header of octets of a body that pass by. */
export function writeDataHeader(id: u32, length: u32, last: bool): void {
  startFrame(DATA, last ? FLAG_END_STREAM : 0, id, length);
  finishRecord();
}

/** A header block, in as many frames as it takes; false when there is no room for it. */
export function writeHeaders(id: u32, block: usize, length: u32, last: bool): bool {
  let type = HEADERS;
  let flags: u8 = last ? FLAG_END_STREAM : 0;
  while (true) {
    const piece = min(length, FRAME_OCTETS);
    length -= piece;
    if (length == 0) flags |= FLAG_END_HEADERS;
    startFrame(type, flags, id, piece);
    putBytes(block, piece);
    if (!finishRecord()) return false;
    if (length == 0) return true;
    block += piece;
    type = CONTINUATION;
    flags = 0;
  }
}

/** A number in network order. */
export function numberAt(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}
