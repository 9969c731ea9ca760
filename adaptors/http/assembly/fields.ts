/**
 * The fields of a message, read from the socket or from the network: what they say of its framing, and which of them
 * concern this connection alone and go no further (RFC 9112 6, RFC 9110 7.6.1).
 */

import { equalsIgnoringCase, lowerCase } from "../../sdk/assembly/text";
import { areHost, areToken, areValue, isBlank, lengthOf } from "./chars";
import { firstOf, octetsThatAre } from "./eight";

/** Fields that a message may have. */
const MAX_FIELDS: u32 = 128;
/** Options that all `Connection` fields of a message may have together: each other field is compared with them. */
const MAX_OPTIONS: u32 = 32;

/** What is wrong with a field, or nothing. */
export const FIELD_OK: i32 = 0;
export const FIELD_MALFORMED: i32 = 1;
export const FIELD_TOO_MANY: i32 = 2;
export const FIELD_LENGTH: i32 = 3;
export const FIELD_CODING: i32 = 4;
export const FIELD_FRAMING: i32 = 5;
export const FIELD_HOST: i32 = 6;

/** The field that `nextField` read last. */
export let fieldName: usize = 0;
export let fieldNameLength: u32 = 0;
export let fieldValue: usize = 0;
export let fieldValueLength: u32 = 0;

/** What the fields noted since `startFields` say. */
export let contentLength: i64 = -1;
export let chunked: bool = false;
export let hosts: u32 = 0;
export let host: usize = 0;
export let hostLength: u32 = 0;
/** `Connection` says close, keep-alive, upgrade. */
export let saysClose: bool = false;
export let saysKeepAlive: bool = false;
export let saysUpgrade: bool = false;
/** There is an `Upgrade` to another protocol than HTTP. */
export let hasUpgrade: bool = false;
/** There is one to HTTP/2. */
export let upgradesToHttp: bool = false;
/** `Expect: 100-continue`, and anything else in `Expect`. */
export let expectsContinue: bool = false;
export let expectsOther: bool = false;

let position: usize = 0;
let end: usize = 0;
let count: u32 = 0;
let options: u32 = 0;
/** Address and length of each option. */
const OPTIONS: usize = memory.data(256, 8);

/** Forgets what was noted. */
export function startNotes(): void {
  contentLength = -1;
  chunked = false;
  hosts = 0;
  saysClose = false;
  saysKeepAlive = false;
  saysUpgrade = false;
  hasUpgrade = false;
  expectsContinue = false;
  expectsOther = false;
  upgradesToHttp = false;
  options = 0;
  count = 0;
}

/** Starts reading the field lines from `from` to `to`; each ends with CR LF. */
export function startFieldLines(from: usize, to: usize): void {
  position = from;
  end = to;
}

/** Reads the next field line: 1 if there was one, 0 at the end, -1 for one that is none. */
export function nextField(): i32 {
  if (position >= end) return 0;
  let at = position;
  let octet = load<u8>(at);
  // Neither a folded line nor a name with blanks around it gets past this.
  while (octet != 0x3a && octet != 0x0d) octet = load<u8>(++at);
  if (octet != 0x3a) return -1;
  fieldName = position;
  fieldNameLength = <u32> (at - position);
  if (!areToken(fieldName, fieldNameLength)) return -1;
  do at++; while (isBlank(load<u8>(at)));
  fieldValue = at;
  at = endOfLine(at);
  position = at + 2;
  while (at > fieldValue && isBlank(load<u8>(at - 1))) at--;
  fieldValueLength = <u32> (at - fieldValue);
  return areValue(fieldValue, fieldValueLength) ? 1 : -1;
}

/** Where the line that `at` is in ends with its CR: there is one. */
function endOfLine(at: usize): usize {
  while (true) {
    const ends = octetsThatAre(load<u64>(at), 0x0d);
    if (ends != 0) return at + firstOf(ends);
    at += 8;
  }
}

/** Makes a field from elsewhere the current one: 1, or -1 for one that could not have been a field line. */
export function setField(name: usize, nameLength: u32, value: usize, valueLength: u32): i32 {
  fieldName = name;
  fieldNameLength = nameLength;
  fieldValue = value;
  fieldValueLength = valueLength;
  if (!areToken(name, nameLength) || !areValue(value, valueLength)) return -1;
  if (valueLength == 0) return 1;
  return isBlank(load<u8>(value)) || isBlank(load<u8>(value + valueLength - 1)) ? -1 : 1;
}

/** Whether the current field has this name, which is in lower case. */
export function isField(lower: string): bool {
  return equalsIgnoringCase(fieldName, fieldNameLength, lower);
}

