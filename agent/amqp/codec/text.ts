/**
 * Texts as UTF-8 and back. Most texts on the wire are short and ASCII (names, addresses, symbols), for which a loop in
 * JavaScript is several times faster than a call into the runtime; the bounds are measured break-even points.
 */

const DECODE_BY_LOOP = 100;
const ENCODE_BY_LOOP = 64;
// Without ignoreBOM a leading U+FEFF would vanish, and the text would not encode to the same octets.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text in `length` octets at `start`, all within `bytes`; undefined when they are not UTF-8. */
export function decodeText(bytes: Uint8Array, start: number, length: number): string | undefined {
  const end = start + length;
  if (length <= DECODE_BY_LOOP) {
    const text = decodeAscii(bytes, start, end);
    if (text !== undefined) return text;
  }
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** Upper bound of the octets that {@link encodeText} writes. */
export function textCapacity(text: string): number {
  return text.length * 3;
}

/** Writes `text` at `start` and returns its length in octets; `bytes` has room for {@link textCapacity} octets. */
export function encodeText(text: string, bytes: Uint8Array, start: number): number {
  const length = text.length;
  if (length <= ENCODE_BY_LOOP) {
    let at = 0;
    for (; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) break;
      bytes[start + at] = code;
    }
    if (at === length) return length;
  }
  return encoder.encodeInto(text, bytes.subarray(start)).written;
}

function decodeAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const a = bytes[at], b = bytes[at + 1], c = bytes[at + 2], d = bytes[at + 3];
    const e = bytes[at + 4], f = bytes[at + 5], g = bytes[at + 6], h = bytes[at + 7];
    if ((a | b | c | d | e | f | g | h) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  for (; at < end; at++) {
    if (bytes[at] > 0x7f) return undefined;
    text += String.fromCharCode(bytes[at]);
  }
  return text;
}
