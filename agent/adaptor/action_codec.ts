/** Actions as records: what an adaptor answers. Reading is the host's half; writing serves tests and tools. */

import type { Action, FurtherPieces, SpliceSide } from "./action.ts";
import {
  furtherSize,
  INTERIM_FLAG,
  logLevels,
  recordHeaderSize,
  RecordKind,
  splicePayloadSize,
  SpliceSideNumber,
  UNTOUCHED_FLAG,
} from "./abi.ts";
import { AdaptorError } from "./adaptor_error.ts";
import { encodeHead, readHead } from "./head_codec.ts";
import { formatLimits } from "./limits.ts";
import { encodeText, readText, readU32, RecordReader, recordSize, writeFrame, writeU32 } from "./record.ts";

const forGoodWord = 0xffff_ffff;
const splitWord = 0x1_0000_0000;

/**
 * Decodes the records in `bytes` and appends them to `actions`. Octets are views of `bytes`, or copies if it is to change before they
 * are used. Throws ADAPTOR_RECORD for anything
 * that {@link encodeAction} would not have made.
 */
export function readActions(bytes: Uint8Array, actions: Action[], copies = false): void {
  const record = new RecordReader(bytes);
  while (record.next()) {
    if (record.flags !== 0 && !mayHaveFlags(record)) throw record.fault(`has unknown flags ${record.flags}`);
    actions.push(isAboutStream(record) ? readStreamAction(record, copies) : readPlainAction(record, copies));
  }
}

/** Encodes one action. Throws ADAPTOR_EVENT for one that breaks the format. */
export function encodeAction(action: Action): Uint8Array {
  const payload = payloadOf(action);
  const target = new Uint8Array(recordSize(payload.length));
  target.set(payload, recordHeaderSize);
  writeFrame(
    target,
    0,
    kindOf(action),
    flagsOf(action),
    "stream" in action ? action.stream : 0,
    payload.length,
  );
  return target;
}

/** Resuming a stream and saying how many there may be are one record: with a stream, and without. */
function kindOf(action: Action): number {
  return action.kind === "resume" || action.kind === "concurrency" ? RecordKind.window : RecordKind[action.kind];
}

function mayHaveFlags({ kind, flags }: RecordReader): boolean {
  return kind === RecordKind.log || (kind === RecordKind.begin && flags === INTERIM_FLAG) ||
    (kind === RecordKind.abort && flags === UNTOUCHED_FLAG);
}

function flagsOf(action: Action): number {
  if (action.kind === "log") return logLevels.indexOf(action.level);
  if (action.kind === "abort" && action.untouched) return UNTOUCHED_FLAG;
  return action.kind === "begin" && action.interim ? INTERIM_FLAG : 0;
}

function isAboutStream({ kind, stream }: RecordReader): boolean {
  return (kind >= RecordKind.begin && kind <= RecordKind.splice) || (kind === RecordKind.window && stream !== 0);
}

function readStreamAction(record: RecordReader, copies: boolean): Action {
  const { stream } = record;
  if (stream === 0) throw record.fault("names no stream");
  switch (record.kind) {
    case RecordKind.begin: {
      const head = readHead(record.payload(), (what) => record.fault(what));
      return record.flags === 0 ? { kind: "begin", stream, head } : { kind: "begin", stream, head, interim: true };
    }
    case RecordKind.data:
      return { kind: "data", stream, data: record.payload(copies) };
    case RecordKind.splice:
      return readSplice(record);
    case RecordKind.abort:
      return readAbort(record);
    default:
      if (record.length !== 0) throw record.fault("must have no payload");
      return { kind: record.kind === RecordKind.end ? "end" : "resume", stream };
  }
}

function readAbort(record: RecordReader): Action {
  const { stream } = record;
  const abort: Action = { kind: "abort", stream, ...(record.flags === 0 ? {} : { untouched: true }) };
  if (record.length === 0) return abort;
  if (record.length !== 4) throw record.fault("must have no payload, or one of 4 octets");
  const answered = record.u32(0);
  if (!isStatus(answered)) throw record.fault(`says that the client was answered with ${answered}`);
  return { ...abort, answered };
}

/** Whether a request can be answered with it, for good (RFC 9110, 15). */
function isStatus(status: number): boolean {
  return status >= 200 && status <= 599;
}

