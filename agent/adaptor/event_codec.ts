/** Stream events as records: what the host feeds on side 1. MSG_BEGIN, MSG_DATA, MSG_END, MSG_ABORT and WINDOW, nothing else. */

import { type HeadSource, isHeadSource, type StreamEvent } from "./action.ts";
import { abortReasons, recordHeaderSize, RecordKind } from "./abi.ts";
import { AdaptorError } from "./adaptor_error.ts";
import { encodeHead } from "./head_codec.ts";
import { recordSize, writeFrame, writeU32 } from "./record.ts";

const noOctets = new Uint8Array(0);
const NUMBER_OCTETS = 4;

/**
 * Writes `event` at the start of `target` and returns its length in octets. Throws ADAPTOR_EVENT if it does not fit or
 * breaks the format; `target` then holds nothing of use.
 */
export function writeEvent(target: Uint8Array, event: StreamEvent): number {
  const { stream } = event;
  if (stream >>> 0 !== stream || stream === 0) {
    throw new AdaptorError("ADAPTOR_EVENT", `${stream} is not the number of a stream`);
  }
  switch (event.kind) {
    case "begin":
      if (isHeadSource(event.head)) return writeHead(target, stream, event.head);
      return writeRecord(target, RecordKind.begin, stream, encodeHead(event.head));
    case "data":
      return writeRecord(target, RecordKind.data, stream, event.data);
    case "end":
      return writeRecord(target, RecordKind.end, stream, noOctets);
    case "window":
      return writeNumber(target, RecordKind.window, stream, event.octets);
    case "abort":
      return writeRecord(target, RecordKind.abort, stream, noOctets, abortReasons.indexOf(event.reason ?? "lost"));
  }
}

function writeNumber(target: Uint8Array, kind: number, stream: number, value: number): number {
  if (value >>> 0 !== value) throw new AdaptorError("ADAPTOR_EVENT", `${value} is not a number of octets`);
  checkRoom(target, NUMBER_OCTETS);
  writeU32(target, recordHeaderSize, value);
  return writeFrame(target, 0, kind, 0, stream, NUMBER_OCTETS);
}

function writeHead(target: Uint8Array, stream: number, head: HeadSource): number {
  const { recordOctets } = head;
  checkRoom(target, recordOctets);
  head.writeRecord(target, recordHeaderSize);
  return writeFrame(target, 0, RecordKind.begin, 0, stream, recordOctets);
}

function writeRecord(target: Uint8Array, kind: number, stream: number, payload: Uint8Array, flags = 0): number {
  checkRoom(target, payload.length);
  target.set(payload, recordHeaderSize);
  return writeFrame(target, 0, kind, flags, stream, payload.length);
}

function checkRoom(target: Uint8Array, octets: number): void {
  if (recordSize(octets) <= target.length) return;
  throw new AdaptorError(
    "ADAPTOR_EVENT",
    `a record with ${octets} octets does not fit the adaptor's input buffer of ${target.length}`,
  );
}
