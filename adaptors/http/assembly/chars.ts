/** Which octets may stand where (RFC 9110 5.6.2 and 5.5, RFC 9112 3). Nothing here is lenient. */

import { octetsBelow, octetsBeyondAscii, octetsThatAre } from "./eight";

/** The token characters below 64, and from 64 to 127, as bits. */
const TOKEN_LOW: u64 = 0x03ff6cfa00000000;
const TOKEN_HIGH: u64 = 0x57ffffffc7fffffe;

/** Whether `octet` may be part of a token: a method or the name of a field. */
export function isToken(octet: u32): bool {
  if (octet >= 128) return false;
  return (((octet < 64 ? TOKEN_LOW : TOKEN_HIGH) >> (octet & 63)) & 1) != 0;
}

/** Whether all octets may be part of a token, and there is at least one. */
export function areToken(source: usize, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) if (!isToken(load<u8>(source + i))) return false;
  return length > 0;
}

/** Whether all octets are visible ASCII, and there is at least one. */
export function areVisible(source: usize, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) {
    const octet = load<u8>(source + i);
    if (octet <= 0x20 || octet >= 0x7f) return false;
  }
  return length > 0;
}

/**
 * Whether the octets may be the target of a request: visible ASCII without a `#`. What is behind one is never sent (RFC 9112, 3.2),
 * and a server that cuts it off would serve another path than the one that rules were asked about.
 */
export function areTarget(source: usize, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) if (load<u8>(source + i) == 0x23) return false;
  return areVisible(source, length);
}

/** Whether `octet` may be part of a value: anything visible, space, tab, and the upper half. */
export function isValue(octet: u32): bool {
  return octet >= 0x20 ? octet != 0x7f : octet == 0x09;
}

/** Whether the octets are a value that is valid UTF-8: what goes into a message is text. */
export function areValue(source: usize, length: u32): bool {
  const end = source + length;
  while (source < end) {
    // Most values are nothing but ASCII without control characters.
    while (source + 8 <= end) {
      const eight = load<u64>(source);
      if ((octetsBeyondAscii(eight) | octetsBelow(eight, 0x20) | octetsThatAre(eight, 0x7f)) != 0) break;
      source += 8;
    }
    if (source == end) break;
    const octet = <u32> load<u8>(source++);
    if (octet < 0x80) {
      if (!isValue(octet)) return false;
      continue;
    }
    const following: u32 = octet >= 0xf0 ? 3 : octet >= 0xe0 ? 2 : 1;
    if (octet < 0xc2 || octet > 0xf4 || <u32> (end - source) < following) return false;
    const second = <u32> load<u8>(source);
    // Shortest forms only, no surrogates, nothing above U+10FFFF.
    if (octet == 0xe0 && second < 0xa0) return false;
    if (octet == 0xed && second > 0x9f) return false;
    if (octet == 0xf0 && second < 0x90) return false;
    if (octet == 0xf4 && second > 0x8f) return false;
    for (let i: u32 = 0; i < following; i++) if ((load<u8>(source++) & 0xc0) != 0x80) return false;
  }
  return true;
}

/** Whether `octet` is a decimal digit. */
export function isDigit(octet: u32): bool {
  return octet - 48 < 10;
}

/** The value of a hexadecimal digit, or -1. */
export function hexValue(octet: u32): i32 {
  if (octet - 48 < 10) return octet - 48;
  const lower = octet | 0x20;
  return lower - 97 < 6 ? lower - 87 : -1;
}

/** Whether `octet` is a space or a tab. */
export function isBlank(octet: u32): bool {
  return octet == 0x20 || octet == 0x09;
}

/** Whether the octets are a host and a port, or nothing: without what belongs to other parts of a URI, or to lists. */
export function areHost(source: usize, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) {
    const octet = load<u8>(source + i);
    const fits = octet > 0x20 && octet < 0x7f && octet != 0x22 && octet != 0x23 && octet != 0x2c && octet != 0x2f &&
      octet != 0x3c && octet != 0x3e && octet != 0x3f && octet != 0x40 && octet != 0x5c && octet != 0x5e &&
      octet != 0x60 && octet != 0x7b && octet != 0x7c && octet != 0x7d;
    if (!fits) return false;
  }
  return true;
}

/** Digits of a length, so that it fits an integer that JavaScript counts exactly. */
const MAX_LENGTH_DIGITS: u32 = 15;

/** The length of a body that the octets are, digits alone; -1 for anything else. */
export function lengthOf(source: usize, length: u32): i64 {
  if (length == 0 || length > MAX_LENGTH_DIGITS) return -1;
  let found: i64 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const octet = <u32> load<u8>(source + i);
    if (!isDigit(octet)) return -1;
    found = found * 10 + (octet - 48);
  }
  return found;
}

/** The status that three digits are, or 0. */
export function statusOf(source: usize, length: u32): u32 {
  if (length != 3) return 0;
  const status = <u32> max<i64>(lengthOf(source, length), 0);
  return status < 100 ? 0 : status;
}
