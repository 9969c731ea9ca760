/** Answers that this adaptor makes up itself: they name the site they come from, in `Proxy-Status` (RFC 9209) and in words. */

import { emitBytes, emitData, emitEnd } from "../../sdk/assembly/emit";
import { putNamedField, putStringProperty, putSubject, startBegin } from "../../sdk/assembly/head_writer";
import { copyAscii } from "../../sdk/assembly/text";
import { finishRecord } from "../../sdk/assembly/writer";
import { KEY, keyLength, SITE, siteLength } from "./config";
import { reasonOf } from "./reason";

const TEXT_CAPACITY: u32 = 1536;
const HEAD_TEXT: usize = memory.data(1536, 8);
/** What `compose` wrote: a body, and the value of `Proxy-Status`. */
export const BODY_TEXT: usize = memory.data(1536, 8);
export const STATUS_VALUE: usize = memory.data(1536, 8);
export const NUMBER: usize = memory.data(16, 8);
let textStart: usize = 0;
let text: usize = 0;

/** Answers the client and tells it that the connection ends. `error` is a type of RFC 9209, section 2.3. */
export function answerSocket(status: u32, error: string, why: string, withoutBody: bool): bool {
  compose(status, "listener", error, why);
  const length = bodyLength();
  start(HEAD_TEXT);
  put("HTTP/1.1 ");
  putNumber(status);
  put(" ");
  put(reasonOf(status));
  put("\r\nProxy-Status: ");
  putOctets(STATUS_VALUE, statusLength);
  put("\r\nContent-Type: text/plain\r\nContent-Length: ");
  putNumber(length);
  put("\r\nConnection: close\r\n\r\n");
  if (!emitBytes(HEAD_TEXT, <u32> (text - textStart))) return false;
  return withoutBody || emitBytes(BODY_TEXT, length);
}

/** Answers the client from the server's end, by a whole message on `stream`. */
export function answerStream(stream: u32, status: u32, error: string, why: string, withoutBody: bool): bool {
  compose(status, "connector", error, why);
  const length = bodyLength();
  const digits = writeNumber(status);
  startBegin(stream, "");
  putSubject(NUMBER, digits);
  putStringProperty(":version", "1.1");
  putStringProperty(":reason", reasonOf(status));
  putNamedField("Proxy-Status", STATUS_VALUE, statusLength);
  start(HEAD_TEXT);
  put("text/plain");
  putNamedField("Content-Type", HEAD_TEXT, <u32> (text - textStart));
  putNamedField("Content-Length", NUMBER, writeNumber(length));
  if (!finishRecord()) return false;
  if (!withoutBody && !emitData(stream, BODY_TEXT, length)) return false;
  return emitEnd(stream);
}

export let statusLength: u32 = 0;

/** Octets of the body that `compose` wrote, as long as nothing else was written. */
export function bodyLength(): u32 {
  return <u32> (text - textStart);
}

/** Writes the value of `Proxy-Status`, then the body: it is the text that was started last. */
export function compose(status: u32, role: string, error: string, why: string): void {
  start(STATUS_VALUE);
  put('"');
  putOctets(SITE, siteLength);
  put('"; error=');
  put(error);
  put('; details="');
  put(why);
  put('"');
  statusLength = <u32> (text - textStart);
  start(BODY_TEXT);
  putNumber(status);
  put(" ");
  put(reasonOf(status));
  put(": ");
  put(why);
  put(".\nSaid by the Tendril ");
  put(role);
  put(' of site "');
  putOctets(SITE, siteLength);
  put('" for routing key "');
  putOctets(KEY, keyLength);
  put('".\n');
}

function start(at: usize): void {
  textStart = at;
  text = at;
}

function put(words: string): void {
  if (<u32> (text - textStart) + <u32> words.length > TEXT_CAPACITY) return;
  copyAscii(text, words);
  text += words.length;
}

function putOctets(source: usize, length: u32): void {
  if (<u32> (text - textStart) + length > TEXT_CAPACITY) return;
  memory.copy(text, source, length);
  text += length;
}

function putNumber(value: u32): void {
  putOctets(NUMBER, writeNumber(value));
}

/** Writes decimal digits to NUMBER; returns how many. */
export function writeNumber(value: u32): u32 {
  let digits: u32 = 1;
  for (let rest = value / 10; rest > 0; rest /= 10) digits++;
  for (let at = NUMBER + digits - 1; at >= NUMBER; at--) {
    store<u8>(at, 48 + value % 10);
    value /= 10;
  }
  return digits;
}
