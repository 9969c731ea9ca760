import assert from "node:assert/strict";
import { simulate } from "./simulation.ts";
import { Tally } from "./tally.ts";

const SMOKE_SEEDS = 500;
/** Seeds of networks whose interiors leave before they stop. */
const DEPARTURE_SEEDS = 60;
/** Seeds beyond those that have found faults. */
const FINDERS = [662, 796, 994, 1299, 1513, 1525, 1632, 2165, 2253, 2415, 2648, 2743, 2835, 4146];

Deno.test("simulation: networks are right again after whatever befell them", async () => {
  const tally = new Tally();
  for (let seed = 1; seed <= SMOKE_SEEDS; seed++) tally.add(await simulate(seed));
  for (const seed of FINDERS) tally.add(await simulate(seed));
  console.log(`simulation: ${tally.line()}`);
  const failed = tally.failed.map(({ seed, failures }) => `seed ${seed}: ${failures[0]}`);
  assert.deepEqual(failed, [], "deno task simulate --seed S tells the story of one");
});

Deno.test("simulation: networks are right again after interiors have left them in order and come back", async () => {
  const tally = new Tally();
  for (let seed = 1; seed <= DEPARTURE_SEEDS; seed++) tally.add(await simulate(seed, undefined, true));
  console.log(`simulation with departures: ${tally.line()}`);
  const failed = tally.failed.map(({ seed, failures }) => `seed ${seed}: ${failures[0]}`);
  assert.deepEqual(failed, [], "deno task simulate --seed S --departures tells the story of one");
});

Deno.test("simulation: a seed tells the same story every time", async () => {
  const tell = async (seed: number) => {
    const story: string[] = [];
    const { events } = await simulate(seed, (line) => story.push(line));
    return { events, story };
  };
  for (const seed of [4, 77]) assert.deepEqual(await tell(seed), await tell(seed));
});
