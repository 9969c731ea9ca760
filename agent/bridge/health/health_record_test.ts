import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { CALM_MS, FIRST_HOLD_MS, HealthRecord, MAX_HOLD_MS } from "./health_record.ts";

/** Feeds one result a second, written as `+` and `-`; the states after each. */
function states(record: HealthRecord, results: string, from = 0): string {
  return [...results].map((result, at) => {
    record.take(result === "+", from + at * 1000);
    return record.healthy ? "+" : "-";
  }).join("");
}

Deno.test("health: both thresholds count results in a row; nothing is healthy before it has shown itself", () => {
  const record = new HealthRecord({ successThreshold: 2, failureThreshold: 3 });
  equal(record.healthy, false);
  equal(states(record, "+-++--+---+-++"), "---++++++----+");
});

Deno.test("health: the first fall costs nothing more, each relapse twice the time of the one before", () => {
  const record = new HealthRecord({ successThreshold: 1, failureThreshold: 1 });
  let now = 0;
  const holds: number[] = [];
  for (let fall = 0; fall < 9; fall++) {
    while (!record.healthy) record.take(true, now += 100);
    record.take(false, now += 100);
    const from = now + 100;
    while (!record.healthy) record.take(true, now += 100);
    holds.push(now - from);
    equal(record.holdMs, holds.at(-1));
  }
  const doubled = Array.from({ length: 8 }, (_, at) => Math.min(FIRST_HOLD_MS * 2 ** at, MAX_HOLD_MS));
  deepEqual(holds, [0, ...doubled]);
});

Deno.test("health: a failure while it is held back begins the time anew", () => {
  const record = new HealthRecord({ successThreshold: 1, failureThreshold: 1 });
  equal(states(record, "+-+-"), "+-+-");
  equal(states(record, "++++-++++++", 4000), "----------+");
  equal(record.heldMs(14_000), 0);
});

Deno.test("health: who was well for long has its falls forgotten", () => {
  const record = new HealthRecord({ successThreshold: 1, failureThreshold: 1 });
  equal(states(record, "+-+-"), "+-+-");
  record.take(true, 10_000);
  equal(record.heldMs(11_000), FIRST_HOLD_MS - 1000);
  record.take(true, 20_000);
  equal(record.healthy, true);
  record.take(false, 20_000 + CALM_MS);
  equal(record.holdMs, 0);
});

Deno.test("health: whatever comes, it changes only by as many results in a row as are asked for", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ passed: fc.boolean(), ms: fc.integer({ min: 0, max: 60_000 }) })),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    (results, successThreshold, failureThreshold) => {
      const record = new HealthRecord({ successThreshold, failureThreshold });
      let now = 0;
      let row = 0;
      let last: boolean | undefined;
      for (const { passed, ms } of results) {
        now += ms;
        row = passed === last ? row + 1 : 1;
        last = passed;
        if (!record.take(passed, now)) continue;
        equal(record.healthy, passed);
        equal(row >= (passed ? successThreshold : failureThreshold), true);
      }
    },
  ));
});
