import { deepEqual, equal, ok } from "node:assert/strict";
import { BlockQueue } from "./block_queue.ts";
import { LentBuffer } from "./lent_buffer.ts";

/** `octets` that tell their place in the stream. */
function numbered(start: number, octets: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: octets }, (_, at) => (start + at) * 31 & 0xff);
}

Deno.test("block queue: octets come out in order, whatever the sizes they went in and out by", () => {
  const queue = new BlockQueue();
  let random = 7;
  const next = (limit: number) => (random = (random * 1103515245 + 12345) & 0x7fffffff) % limit;
  let pushed = 0;
  let taken = 0;
  for (let step = 0; step < 400; step++) {
    const octets = next(step % 10 === 0 ? 200_000 : 3000);
    queue.push(numbered(pushed, octets));
    pushed += octets;
    while (queue.size > 300_000 || (queue.size > 0 && next(3) > 0)) {
      const front = queue.front();
      const piece = front.subarray(0, 1 + next(front.length));
      deepEqual(piece, numbered(taken, piece.length));
      taken += piece.length;
      queue.consume(piece.length);
    }
    equal(queue.size, pushed - taken);
  }
});

Deno.test("block queue: a view of the front survives further pushes, as a write under way needs it", () => {
  const queue = new BlockQueue();
  queue.push(numbered(0, 100));
  const front = queue.front();
  queue.push(numbered(100, 150_000));
  deepEqual(front, numbered(0, 100));
});

Deno.test("block queue: cleared, it is empty and usable again", () => {
  const queue = new BlockQueue();
  queue.push(numbered(0, 100_000));
  queue.clear();
  equal(queue.size, 0);
  equal(queue.front().length, 0);
  queue.push(numbered(5, 3));
  deepEqual(queue.front(), numbered(5, 3));
});

Deno.test("block queue: what is lent stays where it is, in order with what is copied, until it is consumed", () => {
  const queue = new BlockQueue();
  let random = 11;
  const next = (limit: number) => (random = (random * 1103515245 + 12345) & 0x7fffffff) % limit;
  let pushed = 0;
  let taken = 0;
  let kept = 0;
  const into = new Uint8Array(100_000);
  for (let step = 0; step < 600; step++) {
    const buffer = new LentBuffer(8192);
    // Two pieces of one read, as from a frame that ends and one that begins.
    for (let start = next(100); start < 8192;) {
      const octets = Math.min(1 + next(8192), 8192 - start);
      const piece = buffer.bytes.subarray(start, start + octets);
      piece.set(numbered(pushed, octets));
      buffer.lend(piece, () => queue.push(piece));
      pushed += octets;
      start += octets;
    }
    if (buffer.kept) kept++;
    else buffer.bytes.fill(0); // The reader reads on.
    buffer.release();
    if (step % 3 === 0) {
      queue.push(numbered(pushed, 700));
      pushed += 700;
    }
    if (next(2) === 0) {
      const octets = Math.min(queue.size, next(into.length));
      queue.moveTo(into, 0, octets);
      deepEqual(into.subarray(0, octets), numbered(taken, octets));
      taken += octets;
    } else if (queue.size > 0) {
      const front = queue.front();
      deepEqual(front, numbered(taken, front.length));
      taken += front.length;
      queue.consume(front.length);
    }
    equal(queue.size, pushed - taken);
  }
  ok(kept > 100 && kept < 600, `${kept} kept`);
});

Deno.test("block queue: cleared, it lets go of what was lent", () => {
  const queue = new BlockQueue();
  const buffer = new LentBuffer(4096);
  buffer.lend(buffer.bytes, (bytes) => queue.push(bytes));
  ok(buffer.kept);
  queue.clear();
  ok(!buffer.kept);
});

Deno.test("block queue: small pieces between what is lent hold little memory", () => {
  const queue = new BlockQueue();
  for (let at = 0; at < 20; at++) {
    queue.push(numbered(at, 8));
    const buffer = new LentBuffer(65_536);
    buffer.lend(buffer.bytes.subarray(0, 40_000), (bytes) => queue.push(bytes));
    buffer.release();
  }
  let held = 0;
  while (queue.size > 0) {
    const front = queue.front();
    held += front.buffer.byteLength;
    queue.consume(front.length);
  }
  ok(held < 20 * 70_000, `${held} octets`);
});
