import { deepEqual, equal } from "node:assert/strict";
import { BlockQueue } from "./block_queue.ts";

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
