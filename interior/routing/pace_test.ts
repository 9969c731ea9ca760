import assert from "node:assert/strict";
import { Pace } from "./pace.ts";

Deno.test("a burst is allowed at once, then one in an interval; silence earns the burst again", () => {
  const pace = new Pace(1000, 3);
  /** How often it may speak now, when it does. */
  const speaks = (now: number) => {
    let times = 0;
    for (; pace.allows(now); times++) pace.spoke(now);
    return times;
  };
  assert.equal(speaks(5000), 3);
  assert.equal(speaks(5999), 0);
  assert.equal(speaks(6000), 1);
  assert.equal(speaks(6500), 0);
  assert.equal(speaks(8000), 2);
  assert.equal(speaks(60_000), 3);
});

Deno.test("who speaks more than it may, as routers do in their rhythm, owes no more than the burst", () => {
  const pace = new Pace(1000, 3);
  for (let time = 0; time < 10; time++) pace.spoke(0);
  assert.equal(pace.allows(999), false);
  assert.equal(pace.allows(1000), true);
});
