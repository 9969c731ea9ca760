import assert from "node:assert/strict";
import { EarlyWrites } from "./early_writes.ts";

/** The least number of octets that leave early in the next turn. */
function dueAfter(turns: readonly number[]): number {
  const early = new EarlyWrites();
  for (const octets of turns) {
    early.turn();
    early.wrote(octets);
  }
  early.turn();
  let least = 0;
  while (!early.isDue(least)) least++;
  return least;
}

Deno.test("early writes: half of what a turn brings leaves early, within limits", () => {
  assert.equal(dueAfter([]), 1024);
  assert.equal(dueAfter([5000]), 2500);
  assert.equal(dueAfter([500]), 1024);
  assert.equal(dueAfter([100_000]), 4096);
});

Deno.test("early writes: what left early belongs to its turn", () => {
  const early = new EarlyWrites();
  early.turn();
  early.wrote(2000);
  early.wrote(4000);
  early.turn();
  assert.deepEqual([early.isDue(2999), early.isDue(3000)], [false, true]);
});

Deno.test("early writes: the longest turn counts, and is forgotten within some twenty shorter ones", () => {
  assert.equal(dueAfter([6000, 1000]), 2625);
  assert.equal(dueAfter([6000, ...Array.from({ length: 20 }, () => 1000)]), 1024);
});
