/**
 * What a header block says as the head of a request or a response, or as trailers (RFC 9113, 8.1 to 8.3): its pseudo-fields, its
 * length, and whether it is one at all.
 */

import { areHost, areTarget, areToken, areValue, isBlank, lengthOf, statusOf } from "../../http/assembly/chars";
import { equalsAscii } from "../../sdk/assembly/text";
import { name, nameLength, nextField, startFields, value, valueLength } from "./field_list";

const COLON: u8 = 0x3a;

/** Pseudo-fields; lengths are 0 for those that are not there. */
export let method: usize = 0;
export let methodLength: u32 = 0;
export let path: usize = 0;
export let pathLength: u32 = 0;
export let schemeLength: u32 = 0;
/** `:protocol` of an extended CONNECT (RFC 8441). */
export let protocol: usize = 0;
export let protocolLength: u32 = 0;
/** `:authority`, or `host` where there is none. */
export let authority: usize = 0;
export let authorityLength: u32 = 0;
export let statusText: usize = 0;
/** `:status`, or 0. */
export let status: u32 = 0;
/** -1 when nothing says it. */
export let contentLength: i64 = -1;
/** Octets of all cookies, each with two more. */
export let cookieOctets: u32 = 0;

let hasAuthority: bool = false;

/** Judges the block that was read last as a request; false for one that is malformed. */
export function judgeRequest(): bool {
  if (!judgeFields(true) || status != 0 || !areToken(method, methodLength)) return false;
  if (isConnect()) {
    if (authorityLength == 0) return false;
    if (protocolLength == 0) return schemeLength == 0 && pathLength == 0;
  } else if (protocolLength > 0) return false;
  if (schemeLength == 0 || !areTarget(path, pathLength)) return false;
  if (load<u8>(path) == 0x2f) return true;
  return pathLength == 1 && load<u8>(path) == 0x2a && equalsAscii(method, methodLength, "OPTIONS");
}

/** Judges it as a response. */
export function judgeResponse(): bool {
  return judgeFields(true) && status >= 100 && status != 101 && !hasAuthority &&
    methodLength + pathLength + schemeLength + protocolLength == 0;
}

/** Judges it as trailers. */
export function judgeTrailers(): bool {
  return judgeFields(false);
}

export function isConnect(): bool {
  return equalsAscii(method, methodLength, "CONNECT");
}

/** Whether the current field of the list is for the message and not told elsewhere. */
export function isPlainField(): bool {
  return load<u8>(name) != COLON && !isNamed("host") && !isNamed("cookie");
}

/** Whether the current field of the list is a trailer that can be told: none that a reader might take for framing. */
export function isPlainTrailer(): bool {
  return !isNamed("host") && !isNamed("content-length");
}

/** Whether the current field of the list has this name. */
export function isNamed(lower: string): bool {
  return equalsAscii(name, nameLength, lower);
}

function judgeFields(mayBePseudo: bool): bool {
  methodLength =
    pathLength =
    schemeLength =
    protocolLength =
    authorityLength =
    cookieOctets =
      0;
  status = 0;
  contentLength = -1;
  hasAuthority = false;
  startFields();
  while (nextField()) {
    if (!isGoodValue()) return false;
    if (nameLength > 0 && load<u8>(name) == COLON) {
      if (!mayBePseudo || !takePseudo()) return false;
    } else {
      mayBePseudo = false;
      if (!areToken(name, nameLength) || hasUpperCase() || !takeRegular()) return false;
    }
  }
  return true;
}

function takePseudo(): bool {
  if (isNamed(":method")) {
    if (methodLength > 0 || valueLength == 0) return false;
    method = value;
    methodLength = valueLength;
  } else if (isNamed(":path")) {
    if (pathLength > 0 || valueLength == 0) return false;
    path = value;
    pathLength = valueLength;
  } else if (isNamed(":scheme")) {
    if (schemeLength > 0 || valueLength == 0) return false;
    schemeLength = valueLength;
  } else if (isNamed(":authority")) {
    if (hasAuthority || !areHost(value, valueLength)) return false;
    hasAuthority = true;
    authority = value;
    authorityLength = valueLength;
  } else if (isNamed(":protocol")) {
    if (protocolLength > 0 || !areToken(value, valueLength)) return false;
    protocol = value;
    protocolLength = valueLength;
  } else if (isNamed(":status")) {
    if (status != 0) return false;
    status = statusOf(value, valueLength);
    if (status == 0) return false;
    statusText = value;
  } else return false;
  return true;
}

/** Fields that concern one connection have no place here (8.2.2). */
function takeRegular(): bool {
  switch (nameLength) {
    case 2:
      return !isNamed("te") || equalsAscii(value, valueLength, "trailers");
    case 4:
      return !isNamed("host") || takeHost();
    case 6:
      if (isNamed("cookie")) cookieOctets += valueLength + 2;
      return true;
    case 7:
      return !isNamed("upgrade");
    case 10:
      return !isNamed("connection") && !isNamed("keep-alive");
    case 14:
      return !isNamed("content-length") || takeLength();
    case 16:
      return !isNamed("proxy-connection");
    case 17:
      return !isNamed("transfer-encoding");
    default:
      return true;
  }
}

/** `host` may repeat what `:authority` says, and nothing else. */
function takeHost(): bool {
  if (!areHost(value, valueLength)) return false;
  if (authorityLength > 0 || hasAuthority) {
    return authorityLength == valueLength && memory.compare(authority, value, valueLength) == 0;
  }
  authority = value;
  authorityLength = valueLength;
  return true;
}

function takeLength(): bool {
  if (contentLength >= 0) return false;
  contentLength = lengthOf(value, valueLength);
  return contentLength >= 0;
}

function isGoodValue(): bool {
  if (!areValue(value, valueLength)) return false;
  return valueLength == 0 || (!isBlank(load<u8>(value)) && !isBlank(load<u8>(value + valueLength - 1)));
}

function hasUpperCase(): bool {
  for (let i: u32 = 0; i < nameLength; i++) if (<u8> (load<u8>(name + i) - 65) < 26) return true;
  return false;
}
