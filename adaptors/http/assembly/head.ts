/**
 * Collects the head of a message as it comes off the socket, up to the empty line behind it, and takes its first line
 * apart. The octets stay until the next head, so that a request can be sent once more.
 */

import { areTarget, areToken, areValue, isDigit, statusOf } from "./chars";
import { firstOf, octetsThatAre } from "./eight";

/** Octets that a head may have, its first line included. */
export const HEAD_CAPACITY: u32 = 16384;
/** Octets that a request's target may have. */
const TARGET_CAPACITY: u32 = 8192;
/** Empty lines that may precede a request (RFC 9112 2.2). */
const EMPTY_LINES: u32 = 4;

const HEAD: usize = memory.data(16384, 8);
const CR: u8 = 0x0d;
const LF: u8 = 0x0a;

/** What came of the octets so far. */
export const HEAD_OPEN: i32 = 0;
export const HEAD_COMPLETE: i32 = 1;
export const HEAD_MALFORMED: i32 = -1;
export const HEAD_TOO_LARGE: i32 = -2;
export const HEAD_VERSION: i32 = -3;
export const HEAD_TARGET_TOO_LONG: i32 = -4;

/** Octets of the head so far; 0 before its first. */
export let headLength: u32 = 0;
/** How many of the octets that `collectHead` was offered last belong to the head. */
export let headTaken: u32 = 0;
let lineLength: u32 = 0;
let emptyLines: u32 = 0;
let afterCr: bool = false;

/** The first line of a request. */
export let method: usize = 0;
export let methodLength: u32 = 0;
export let target: usize = 0;
export let targetLength: u32 = 0;
/** The first line of a response. */
export let status: u32 = 0;
export let statusText: usize = 0;
export let reason: usize = 0;
export let reasonLength: u32 = 0;
/** The minor version of either: 0 or 1. */
export let minor: u32 = 0;
/** Where the fields lie: from the line behind the first to before the empty one. */
export let fieldsStart: usize = 0;
export let fieldsEnd: usize = 0;

/** Forgets the head. */
export function startHead(): void {
  headLength = 0;
  lineLength = 0;
  emptyLines = 0;
  afterCr = false;
}

/** Whether nothing of a head has come yet, not even an empty line before it. */
export function headIsEmpty(): bool {
  return headLength == 0 && emptyLines == 0 && !afterCr;
}

/** Takes octets up to the end of the head: one of the HEAD constants. */
export function collectHead(source: usize, length: u32, isRequest: bool): i32 {
  headTaken = 0;
  while (headTaken < length) {
    if (!afterCr) takeWithinLine(source, length);
    if (headTaken == length) break;
    const octet = load<u8>(source + headTaken++);
    if (afterCr && octet != LF) return HEAD_MALFORMED;
    if (octet == LF && !afterCr) return HEAD_MALFORMED;
    afterCr = octet == CR;
    if (headLength == 0 && isRequest && (octet == CR || octet == LF)) {
      if (octet == LF && ++emptyLines > EMPTY_LINES) return HEAD_MALFORMED;
      continue;
    }
    if (headLength == HEAD_CAPACITY) return HEAD_TOO_LARGE;
    store<u8>(HEAD + headLength++, octet);
    if (octet == LF) {
      if (lineLength == 0) return HEAD_COMPLETE;
      lineLength = 0;
    } else if (octet != CR) lineLength++;
  }
  return HEAD_OPEN;
}

/** Takes octets up to the next CR or LF, eight at a time, as long as there are eight and room for them. */
function takeWithinLine(source: usize, length: u32): void {
  while (headTaken + 8 <= length && headLength + 8 <= HEAD_CAPACITY) {
    const eight = load<u64>(source + headTaken);
    const ends = octetsThatAre(eight, CR) | octetsThatAre(eight, LF);
    const before = ends == 0 ? 8 : firstOf(ends);
    // What is behind the end of the line is written over by what follows.
    store<u64>(HEAD + headLength, eight);
    headTaken += before;
    headLength += before;
    lineLength += before;
    if (ends != 0) return;
  }
}

/** Takes the first line of a request apart: HEAD_COMPLETE, or what is wrong with it. */
export function readRequestLine(): i32 {
  const end = firstLineEnd();
  method = HEAD;
  methodLength = wordLength(method, end);
  if (!areToken(method, methodLength)) return HEAD_MALFORMED;
  target = method + methodLength + 1;
  if (target >= end) return HEAD_MALFORMED;
  targetLength = wordLength(target, end);
  if (targetLength > TARGET_CAPACITY) return HEAD_TARGET_TOO_LONG;
  if (!areTarget(target, targetLength)) return HEAD_MALFORMED;
  const version = target + targetLength + 1;
  if (version >= end) return HEAD_MALFORMED;
  return readVersion(version, <u32> (end - version));
}

/** Takes the first line of a response apart, in the same way. */
export function readStatusLine(): i32 {
  const end = firstLineEnd();
  const words = wordLength(HEAD, end);
  const result = readVersion(HEAD, words);
  if (result != HEAD_COMPLETE) return result;
  statusText = HEAD + words + 1;
  if (statusText + 3 > end) return HEAD_MALFORMED;
  status = statusOf(statusText, 3);
  if (status == 0) return HEAD_MALFORMED;
  // Servers leave the space out when they give no reason.
  const behind = statusText + 3;
  if (behind < end && load<u8>(behind) != 0x20) return HEAD_MALFORMED;
  reason = behind < end ? behind + 1 : end;
  reasonLength = <u32> (end - reason);
  return areValue(reason, reasonLength) ? HEAD_COMPLETE : HEAD_MALFORMED;
}

/** The end of the first line; sets where the fields lie. Lines end with CR LF, as `collectHead` saw to. */
function firstLineEnd(): usize {
  let end = HEAD;
  while (load<u8>(end) != CR) end++;
  fieldsStart = end + 2;
  fieldsEnd = HEAD + headLength - 2;
  return end;
}

function wordLength(source: usize, end: usize): u32 {
  let at = source;
  while (at < end && load<u8>(at) != 0x20) at++;
  return <u32> (at - source);
}

/** `HTTP/1.0` or `HTTP/1.1`, in exactly this form. */
function readVersion(source: usize, length: u32): i32 {
  if (length != 8) return HEAD_MALFORMED;
  // "HTTP/" and then two digits with a point between.
  if (load<u32>(source) != 0x50545448 || load<u8>(source, 4) != 0x2f || load<u8>(source, 6) != 0x2e) {
    return HEAD_MALFORMED;
  }
  const major = <u32> load<u8>(source, 5);
  const second = <u32> load<u8>(source, 7);
  if (!isDigit(major) || !isDigit(second)) return HEAD_MALFORMED;
  if (major != 49 || second > 49) return HEAD_VERSION;
  minor = second - 48;
  return HEAD_COMPLETE;
}
