/** One function per record kind. Each returns false when the record does not fit (see `writer.ts`). */

import {
  KIND_BYTES,
  KIND_CLOSE,
  KIND_ERROR,
  KIND_LOG,
  KIND_METRIC,
  KIND_MSG_ABORT,
  KIND_MSG_DATA,
  KIND_MSG_END,
  KIND_SPLICE,
  KIND_WINDOW,
  SPLICE_SOCKET_TO_STREAM,
} from "./constants";
import { finishRecord, putAscii, putBytes, putF64, putU16, putU32, putU64, putU8, startRecord } from "./writer";

/** Octets for the socket. */
export function emitBytes(source: usize, length: u32): bool {
  startRecord(KIND_BYTES, 0, 0);
  putBytes(source, length);
  return finishRecord();
}

/** Octets for a stream. */
export function emitData(stream: u32, source: usize, length: u32): bool {
  startRecord(KIND_MSG_DATA, 0, stream);
  putBytes(source, length);
  return finishRecord();
}

/** The end of a stream. */
export function emitEnd(stream: u32): bool {
  startRecord(KIND_MSG_END, 0, stream);
  return finishRecord();
}

/**
 * Gives a stream up, one's own or the peer's; `flags`, since v1.1, is ABORT_UNTOUCHED or nothing, `answered`, since v1.4, the status
 * that a listener has answered its client with instead, or 0.
 */
export function emitAbort(stream: u32, flags: u8 = 0, answered: u32 = 0): bool {
  startRecord(KIND_MSG_ABORT, flags, stream);
  if (answered > 0) putU32(answered);
  return finishRecord();
}

/** Lets the next `length` octets bypass the adaptor; FOR_GOOD for all that follow. */
export function emitSplice(side: u8, stream: u32, length: u64): bool {
  startRecord(KIND_SPLICE, 0, stream);
  putU8(side);
  putU8(0);
  putU16(0);
  putU64(length);
  return finishRecord();
}

/**
 * Lets the next `length` octets of the socket bypass the adaptor, and up to `times` further pieces as long, each behind the octets
 * at `head`, which are left out; what is at `instead` stands in their place. Since v1.3.
 */
export function emitPieces(
  stream: u32,
  length: u64,
  times: u16,
  head: usize,
  headLength: u8,
  instead: usize,
  insteadLength: u8,
): bool {
  startRecord(KIND_SPLICE, 0, stream);
  putU32(SPLICE_SOCKET_TO_STREAM);
  putU64(length);
  putU16(times);
  putU8(headLength);
  putU8(insteadLength);
  putBytes(head, headLength);
  putBytes(instead, insteadLength);
  return finishRecord();
}

/** Asks for the octets of a stream that were not taken; since v1.1. */
export function emitResume(stream: u32): bool {
  startRecord(KIND_WINDOW, 0, stream);
  return finishRecord();
}

/** Says how many requests a connector takes at a time from now on; since v1.1. */
export function emitConcurrency(requests: u32): bool {
  startRecord(KIND_WINDOW, 0, 0);
  putU32(requests);
  return finishRecord();
}

/** A line for the log. */
export function emitLog(level: u8, text: string): bool {
  startRecord(KIND_LOG, level, 0);
  putAscii(text);
  return finishRecord();
}

/** A sample of a metric. */
export function emitMetric(name: string, value: f64): bool {
  startRecord(KIND_METRIC, 0, 0);
  putF64(value);
  putAscii(name);
  return finishRecord();
}

/** Why the connection is about to be closed. */
export function emitError(code: u32, text: string): bool {
  startRecord(KIND_ERROR, 0, 0);
  putU32(code);
  putAscii(text);
  return finishRecord();
}

/** Asks the host to end the connection. */
export function emitClose(text: string): bool {
  startRecord(KIND_CLOSE, 0, 0);
  putAscii(text);
  return finishRecord();
}
