import { deepEqual, equal } from "node:assert/strict";
import { TurnedClock } from "./testing_clock.ts";
import { LOOK_MS, TimeLimit } from "./time_limit.ts";

Deno.test("time limit: what ends in time is left alone, what does not is called over once", () => {
  const clock = new TurnedClock();
  const limit = new TimeLimit(clock, 2000);
  const over: string[] = [];
  const early = limit.begin(() => over.push("early"));
  clock.pass(500);
  const late = limit.begin(() => over.push("late"));
  clock.pass(1000);
  equal(limit.end(early), true);
  clock.pass(1000);
  deepEqual(over, []);
  clock.pass(LOOK_MS);
  deepEqual(over, ["late"]);
  equal(limit.end(late), false);
  equal(clock.waiting, 0);
});

Deno.test("time limit: thousands share one timer, and none is left when all have ended", () => {
  const clock = new TurnedClock();
  const limit = new TimeLimit(clock, 2000);
  const numbers = Array.from({ length: 5000 }, () => limit.begin(() => {}));
  equal(clock.waiting, 1);
  for (const number of numbers) limit.end(number);
  clock.pass(LOOK_MS);
  equal(clock.waiting, 0);
});

Deno.test("time limit: what begins while another is called over has its own time", () => {
  const clock = new TurnedClock();
  const limit = new TimeLimit(clock, 1000);
  const over: number[] = [];
  limit.begin(() => {
    over.push(clock.now());
    limit.begin(() => over.push(clock.now()));
  });
  clock.pass(5000);
  deepEqual(over, [1000, 2000]);
  equal(clock.waiting, 0);
});

Deno.test("time limit: stopped, it calls everything over at once", () => {
  const clock = new TurnedClock();
  const limit = new TimeLimit(clock, 1000);
  let over = 0;
  for (let at = 0; at < 3; at++) limit.begin(() => over++);
  limit.stop();
  equal(over, 3);
  equal(clock.waiting, 0);
});
