/**
 * Runs every example, and README's story, in a network of its own: `runner.ts PATH NAMES RESULTS`. PATH holds the
 * programs, NAMES is `names` where the hosts of examples can be resolved, RESULTS is the file for the results.
 */

import { until } from "../support/until.ts";
import { type Example, examples } from "./examples.ts";
import { readmeStory } from "./readme_story.ts";
import { serveExamples, World } from "./world.ts";

/** What became of one line; empty text: it did as it must. */
export interface Outcome {
  /** The line. */
  readonly line: string;
  /** Where it stands. */
  readonly from: string;
  /** What went wrong. */
  readonly fault: string;
  /** How long it took, in ms. */
  readonly ms: number;
}

const LIMIT_MS = 60_000;
/** What a command says that stays, once it does what it is for. */
const MARKERS: ReadonlyArray<readonly [RegExp, RegExp]> = [
  [/^tendril run/, /site is running/],
  [/^tendril expose/, /routing key is reachable/],
  [/^tendril forward/, /link is active/],
  [/^tendril demo/, /Ctrl-C/],
];

async function ends(world: World, { line, code }: Example): Promise<string> {
  const result = await world.run(line);
  return result.code === code ? "" : `exit code ${result.code}, not ${code}: ${result.text.slice(-3000)}`;
}

async function stays(world: World, { line }: Example): Promise<string> {
  const marker = MARKERS.find(([command]) => command.test(line))![1];
  const process = world.start(line);
  let over = false;
  process.ended.then(() => over = true);
  await until(() => over || marker.test(process.output()), LIMIT_MS).catch(() => {});
  if (over || !marker.test(process.output())) return `never says ${marker}: ${process.output().slice(-3000)}`;
  process.signal("SIGINT");
  const code = await process.ended;
  return code === 0 ? "" : `ends with ${code}: ${process.output().slice(-3000)}`;
}

async function each(lines: readonly Example[], base: World): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const note = async ({ line, from }: Example, work: () => Promise<string>) => {
    const began = performance.now();
    const fault = await work().catch((error) => String(error));
    outcomes.push({ line, from, fault, ms: Math.round(performance.now() - began) });
  };
  for (const example of lines.filter(({ kind }) => kind === "alone")) {
    await note(example, async () => {
      await using world = await base.copy();
      await world.prepare(example.line);
      return await ends(world, example);
    });
  }
  for (const [kind, sites, work] of [["asking", ["hub", "west", "east"], ends], ["staying", ["hub"], stays]] as const) {
    await using world = await base.copy();
    const some = lines.filter((line) => line.kind === kind);
    // What another line has made already is there.
    for (const { line } of some) await world.prepare(line).catch(() => {});
    await world.runSites(...sites);
    for (const example of some) await note(example, () => work(world, example));
  }
  return outcomes;
}

const [path = "", names, results = ""] = Deno.args;
const options = { path, names: names === "names" };
await using _services = serveExamples();
await using base = await World.create(options);
const outcomes = await each(await examples(), base);
const began = performance.now();
const story = await readmeStory(options).catch((error) => String(error));
outcomes.push({
  line: "README, word by word",
  from: "README.md",
  fault: story,
  ms: Math.round(performance.now() - began),
});
await Deno.writeTextFile(results, JSON.stringify(outcomes));