function readPlainAction(record: RecordReader, copies: boolean): Action {
  if (record.stream !== 0) throw record.fault(`of kind ${record.kind} names stream ${record.stream}`);
  switch (record.kind) {
    case RecordKind.bytes:
      return { kind: "bytes", data: record.payload(copies) };
    case RecordKind.window:
      if (record.length !== 4) throw record.fault("must have a payload of 4 octets");
      return { kind: "concurrency", requests: record.u32(0) };
    case RecordKind.log: {
      const level = logLevels[record.flags];
      if (level === undefined) throw record.fault(`has unknown log level ${record.flags}`);
      return { kind: "log", level, text: textOf(record, 0, formatLimits.textOctets) };
    }
    case RecordKind.metric: {
      const name = textOf(record, 8, formatLimits.metricNameOctets);
      const payload = record.payload();
      const value = new DataView(payload.buffer, payload.byteOffset).getFloat64(0, true);
      if (name === "" || !Number.isFinite(value)) throw record.fault("is a metric without a name or a finite value");
      return { kind: "metric", name, value };
    }
    case RecordKind.error:
      return {
        kind: "error",
        text: textOf(record, 4, formatLimits.textOctets),
        code: readU32(record.payload(), 0),
      };
    case RecordKind.close:
      return { kind: "close", text: textOf(record, 0, formatLimits.textOctets) };
    default:
      throw record.fault(`is of unknown kind ${record.kind}`);
  }
}

function readSplice(record: RecordReader): Action {
  if (record.length < splicePayloadSize) throw record.fault(`is a splice of ${record.length} octets`);
  const side = spliceSide(record.u32(0));
  if (side === undefined) throw record.fault("is a splice in an unknown direction");
  const low = record.u32(4);
  const high = record.u32(8);
  const forGood = low === forGoodWord && high === forGoodWord;
  const length = forGood ? Infinity : high * splitWord + low;
  if (length === 0 || !(forGood || Number.isSafeInteger(length))) {
    throw record.fault("is a splice of impossible length");
  }
  const { stream } = record;
  if (record.length === splicePayloadSize) return { kind: "splice", side, stream, length };
  const further = readFurther(record);
  if (side !== "socket-to-stream" || forGood) throw record.fault("is a splice that can't have further pieces");
  return { kind: "splice", side, stream, length, further };
}

function readFurther(record: RecordReader): FurtherPieces {
  // Kept as long as the splice.
  const payload = record.payload().slice(splicePayloadSize);
  const [low = 0, high = 0, octets = 0, others = 0] = payload;
  const times = low | high << 8;
  if (times === 0 || octets === 0 || payload.length !== furtherSize + octets + others) {
    throw record.fault("is a splice of impossible pieces");
  }
  return {
    times,
    head: payload.subarray(furtherSize, furtherSize + octets),
    instead: payload.subarray(furtherSize + octets),
  };
}

function spliceSide(wire: number): SpliceSide | undefined {
  if (wire === SpliceSideNumber["socket-to-stream"]) return "socket-to-stream";
  return wire === SpliceSideNumber["stream-to-socket"] ? "stream-to-socket" : undefined;
}

function textOf(record: RecordReader, skip: number, limit: number): string {
  const length = record.length - skip;
  if (length < 0) throw record.fault("is too short for its kind");
  if (length > limit) throw record.fault(`holds ${length} octets of text, over the limit of ${limit}`);
  const payload = record.payload();
  return readText(payload, skip, payload.length, (what) => record.fault(what));
}

function payloadOf(action: Action): Uint8Array {
  switch (action.kind) {
    case "bytes":
    case "data":
      return action.data;
    case "begin":
      return encodeHead(action.head);
    case "end":
    case "resume":
      return new Uint8Array(0);
    case "abort":
      return action.answered === undefined ? new Uint8Array(0) : number(action.answered);
    case "concurrency":
      return number(action.requests);
    case "splice": {
      if (action.length !== Infinity && (!Number.isSafeInteger(action.length) || action.length <= 0)) {
        throw new AdaptorError("ADAPTOR_EVENT", `${action.length} is not the length of a splice`);
      }
      const payload = new Uint8Array(splicePayloadSize);
      payload[0] = SpliceSideNumber[action.side];
      const forGood = action.length === Infinity;
      writeU32(payload, 4, forGood ? forGoodWord : action.length % splitWord);
      writeU32(payload, 8, forGood ? forGoodWord : Math.floor(action.length / splitWord));
      return action.further === undefined ? payload : withFurther(payload, action.further);
    }
    case "metric": {
      const payload = withText(8, action.name);
      new DataView(payload.buffer).setFloat64(0, action.value, true);
      return payload;
    }
    case "error": {
      const payload = withText(4, action.text);
      writeU32(payload, 0, action.code);
      return payload;
    }
    case "log":
    case "close":
      return encodeText(action.text);
  }
}

function number(value: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(4);
  writeU32(payload, 0, value);
  return payload;
}

function withText(skip: number, text: string): Uint8Array<ArrayBuffer> {
  const octets = encodeText(text);
  const payload = new Uint8Array(skip + octets.length);
  payload.set(octets, skip);
  return payload;
}

function withFurther(payload: Uint8Array, { times, head, instead }: FurtherPieces): Uint8Array {
  return Uint8Array.of(...payload, times & 0xff, times >>> 8, head.length, instead.length, ...head, ...instead);
}
