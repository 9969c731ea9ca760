import assert from "node:assert/strict";
import fc from "fast-check";
import { Backoff } from "./backoff.ts";

/** Delays of an outage in which every attempt fails at once, with when it was asked for. */
function outage(random: () => number, untilMs: number): { at: number; delay: number }[] {
  const backoff = new Backoff({ random });
  const delays: { at: number; delay: number }[] = [];
  for (let now = 5_000; now < 5_000 + untilMs;) {
    const delay = backoff.next(now);
    delays.push({ at: now - 5_000, delay });
    now += delay;
  }
  return delays;
}

const randomness = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
  .map((stream) => () => stream.next().value as number);

Deno.test("the first retry is fast, the next ones double, and the ceilings hold", () => {
  fc.assert(fc.property(randomness, (random) => {
    const delays = outage(random, 300_000);
    delays.forEach(({ at, delay }, i) => {
      const young = at < 60_000;
      const full = young ? Math.min(200 * 2 ** i, 2_000) : 30_000;
      assert.ok(Number.isInteger(delay) && delay >= 100 && delay <= full, `${i}: ${delay} of ${full} at ${at}`);
      if (young) assert.ok(delay >= full / 2, `${i}: ${delay} of ${full}`);
    });
    assert.ok(delays[0].delay <= 200);
    assert.ok(delays.at(-1)!.delay >= 15_000, "an old outage is left in peace");
  }));
});

Deno.test("the ceiling rises by doubling, not by a leap", () => {
  const old = outage(() => 0.999, 300_000).filter(({ at }) => at >= 60_000).map(({ delay }) => delay);
  assert.deepEqual(old.slice(0, 5).map((delay) => Math.round(delay / 1000)), [4, 8, 16, 30, 30]);
});

Deno.test("a link that came up starts afresh, and a later outage is young again", () => {
  fc.assert(fc.property(randomness, fc.integer({ min: 1, max: 30 }), (random, attempts) => {
    const backoff = new Backoff({ random });
    for (let i = 0; i < attempts; i++) backoff.next(i * 10_000);
    backoff.reset();
    const begin = 1_000_000;
    assert.ok(backoff.next(begin) <= 200);
    for (let i = 0; i < 20; i++) assert.ok(backoff.next(begin + 59_999) <= 2_000);
  }));
});

Deno.test("links that fail together do not retry together", () => {
  let seed = 1;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const third = Array.from({ length: 200 }, () => {
    const backoff = new Backoff({ random });
    backoff.next(0);
    backoff.next(0);
    return backoff.next(0);
  });
  assert.ok(Math.max(...third) - Math.min(...third) > 300, "spread over most of the upper half of 800 ms");
});
