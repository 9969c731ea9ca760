/** TEST SUPPORT, never imported by the product: stream events as an adaptor reads them. */

import { abortReasons, RecordKind } from "./abi.ts";
import type { StreamEvent } from "./action.ts";
import { readHead } from "./head_codec.ts";
import { readU32, RecordReader } from "./record.ts";

/** Decodes events, as an adaptor would. Data are views of `bytes`. Throws ADAPTOR_RECORD. */
export function readEvents(bytes: Uint8Array): StreamEvent[] {
  const events: StreamEvent[] = [];
  const record = new RecordReader(bytes);
  while (record.next()) {
    const known = record.kind === RecordKind.abort ? abortReasons.length : 1;
    if (record.flags >= known) throw record.fault(`has unknown flags ${record.flags}`);
    if (record.stream === 0) throw record.fault("names no stream");
    events.push(readEvent(record));
  }
  return events;
}

function readEvent(record: RecordReader): StreamEvent {
  const { stream } = record;
  switch (record.kind) {
    case RecordKind.begin:
      return { kind: "begin", stream, head: readHead(record.payload(), (what) => record.fault(what)) };
    case RecordKind.data:
      return { kind: "data", stream, data: record.payload() };
    case RecordKind.window:
      if (record.length !== 4) throw record.fault("must have a payload of 4 octets");
      return { kind: "window", stream, octets: readU32(record.payload(), 0) };
    case RecordKind.end:
    case RecordKind.abort:
      if (record.length !== 0) throw record.fault("must have no payload");
      if (record.kind === RecordKind.end) return { kind: "end", stream };
      return record.flags === 0
        ? { kind: "abort", stream }
        : { kind: "abort", stream, reason: abortReasons[record.flags]! };
    default:
      throw record.fault(`is of kind ${record.kind}, which is no stream event`);
  }
}
