/**
 * HTTP/2 by Upgrade from HTTP/1.1 (RFC 7540, 3.2): the first request comes in the form of HTTP/1.1 and is answered on stream 1.
 * What is no such request, or has a body, is answered in HTTP/1.1 and ends the connection.
 */

import { answerSocket } from "../../http/assembly/answer";
import {
  chunked,
  contentLength,
  fieldName,
  fieldNameLength,
  fieldValue,
  fieldValueLength,
  host,
  hostLength,
  isField,
  nextField,
  saysUpgrade,
  startFieldLines,
  staysBehind,
  upgradesToHttp,
} from "../../http/assembly/fields";
import {
  collectHead,
  fieldsEnd,
  fieldsStart,
  HEAD_COMPLETE,
  HEAD_OPEN,
  HEAD_TOO_LARGE,
  headTaken,
  method,
  methodLength,
  target,
  targetLength,
} from "../../http/assembly/head";
import { isConnect, isHead, isOldClient, readRequest, refusal } from "../../http/assembly/request";
import { KIND_BYTES, LOG_DEBUG } from "../../sdk/assembly/constants";
import { emitLog } from "../../sdk/assembly/emit";
import { copyAscii, lowerCase } from "../../sdk/assembly/text";
import { finishRecord, putAscii, startRecord } from "../../sdk/assembly/writer";
import { end, ending, greet, noteId } from "./connection";
import { applySettings } from "./control";
import { startList, takeField } from "./field_list";
import { listenerHeaders } from "./listener";

/** Octets of settings that a request may bring: many more than there are. */
const SETTINGS_OCTETS: u32 = 192;
const SETTINGS: usize = memory.data(192, 8);
/** Octets of the longest name of a field that is passed on. */
const NAME_OCTETS: u32 = 1024;
const NAME: usize = memory.data(1024, 8);
const LITERAL: usize = memory.data(16, 8);

/** Whether the client has changed to HTTP/2 this way. */
export let upgraded: bool = false;
let settingsLength: u32 = 0;

/** Begins with octets that have come already; they are within the first line. */
export function beginUpgrade(source: usize, length: u32): void {
  collectHead(source, length, true);
}

/** Takes octets of the request: how many. Behind the last one the connection is one of HTTP/2, or over. */
export function takeUpgrade(source: usize, length: u32): u32 {
  const result = collectHead(source, length, true);
  const taken = headTaken;
  if (result == HEAD_OPEN) return taken;
  if (result == HEAD_TOO_LARGE) refuse(431, "the head of the request is too large");
  else if (result != HEAD_COMPLETE) refuse(400, "a line does not end with CR LF");
  else upgrade();
  return upgraded ? taken : length;
}

function upgrade(): void {
  const status = readRequest();
  if (status != 0) return refuse(status, refusal);
  if (!upgradesToHttp || !saysUpgrade || isOldClient) return refuse(505, "HTTP/2 is spoken here, or an Upgrade to it");
  if (isConnect || chunked || contentLength > 0) return refuse(501, "a request with a body is not upgraded");
  if (load<u8>(target) != 0x2f && targetLength != 1) return refuse(400, "the target of the request is no path");
  if (!readSettings()) return refuse(400, "the request has not one HTTP2-Settings, or it is malformed");
  upgraded = true;
  startRecord(KIND_BYTES, 0, 0);
  putAscii("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  finishRecord();
  greet();
  applySettings(SETTINGS, settingsLength);
  if (ending) return;
  listFields();
  noteId(1);
  listenerHeaders(1, null, true);
}

function refuse(status: u32, why: string): void {
  emitLog(LOG_DEBUG, why);
  answerSocket(status, "http_request_error", why, isHead);
  end("");
}

/** Decodes the settings that the request brings, in base64 of URLs without padding: false for anything else. */
function readSettings(): bool {
  let found = false;
  startFieldLines(fieldsStart, fieldsEnd);
  while (nextField() > 0) {
    if (!isField("http2-settings")) continue;
    // It must be known to concern this connection alone.
    if (found || !staysBehind(false) || !decode(fieldValue, fieldValueLength)) return false;
    found = true;
  }
  return found && settingsLength % 6 == 0;
}

function decode(source: usize, length: u32): bool {
  if ((length & 3) == 1 || length > SETTINGS_OCTETS) return false;
  settingsLength = 0;
  let bits: u32 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const digit = digitOf(load<u8>(source + i));
    if (digit < 0) return false;
    bits = (bits << 6) | digit;
    if ((i & 3) == 0) continue;
    store<u8>(SETTINGS + settingsLength++, <u8> (bits >>> (6 - ((i & 3) << 1))));
  }
  return true;
}

function digitOf(octet: u32): i32 {
  if (octet - 65 < 26) return octet - 65;
  if (octet - 97 < 26) return octet - 71;
  if (octet - 48 < 10) return octet + 4;
  return octet == 0x2d ? 62 : octet == 0x5f ? 63 : -1;
}

/** The request as the fields of a header block. */
function listFields(): void {
  startList();
  listNamed(":method", method, methodLength);
  copyAscii(NAME, "http");
  listNamed(":scheme", NAME, 4);
  listNamed(":path", target, targetLength);
  listNamed(":authority", host, hostLength);
  startFieldLines(fieldsStart, fieldsEnd);
  while (nextField() > 0) {
    if (staysBehind(false) || isField("host") || fieldNameLength > NAME_OCTETS) continue;
    for (let i: u32 = 0; i < fieldNameLength; i++) store<u8>(NAME + i, lowerCase(load<u8>(fieldName + i)));
    takeField(NAME, fieldNameLength, fieldValue, fieldValueLength);
  }
}

function listNamed(name: string, value: usize, length: u32): void {
  copyAscii(LITERAL, name);
  takeField(LITERAL, name.length, value, length);
}
