import { equal, notEqual, ok } from "node:assert/strict";
import { takeBuffer } from "./buffer_pool.ts";
import { keepLent, LentBuffer } from "./lent_buffer.ts";

const SIZE = 8 * 1024;

Deno.test("lent buffer: what is lent may be kept, and is given back by the last holder only", () => {
  const buffer = new LentBuffer(SIZE);
  const kept = buffer.lend(buffer.bytes.subarray(0, SIZE), keepLent);
  equal(kept, buffer);
  ok(buffer.kept);
  buffer.release();
  const other = takeBuffer(SIZE);
  notEqual(other.buffer, buffer.bytes.buffer);
  kept!.release();
  equal(takeBuffer(SIZE).buffer, buffer.bytes.buffer);
});

Deno.test("lent buffer: nothing is kept that is small, of another buffer, or no longer lent", () => {
  const buffer = new LentBuffer(SIZE);
  const inner = new LentBuffer(SIZE);
  equal(keepLent(buffer.bytes), undefined);
  equal(buffer.lend(buffer.bytes.subarray(0, SIZE / 2 - 1), keepLent), undefined);
  equal(buffer.lend(buffer.bytes, (piece) => keepLent(piece.slice())), undefined);
  equal(buffer.lend(buffer.bytes, () => inner.lend(inner.bytes, () => keepLent(buffer.bytes))), undefined);
  ok(!buffer.kept && !inner.kept);
  const outer = buffer.lend(buffer.bytes, (piece) => {
    try {
      inner.lend(inner.bytes, () => {
        throw new Error("the handler failed");
      });
    } catch {
      // What was lent before is lent again.
    }
    return keepLent(piece);
  });
  equal(outer, buffer);
});
