import assert from "node:assert/strict";
import fc from "fast-check";
import { LinkMeter, PROBE_LOST_MS, PROBE_MS } from "./link_meter.ts";

/**
 * Lets the meter ask as often as it likes, `times` in all, from `start` on. `next()` is the round trip in ms, or
 * undefined for a question that is lost. Returns every cost told, with the time, and the end.
 */
function measure(meter: LinkMeter, start: number, times: number, next: () => number | undefined) {
  const told: { cost: number; at: number }[] = [];
  let now = start;
  for (let time = 0; time < times; time++) {
    assert.ok(meter.ask(now));
    const roundTrip = next();
    if (roundTrip !== undefined) meter.answered(now + roundTrip);
    if (meter.cost !== told.at(-1)?.cost) told.push({ cost: meter.cost, at: now + (roundTrip ?? 0) });
    now += roundTrip === undefined ? PROBE_LOST_MS : Math.max(PROBE_MS, roundTrip);
  }
  return { told, now };
}

Deno.test("a link costs one for each millisecond of its round trip, and never less than configured", () => {
  const slow = new LinkMeter(1);
  measure(slow, 0, 20, () => 40);
  assert.equal(slow.cost, 40);
  const fast = new LinkMeter(10);
  measure(fast, 0, 20, () => 0.4);
  assert.equal(fast.cost, 10);
});

Deno.test("noise of 20 % around any round trip moves nothing, once the cost is told", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.array(fc.double({ min: 0.8, max: 1.2, noNaN: true }), { minLength: 300, maxLength: 300 }),
      (roundTrip, noise) => {
        const meter = new LinkMeter(1);
        const { now } = measure(meter, 0, 40, () => roundTrip);
        let at = 0;
        const { told } = measure(meter, now, noise.length, () => roundTrip * noise[at++]);
        assert.deepEqual(told.map(({ cost }) => cost), [meter.cost]);
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("one answer that is late, however late, or lost moves nothing, nor does a second late one", () => {
  for (const roundTrip of [5, 10, 40, 400]) {
    for (const late of [2 * roundTrip, 6 * roundTrip, 50 * roundTrip, undefined]) {
      const meter = new LinkMeter(1);
      let question = 0;
      let { now, told } = measure(meter, 0, 20, () => question++ === 0 ? late : roundTrip);
      assert.deepEqual(told.map(({ cost }) => cost), [1, roundTrip], "at the start");
      for (const outliers of [[late], [late, roundTrip, 50 * roundTrip]]) {
        ({ now, told } = measure(meter, now, 30, () => outliers.length > 0 ? outliers.shift() : roundTrip));
        assert.deepEqual(told.map(({ cost }) => cost), [roundTrip], `${roundTrip} ms, then ${late}`);
      }
    }
  }
});

Deno.test("a round trip that doubles for good is followed within 20 seconds, all the way", () => {
  const meter = new LinkMeter(1);
  let { now } = measure(meter, 0, 20, () => 50);
  assert.equal(meter.cost, 50);
  const since = now;
  let moved = 0;
  for (; meter.cost < 100; moved = now) {
    assert.ok(now - since < 20_000, "too slow");
    now += PROBE_MS;
    meter.ask(now);
    meter.answered(now + 100);
  }
  assert.ok(moved > 0);
});

Deno.test("ten per cent of loss count as twice the time", () => {
  const meter = new LinkMeter(1);
  let question = 0;
  measure(meter, 0, 60, () => question++ % 10 === 0 ? undefined : 20);
  assert.equal(meter.cost, 40);
});

Deno.test("lost questions make a link dearer, and it recovers", () => {
  const meter = new LinkMeter(1);
  let { now } = measure(meter, 0, 20, () => 20);
  assert.equal(meter.cost, 20);
  let question = 0;
  ({ now } = measure(meter, now, 60, () => question++ % 4 === 0 ? undefined : 20));
  assert.ok(meter.cost > 40, `${meter.cost}`);
  measure(meter, now, 80, () => 20);
  assert.ok(meter.cost < 30, `${meter.cost}`);
});

Deno.test("changes are 10 seconds apart at least", () => {
  const meter = new LinkMeter(1);
  let roundTrip = 10;
  const { told } = measure(meter, 0, 60, () => roundTrip = Math.min(1500, roundTrip * 1.3));
  const changes = told.filter(({ cost }) => cost > 1);
  changes.slice(1).forEach(({ at }, index) => assert.ok(at - changes[index].at >= 10_000));
  assert.ok(changes.length > 3);
});
