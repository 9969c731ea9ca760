/**
 * A fuzzer: damages known inputs and runs a target over them until its time is up. In: a {@link FuzzTarget}; out: a
 * {@link FuzzReport}, or an error that names the seed and the input, in hex.
 *
 * The outcomes guide it: an input that led to an outcome never seen before joins the corpus, and is damaged further.
 * The same seed makes the same inputs, and all runs begin with the same one, so that what fails is the change at hand.
 * Environment: `FUZZ_SECONDS`, else 2 s, or with `CI=true` 30 s if the target does not say otherwise; `FUZZ_SEED`, a
 * number, or `new` for one that nobody has tried.
 */

import { choices, type Choose } from "./choices.ts";
import { damage, type Mutator } from "./mutators.ts";

/** What is fuzzed. */
export interface FuzzTarget {
  /** For the report. */
  readonly name: string;
  /** Inputs that the target understands. */
  readonly seeds: readonly Uint8Array[];
  /** Ways to damage an input that only this target's format makes sensible. */
  readonly mutators?: readonly Mutator[];
  /** Octets that mean something in this format, to be put anywhere. */
  readonly tokens?: readonly Uint8Array[];
  /** Seconds that it takes in CI, if not {@link CI_SECONDS}. */
  readonly ciSeconds?: number;
  /** Takes one input and names what came of it. Throws where the code under test is at fault. */
  run(input: Uint8Array, choose: Choose): string;
}

/** When to stop, and where to begin; the defaults come from the environment. */
export interface FuzzLimits {
  /** Time to take, in seconds. */
  readonly seconds?: number;
  /** Inputs to try at most. */
  readonly executions?: number;
  /** Makes the run repeatable. */
  readonly seed?: number;
}

/** What came of a run. */
export interface FuzzReport {
  /** Inputs tried. */
  readonly executions: number;
  /** Where the choices began. */
  readonly seed: number;
  /** How often each outcome was seen. */
  readonly outcomes: ReadonlyMap<string, number>;
}

/** A target failed. */
export class FuzzFailure extends Error {
  /** Which input did it, counted from 0. */
  readonly execution: number;
  /** The input. */
  readonly input: Uint8Array;

  /** `cause` is what the target threw. */
  constructor(target: string, seed: number, execution: number, input: Uint8Array, cause: unknown) {
    super(`fuzz ${target}: failed with seed ${seed} at execution ${execution}, input ${input.toHex()}: ${cause}`, {
      cause,
    });
    this.execution = execution;
    this.input = input;
  }
}

/** Seconds that a target takes in CI, and elsewhere. */
const CI_SECONDS = 30;
const SECONDS = 2;
/** Inputs that are tried even where time is up: on a busy machine it says little. */
const LEAST_EXECUTIONS = 500;
/** Inputs kept for their outcome. */
const MAX_FOUND = 2000;

/** Runs `target` over its seeds and then over damaged ones. Prints one line. Throws FuzzFailure. */
export function fuzz(target: FuzzTarget, limits: FuzzLimits = {}): FuzzReport {
  const ci = Deno.env.get("CI") === "true";
  const seconds = limits.seconds ?? setting("FUZZ_SECONDS") ?? (ci ? target.ciSeconds ?? CI_SECONDS : SECONDS);
  const seed = limits.seed ?? seedSetting();
  const choose = choices(seed);
  const corpus = [...target.seeds];
  const outcomes = new Map<string, number>();
  const start = performance.now();
  const deadline = start + seconds * 1000;
  const most = limits.executions ?? Infinity;
  let executions = 0;
  const least = Math.max(target.seeds.length, LEAST_EXECUTIONS);
  while (executions < most && (executions < least || performance.now() < deadline)) {
    const input = executions < target.seeds.length ? corpus[executions] : damage(
      corpus[choose(corpus.length)],
      corpus[choose(corpus.length)],
      choose,
      target.mutators ?? [],
      target.tokens ?? [],
    );
    let outcome: string;
    try {
      outcome = target.run(input, choose);
    } catch (error) {
      throw new FuzzFailure(target.name, seed, executions, input, error);
    }
    const times = outcomes.get(outcome) ?? 0;
    if (times === 0 && executions >= target.seeds.length && corpus.length < target.seeds.length + MAX_FOUND) {
      corpus.push(input);
    }
    outcomes.set(outcome, times + 1);
    executions++;
  }
  const took = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `fuzz ${target.name}: ${executions} executions, seed ${seed}, ${took} s ` +
      `(${target.seeds.length} seeds, ${outcomes.size} outcomes)`,
  );
  return { executions, seed, outcomes };
}

/** Executions whose outcome fulfils `which`. */
export function countOf(report: FuzzReport, which: (outcome: string) => boolean): number {
  let sum = 0;
  for (const [outcome, times] of report.outcomes) if (which(outcome)) sum += times;
  return sum;
}

function seedSetting(): number {
  if (Deno.env.get("FUZZ_SEED") === "new") return crypto.getRandomValues(new Uint32Array(1))[0];
  return setting("FUZZ_SEED") ?? 1;
}

function setting(name: string): number | undefined {
  const text = Deno.env.get(name);
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!(value >= 0)) throw new Error(`${name} is "${text}", a number is expected`);
  return value;
}
