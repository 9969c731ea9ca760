/**
 * `deno task simulate --seeds N [--from S]` runs N networks and ends with a line of counts; `--seed S` runs one and
 * tells its story. With `--departures`, interiors leave before they stop, and do so often. Exit code 1 when anything did
 * not hold.
 */

import { type Outcome, simulate } from "./simulation.ts";
import { Tally } from "./tally.ts";
import type { Share } from "./worker.ts";

const USAGE = "Usage: deno task simulate (--seeds N [--from S] | --seed S) [--departures]";
const DEPARTURES = Deno.args.includes("--departures");

async function one(seed: number): Promise<boolean> {
  const tally = new Tally();
  const outcome = await simulate(seed, console.log, DEPARTURES);
  tally.add(outcome);
  for (const failure of outcome.failures) console.log(`FAILED ${failure}`);
  console.log(tally.line());
  return outcome.failures.length === 0;
}

async function many(from: number, count: number): Promise<boolean> {
  const tally = new Tally();
  const step = Math.min(count, navigator.hardwareConcurrency);
  const started = performance.now();
  let toldAt = started;
  await Promise.all(
    Array.from(
      { length: step },
      (_, at) =>
        share({ from: from + at, to: from + count - 1, step, departures: DEPARTURES }, (outcome) => {
          tally.add(outcome);
          if (outcome.failures.length > 0) tell(outcome);
          if (performance.now() - toldAt < 5000) return;
          toldAt = performance.now();
          console.log(`${tally.runs} of ${count}, ${Math.round((toldAt - started) / 1000)} s`);
        }),
    ),
  );
  console.log(tally.line());
  return tally.failed.length === 0;
}

/** Has a thread of its own run `share`; resolves when all its outcomes are there. */
function share(share: Share, onOutcome: (outcome: Outcome) => void): Promise<void> {
  const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
  let left = Math.ceil((share.to - share.from + 1) / share.step);
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }: MessageEvent<Outcome>) => {
      onOutcome(data);
      if (--left > 0) return;
      worker.terminate();
      resolve();
    };
    worker.postMessage(share);
  });
}

function tell({ seed, failures }: Outcome): void {
  const flag = DEPARTURES ? " --departures" : "";
  console.log(`FAILED seed ${seed} (deno task simulate --seed ${seed}${flag} tells the story):`);
  for (const failure of failures.slice(0, 3)) console.log(`  ${failure}`);
}

function number(name: string): number | undefined {
  const at = Deno.args.indexOf(`--${name}`);
  if (at < 0) return undefined;
  const value = Number(Deno.args[at + 1]);
  if (Number.isInteger(value) && value >= 0) return value;
  console.error(`--${name} needs a whole number. ${USAGE}`);
  Deno.exit(2);
}

const [seed, seeds, from] = [number("seed"), number("seeds"), number("from")];
if (seed === undefined && !seeds) {
  console.error(USAGE);
  Deno.exit(2);
}
Deno.exit(await (seed !== undefined ? one(seed) : many(from ?? 1, seeds!)) ? 0 : 1);
