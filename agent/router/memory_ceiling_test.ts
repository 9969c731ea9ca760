import assert from "node:assert/strict";
import { giveBuffer, takeBuffer } from "../lib/buffer_pool.ts";
import { TurnedClock } from "../lib/testing_clock.ts";
import { silentLogger } from "../telemetry/log.ts";
import type { Downstream, Upstream } from "./flow.ts";
import { MemoryCeiling } from "./memory_ceiling.ts";

const MIB = 1024 * 1024;

/** A stream with octets that wait; `ended` once it was told so at both ends. */
class Stream implements Downstream, Upstream {
  queued: number;
  pending = 0;
  #told = 0;

  constructor(queued: number) {
    this.queued = queued;
  }

  get ended(): boolean {
    return this.#told === 2;
  }

  write() {}
  end() {}
  producerSettled() {}
  drained() {}

  abort(): void {
    this.queued = 0;
    this.#told++;
  }

  consumerState(): void {
    this.#told++;
  }
}

/** A ceiling of 1000 MiB; the program has 100 of them, and what streams have waiting comes on top. */
function stage() {
  const clock = new TurnedClock();
  const streams: Stream[] = [];
  const use = { program: 100, kept: 0, heap: 50 };
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const measure = () => {
    const live = use.program * MIB + streams.reduce((sum, { queued }) => sum + queued, 0);
    return { resident: live + use.kept * MIB, live, heap: use.heap * MIB, heapLimit: 4000 * MIB };
  };
  const ceiling = new MemoryCeiling(1000 * MIB, measure, clock, { ...silentLogger, info: log, warn: log }, () => {});
  return {
    use,
    ceiling,
    logged,
    begin(mebibytes: number): Stream {
      const stream = new Stream(mebibytes * MIB);
      streams.push(stream);
      ceiling.watch(stream, stream);
      return stream;
    },
    look: () => clock.pass(100),
  };
}

Deno.test("memory ceiling: buffers that nobody uses are dropped while nothing is let in, and only then", () => {
  const { use, ceiling, look } = stage();
  const buffer = takeBuffer(64 * 1024);
  giveBuffer(buffer);
  look();
  assert.equal(takeBuffer(64 * 1024), buffer);
  giveBuffer(buffer);
  use.program = 900;
  for (let looks = 0; looks < 3; looks++) look();
  assert.ok(ceiling.refusing);
  assert.notEqual(takeBuffer(64 * 1024), buffer);
});

Deno.test("memory ceiling: above 85 % nothing new is let in, below 75 % everything is, between them all stays as it was", () => {
  const { use, ceiling, look, logged } = stage();
  const at = (program: number) => {
    use.program = program;
    look();
    return ceiling.refuses();
  };
  assert.deepEqual([at(700), at(850), at(851), at(800), at(751), at(749), at(849)], [
    ...[false, false, true, true, true, false, false],
  ]);
  assert.equal(logged.length, 2, "each change is told once");
  const { state, refused, ended, limit } = ceiling.status();
  assert.deepEqual([state, refused, ended, limit], ["accepting", 3, 0, 1000 * MIB]);
  ceiling.stop();
});

Deno.test("memory ceiling: above 95 % the streams with the most octets waiting are ended, no more than needed", () => {
  const { ceiling, look, begin, use } = stage();
  use.program = 50;
  const streams = [100, 300, 50, 200, 250].map((octets) => begin(octets));
  look();
  assert.ok(ceiling.refusing);
  assert.ok(streams.every(({ ended }) => !ended), "exactly at the edge nobody is");
  use.program = 60;
  begin(20);
  look();
  assert.deepEqual(streams.map(({ ended }) => ended), [false, true, false, false, false]);
  assert.equal(ceiling.status().ended, 1);
  ceiling.stop();
});

Deno.test("memory ceiling: a stream that was ended and still has its octets is not ended again in place of another", () => {
  const { ceiling, look, begin } = stage();
  const [first, second] = [begin(500), begin(300)];
  begin(70);
  look();
  assert.deepEqual([first!.ended, second!.ended], [true, false]);
  first!.queued = 500 * MIB;
  look();
  assert.equal(ceiling.status().ended, 1);
  ceiling.stop();
});

Deno.test("memory ceiling: what streams gave back counts as free though the system still counts it, until it is taken again", () => {
  const { ceiling, look, begin, use } = stage();
  const first = begin(900);
  look();
  assert.ok(first.ended);
  use.kept = 900; // The allocator keeps all of it.
  look();
  assert.ok(!ceiling.refusing, `${ceiling.status().used / MIB}`);
  // The next ones take it from there: the system sees no change.
  begin(800);
  use.kept = 100;
  look();
  assert.equal(ceiling.status().used / MIB, 900);
  assert.ok(ceiling.refusing);
  ceiling.stop();
});

Deno.test("memory ceiling: resident memory that is not alive keeps nobody out for ever", () => {
  const { ceiling, look, use } = stage();
  use.kept = 800;
  look();
  assert.ok(ceiling.refusing);
  for (let i = 0; i < 50; i++) look();
  assert.ok(!ceiling.refusing);
  ceiling.stop();
});

Deno.test("memory ceiling: a program that rests between the shares keeps nobody out for ever, one that streams hold there does", () => {
  const { ceiling, look, begin, use } = stage();
  use.program = 900;
  for (let i = 0; i < 100; i++) look();
  assert.ok(ceiling.refusing);
  use.program = 800;
  for (let i = 0; i < 49; i++) look();
  assert.ok(ceiling.refusing, "not before it has stayed so for a while");
  look();
  assert.ok(!ceiling.refusing);
  use.program = 500;
  const stream = begin(360);
  look();
  stream.queued = 330 * MIB;
  for (let i = 0; i < 100; i++) look();
  assert.ok(ceiling.refusing, "streams may have to give back what they have");
  ceiling.stop();
});

Deno.test("memory ceiling: an engine's heap that is nearly full counts as well", () => {
  const { ceiling, look, use } = stage();
  use.heap = 3500;
  look();
  assert.ok(ceiling.refusing);
  use.heap = 2000;
  look();
  assert.ok(!ceiling.refusing);
  ceiling.stop();
});

Deno.test("memory ceiling: what a waiting octet costs beyond itself is seen, and fewer streams are ended for it", () => {
  const { ceiling, look, begin, use } = stage();
  const streams = Array.from({ length: 20 }, () => begin(20));
  // 100 MiB without them and 1060 with them: each of the 400 that wait costs 2.4, and 210 have to go.
  use.program = 660;
  look();
  assert.equal(streams.filter(({ ended }) => ended).length, 5);
  ceiling.stop();
});
