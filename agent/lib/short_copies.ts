/**
 * Copies of short octets that are soon forgotten. Many share one buffer: making a buffer of its own for each costs more than
 * the copy, and the collector counts them.
 */

/** Octets of a buffer; it lives as long as any copy in it. */
const SLAB_OCTETS = 4096;
/** Longest copy that shares one, in octets. */
const SHORT_OCTETS = 256;

let slab = new Uint8Array(0);
let used = 0;

/** A copy of the octets from `start` to `end`. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
  const octets = end - start;
  if (octets > SHORT_OCTETS) return bytes.slice(start, end) as Uint8Array<ArrayBuffer>;
  if (used + octets > slab.length) {
    slab = new Uint8Array(SLAB_OCTETS);
    used = 0;
  }
  const copy = slab.subarray(used, used += octets);
  for (let at = 0; at < octets; at++) copy[at] = bytes[start + at]!;
  return copy;
}
