/**
 * What a client speaks, by its first octets: HTTP/2 by its preface (RFC 9113, 3.4), HTTP/1 by a request line (RFC 9112, 3); anything
 * else is octets for TCP. Pure: nothing is kept, and what was looked at goes on to who speaks it.
 */

/** What is told apart. */
export type Detected = "tcp" | "http1" | "http2";

/** Octets that are looked at; a request line that is longer is taken for TCP. */
export const MAX_DETECTED_OCTETS = 8 * 1024;

/** The preface up to where no request line of HTTP/1 is like it. */
const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n");
const VERSION = new TextEncoder().encode("HTTP/1.");
/** Octets of the longest method. */
const METHOD_OCTETS = 24;
const SPACE = 0x20;
const HYPHEN = 0x2d;

/** What begins with `octets`; undefined while that is open. */
export function detect(octets: Uint8Array): Detected | undefined {
  if (agrees(octets, 0, PREFACE)) return octets.length < PREFACE.length ? undefined : "http2";
  let at = 0;
  while (at < octets.length && isOfMethod(octets[at]!)) at++;
  if (at > METHOD_OCTETS) return "tcp";
  if (at === octets.length) return undefined;
  if (at === 0 || octets[at] !== SPACE) return "tcp";
  const target = ++at;
  while (at < octets.length && octets[at]! > SPACE && octets[at]! < 0x7f) at++;
  if (at < octets.length) {
    if (at === target || octets[at] !== SPACE || !agrees(octets, ++at, VERSION)) return "tcp";
    at += VERSION.length;
    if (at < octets.length) return isDigit(octets[at]!) ? "http1" : "tcp";
  }
  return octets.length < MAX_DETECTED_OCTETS ? undefined : "tcp";
}

/** Whether `octets` from `at` on begin with `wanted`, as far as they go. */
function agrees(octets: Uint8Array, at: number, wanted: Uint8Array): boolean {
  const length = Math.min(octets.length - at, wanted.length);
  for (let index = 0; index < length; index++) if (octets[at + index] !== wanted[index]) return false;
  return true;
}

/** Methods of HTTP are in capitals; those of protocols that look like it are as a rule not. */
function isOfMethod(octet: number): boolean {
  return (octet >= 0x41 && octet <= 0x5a) || octet === HYPHEN;
}

function isDigit(octet: number): boolean {
  return octet >= 0x30 && octet <= 0x39;
}
