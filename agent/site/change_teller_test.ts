import assert from "node:assert/strict";
import { TurnedClock } from "../lib/testing_clock.ts";
import { ChangeTeller } from "./change_teller.ts";

Deno.test("change teller: many changes are told once, a first one soon, and others not much later", () => {
  const clock = new TurnedClock();
  const teller = new ChangeTeller(clock);
  const told: number[] = [];
  const end = teller.add(() => told.push(clock.now()));
  for (let change = 0; change < 1000; change++) teller.changed();
  clock.pass(0);
  assert.deepEqual(told, [0]);
  for (let ms = 0; ms < 250; ms++) {
    teller.changed();
    clock.pass(1);
  }
  assert.deepEqual(told, [0, 100, 200]);
  teller.stop();
  assert.deepEqual([told, clock.waiting], [[0, 100, 200, 250], 0], "the last change is told before the end");
  end();
  teller.changed();
  assert.equal(clock.waiting, 0);
});
