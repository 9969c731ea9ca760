/**
 * Short texts that come again and again, such as the addresses of messages and the fields of HTTP: octets that are those of a
 * text that is known are compared with it, which is several times cheaper than decoding them.
 */

/** Texts that are known at a time; each has one place, and the latest keeps it. */
const PLACES = 1024;
/** Longest text that is kept, in octets. */
const LONGEST = 128;
const known: string[] = new Array<string>(PLACES).fill("");
// Without ignoreBOM a leading U+FEFF would vanish, and two addresses would be one.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text in the octets from `start` to `end`. What is not UTF-8 of it is replaced. */
export function knownText(bytes: Uint8Array, start: number, end: number): string {
  return shortAscii(bytes, start, end) ?? decoder.decode(bytes.subarray(start, end));
}

/** The same, where the octets are ASCII and at most 128; undefined otherwise. */
export function shortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  if (length > LONGEST) return undefined;
  if (length === 0) return "";
  const place = placeOf(bytes, start, end);
  const before = known[place]!;
  if (before.length === length && isText(before, bytes, start)) return before;
  const text = asciiText(bytes, start, end);
  if (text !== undefined) known[place] = text;
  return text;
}

/** Names that are made in series differ at their ends. */
function placeOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const mixed = Math.imul(bytes[end - 1]! | bytes[start + (length >>> 1)]! << 8 | bytes[start]! << 16, 0x9e3779b1) +
    Math.imul(length, 0x85ebca6b) + Math.imul(bytes[start + ((length * 3) >>> 2)]!, 0xc2b2ae35);
  return (mixed ^ mixed >>> 15) & (PLACES - 1);
}

function isText(text: string, bytes: Uint8Array, start: number): boolean {
  for (let at = text.length - 1; at >= 0; at--) if (text.charCodeAt(at) !== bytes[start + at]) return false;
  return true;
}

function asciiText(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const a = bytes[at]!, b = bytes[at + 1]!, c = bytes[at + 2]!, d = bytes[at + 3]!;
    if ((a | b | c | d) >= 0x80) return undefined;
    text += String.fromCharCode(a, b, c, d);
  }
  for (; at < end; at++) {
    if (bytes[at]! >= 0x80) return undefined;
    text += String.fromCharCode(bytes[at]!);
  }
  return text;
}
