import assert from "node:assert/strict";
import { copyOf } from "./short_copies.ts";

Deno.test("short copies: each has its octets to itself, however many there are and whatever their length", () => {
  const source = Uint8Array.from({ length: 1000 }, (_, at) => at);
  const lengths = [0, 1, 9, 255, 256, 257, 1000];
  const copies = Array.from({ length: 200 }, (_, i) => {
    const length = lengths[i % lengths.length]!;
    const start = Math.min(i, 1000 - length);
    return { copy: copyOf(source, start, start + length), start, length };
  });
  const expected = copies.map(({ start, length }) => source.slice(start, start + length));
  source.fill(0);
  copies.forEach(({ copy }, i) => assert.deepEqual([...copy], [...expected[i]!]));
  // Who writes into one changes no other.
  copies[2]!.copy.fill(77);
  copies.forEach(({ copy }, i) => i !== 2 && assert.deepEqual([...copy], [...expected[i]!]));
});
