/** Long bodies that are different everywhere, made and digested as they pass. */

import { createHash } from "node:crypto";

const BLOCK_OCTETS = 64 * 1024;

/** So many octets in pieces, each of which is good until the next one. */
export function* bulk(octets: number): Generator<Uint8Array<ArrayBuffer>> {
  const block = new Uint8Array(BLOCK_OCTETS);
  for (let at = 0, value = 1; at < block.length; at++) block[at] = value = (value * 5 + 3) & 255;
  const view = new DataView(block.buffer);
  for (let number = 0; octets > 0; number++) {
    view.setUint32(0, number);
    const piece = block.subarray(0, Math.min(octets, block.length));
    octets -= piece.length;
    yield piece;
  }
}

/** Length and SHA-256 of what comes, as text. */
export async function digestOf(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  let octets = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    octets += piece.length;
  }
  return `${octets} ${hash.digest("hex")}`;
}
