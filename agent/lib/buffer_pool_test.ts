import { equal, ok } from "node:assert/strict";
import { giveBuffer, POOL_OCTETS, takeBuffer, trimUnused } from "./buffer_pool.ts";

const SIZE = 64 * 1024;
/** So many are twice what may lie unused for long. */
const MANY = 2 * POOL_OCTETS / SIZE;

Deno.test("buffer pool: sizes are powers of two, and what is larger than the largest is not kept", () => {
  empty();
  const sizes = [[0, 1024], [1024, 1024], [1025, 2048], [2048, 2048], [65_535, 65_536], [262_144, 262_144]] as const;
  for (const [octets, size] of sizes) {
    const buffer = takeBuffer(octets);
    equal(buffer.length, size);
    giveBuffer(buffer);
    equal(takeBuffer(octets), buffer);
    ok(takeBuffer(octets) !== buffer);
  }
  for (const octets of [262_145, 524_289, 3_000_000]) {
    const buffer = takeBuffer(octets);
    ok(buffer.length >= octets && buffer.length < 2 * octets);
    giveBuffer(buffer);
    ok(takeBuffer(octets) !== buffer);
  }
  giveBuffer(new Uint8Array(3000));
  equal(takeBuffer(3000).length, 4096);
});

Deno.test("buffer pool: a backlog that comes and goes takes the same buffers again, however large it is", () => {
  empty();
  const known = new Set(take(MANY));
  for (let turn = 0; turn < 5; turn++) {
    for (const buffer of known) giveBuffer(buffer);
    if (turn % 2 === 0) trimUnused();
    for (const buffer of take(MANY)) ok(known.has(buffer));
    if (turn % 2 === 1) trimUnused();
  }
});

Deno.test("buffer pool: what was not needed between two trims is dropped, down to what may lie there", () => {
  empty();
  const known = take(MANY);
  for (const buffer of known) giveBuffer(buffer);
  trimUnused();
  // Three quarters are needed for a moment: the fourth, which came first, is not.
  for (const buffer of take(MANY * 3 / 4)) giveBuffer(buffer);
  trimUnused();
  const left = new Set(take(MANY));
  equal(known.filter((buffer) => left.has(buffer)).length, MANY * 3 / 4);
  ok(!left.has(known[0]!));
  for (const buffer of left) giveBuffer(buffer);
  for (let times = 0; times < 2; times++) trimUnused();
  equal(take(MANY).filter((buffer) => left.has(buffer)).length, MANY / 2);
});

Deno.test("buffer pool: all that was not needed is dropped when memory is short, the rest stays", () => {
  empty();
  const known = take(8);
  for (const buffer of known) giveBuffer(buffer);
  trimUnused(0);
  giveBuffer(takeBuffer(SIZE));
  trimUnused(0);
  const left = new Set(take(8));
  equal(known.filter((buffer) => left.has(buffer)).length, 1);
});

/** Two trims find that nobody needs anything. */
function empty(): void {
  trimUnused(0);
  trimUnused(0);
}

function take(count: number): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, () => takeBuffer(SIZE));
}