/** Takes note of what the current field means for the message: one of the FIELD constants. */
export function noteField(): i32 {
  if (++count > MAX_FIELDS) return FIELD_TOO_MANY;
  switch (fieldNameLength) {
    case 4:
      if (isField("host")) return noteHost();
      break;
    case 6:
      if (isField("expect")) {
        if (valueIs("100-continue")) expectsContinue = true;
        else expectsOther = true;
      }
      break;
    case 7:
      if (isField("upgrade")) {
        hasUpgrade = true;
        // HTTP/2 hidden in HTTP/1.1 would pass everything that this adaptor checks.
        if (holdsToken(fieldValue, fieldValueLength, "h2c")) upgradesToHttp = true;
      }
      break;
    case 10:
      if (isField("connection")) return noteConnection();
      break;
    case 14:
      if (isField("content-length")) return noteLength();
      break;
    case 17:
      if (!isField("transfer-encoding")) break;
      if (chunked) return FIELD_FRAMING;
      if (!valueIs("chunked")) return FIELD_CODING;
      chunked = true;
      break;
  }
  return FIELD_OK;
}

/** Judges the notes as a whole, once every field was noted: one of the FIELD constants. */
export function judgeNotes(): i32 {
  if (chunked && contentLength >= 0) return FIELD_FRAMING;
  if (upgradesToHttp) hasUpgrade = false;
  // A field that the message depends on can't be declared to concern one connection only.
  if (isNominated("host") || isNominated("content-length") || isNominated("transfer-encoding")) return FIELD_FRAMING;
  return FIELD_OK;
}

/** Whether the current field stays behind; `upgrading` lets `Upgrade` pass. */
export function staysBehind(upgrading: bool): bool {
  switch (fieldNameLength) {
    case 2:
      // Other codings than chunks are not understood here (RFC 9110, 10.1.4).
      if (isField("te") && !valueIs("trailers")) return true;
      break;
    case 7:
      if (isField("upgrade")) return !upgrading;
      break;
    case 10:
      if (isField("connection") || isField("keep-alive")) return true;
      break;
    case 16:
      if (isField("proxy-connection")) return true;
      break;
  }
  for (let i: u32 = 0; i < options; i++) if (isOption(i)) return true;
  return false;
}

function noteHost(): i32 {
  hosts++;
  host = fieldValue;
  hostLength = fieldValueLength;
  return areHost(host, hostLength) ? FIELD_OK : FIELD_HOST;
}

function noteConnection(): i32 {
  const last = fieldValue + fieldValueLength;
  for (let at = fieldValue; at < last;) {
    at = nextElement(at, last);
    if (options == MAX_OPTIONS) return FIELD_TOO_MANY;
    const option = OPTIONS + (options++ << 3);
    store<u32>(option, <u32> element);
    store<u32>(option, elementLength, 4);
    saysClose = saysClose || elementIs("close");
    saysKeepAlive = saysKeepAlive || elementIs("keep-alive");
    saysUpgrade = saysUpgrade || elementIs("upgrade");
  }
  return FIELD_OK;
}

/** Digits alone, and only once: a list of equal lengths is no better than one of different ones. */
function noteLength(): i32 {
  if (contentLength >= 0) return FIELD_FRAMING;
  contentLength = lengthOf(fieldValue, fieldValueLength);
  return contentLength < 0 ? FIELD_LENGTH : FIELD_OK;
}

function valueIs(lower: string): bool {
  return equalsIgnoringCase(fieldValue, fieldValueLength, lower);
}

function isNominated(lower: string): bool {
  for (let i: u32 = 0; i < options; i++) {
    const at = OPTIONS + (i << 3);
    if (equalsIgnoringCase(load<u32>(at), load<u32>(at, 4), lower)) return true;
  }
  return false;
}

/** An element of a comma-separated list. */
let element: usize = 0;
let elementLength: u32 = 0;

/** Finds the element of the list from `at` on, without blanks around it; returns where the next one starts. */
function nextElement(at: usize, end: usize): usize {
  while (at < end && isBlank(load<u8>(at))) at++;
  element = at;
  while (at < end && load<u8>(at) != 0x2c) at++;
  let last = at;
  while (last > element && isBlank(load<u8>(last - 1))) last--;
  elementLength = <u32> (last - element);
  return at + 1;
}

function holdsToken(list: usize, length: u32, lower: string): bool {
  for (let at = list; at < list + length;) {
    at = nextElement(at, list + length);
    if (elementIs(lower)) return true;
  }
  return false;
}

function elementIs(lower: string): bool {
  return equalsIgnoringCase(element, elementLength, lower);
}

/** Whether that option names the current field. */
function isOption(number: u32): bool {
  const option = OPTIONS + (number << 3);
  if (load<u32>(option, 4) != fieldNameLength) return false;
  const name: usize = load<u32>(option);
  for (let i: u32 = 0; i < fieldNameLength; i++) {
    if (lowerCase(load<u8>(name + i)) != lowerCase(load<u8>(fieldName + i))) return false;
  }
  return true;
}
