/** A request of the client: what the head that was collected last says, and the message that it becomes. */

import { putField, putOctetsProperty, putStringProperty, putSubject, startBegin } from "../../sdk/assembly/head_writer";
import { equalsAscii, equalsIgnoringCase } from "../../sdk/assembly/text";
import { finishRecord } from "../../sdk/assembly/writer";
import { isIdempotentMethod } from "./attempts";
import {
  chunked,
  contentLength,
  expectsOther,
  FIELD_CODING,
  FIELD_OK,
  FIELD_TOO_MANY,
  fieldName,
  fieldNameLength,
  fieldValue,
  fieldValueLength,
  hasUpgrade,
  host,
  hostLength,
  hosts,
  judgeNotes,
  nextField,
  noteField,
  saysClose,
  saysKeepAlive,
  saysUpgrade,
  startFieldLines,
  startNotes,
  staysBehind,
} from "./fields";
import {
  fieldsEnd,
  fieldsStart,
  HEAD_COMPLETE,
  HEAD_TARGET_TOO_LONG,
  HEAD_VERSION,
  method,
  methodLength,
  minor,
  readRequestLine,
  target,
  targetLength,
} from "./head";

/** What the request is, once `readRequest` has found nothing wrong with it. */
export let isOldClient: bool = false;
export let isHead: bool = false;
export let isConnect: bool = false;
/** It wants another protocol behind its head. */
export let isUpgrade: bool = false;
/** Doing it twice is like doing it once (RFC 9110 9.2.2). */
export let isIdempotent: bool = false;
/** The client expects the connection to go on. */
export let wantsMore: bool = false;

/** Why a request is refused. */
export let refusal: string = "";

/** Reads the head: 0, or the status to refuse it with, and `refusal` says why. */
export function readRequest(): u32 {
  const line = readRequestLine();
  if (line == HEAD_VERSION) return refuse(505, "this version of HTTP is not spoken here");
  if (line == HEAD_TARGET_TOO_LONG) return refuse(414, "the target of the request is too long");
  if (line != HEAD_COMPLETE) return refuse(400, "the request line is malformed");
  isOldClient = minor == 0;
  isHead = equalsAscii(method, methodLength, "HEAD");
  isConnect = equalsAscii(method, methodLength, "CONNECT");
  const fields = noteFields();
  if (fields != FIELD_OK) {
    if (fields == FIELD_TOO_MANY) return refuse(431, "the request has too many fields");
    if (fields == FIELD_CODING) return refuse(501, "the transfer coding is not chunked");
    return refuse(400, "a field of the request is malformed or contradicts another");
  }
  if (isOldClient ? hosts > 1 : hosts != 1) return refuse(400, "the request has not one Host");
  if (!targetFits()) return refuse(400, "the target does not fit the method or the Host");
  if (chunked && isOldClient) return refuse(400, "HTTP/1.0 knows no chunks");
  if (expectsOther) return refuse(417, "the expectation is not 100-continue");
  const hasBody = chunked || contentLength > 0;
  if (isConnect && hasBody) return refuse(400, "a CONNECT has no body");
  isUpgrade = hasUpgrade && saysUpgrade && !isOldClient && !isConnect && !hasBody;
  isIdempotent = isIdempotentMethod(method, methodLength);
  wantsMore = !saysClose && (!isOldClient || saysKeepAlive);
  return 0;
}

/** Opens `stream` with the request that was read last. The notes on its fields must still be those of `readRequest`. */
export function emitRequest(stream: u32): bool {
  startBegin(stream, "");
  putSubject(method, methodLength);
  putStringProperty(":version", isOldClient ? "1.0" : "1.1");
  putOctetsProperty(":path", target, targetLength);
  startFieldLines(fieldsStart, fieldsEnd);
  while (nextField() > 0) {
    if (!staysBehind(isUpgrade)) putField(fieldName, fieldNameLength, fieldValue, fieldValueLength);
  }
  return finishRecord();
}

/** Takes note of all fields once more: those of another message may have been noted since. */
export function noteFields(): i32 {
  startNotes();
  startFieldLines(fieldsStart, fieldsEnd);
  while (true) {
    const read = nextField();
    if (read == 0) return judgeNotes();
    if (read < 0) return read;
    const result = noteField();
    if (result != FIELD_OK) return result;
  }
}

/** The forms of RFC 9112, section 3.2, each where it belongs. */
function targetFits(): bool {
  if (isConnect) return equalsIgnoringCaseOctets(target, targetLength, host, hostLength) || isOldClient;
  if (load<u8>(target) == 0x2f) return true;
  if (targetLength == 1 && load<u8>(target) == 0x2a) return equalsAscii(method, methodLength, "OPTIONS");
  let scheme: u32 = 0;
  if (targetLength > 7 && equalsIgnoringCase(target, 7, "http://")) scheme = 7;
  else if (targetLength > 8 && equalsIgnoringCase(target, 8, "https://")) scheme = 8;
  if (scheme == 0) return false;
  let end = scheme;
  while (end < targetLength && load<u8>(target + end) != 0x2f && load<u8>(target + end) != 0x3f) end++;
  return end > scheme && hosts == 1 && equalsIgnoringCaseOctets(target + scheme, end - scheme, host, hostLength);
}

function equalsIgnoringCaseOctets(a: usize, aLength: u32, b: usize, bLength: u32): bool {
  if (aLength != bLength) return false;
  for (let i: u32 = 0; i < aLength; i++) {
    const x = <u32> load<u8>(a + i);
    const y = <u32> load<u8>(b + i);
    if (x != y && ((x ^ y) != 0x20 || (x | 0x20) - 97 >= 26)) return false;
  }
  return true;
}

function refuse(status: u32, why: string): u32 {
  refusal = why;
  return status;
}
