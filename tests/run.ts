/**
 * Runs all tests and closes with one line that machines and people read alike: `N passed, N failed`, with the number of
 * those that were skipped because a program is missing. `--times` lists what took longest, paths choose files, and all
 * other flags go to `deno test`.
 *
 * Each file is a process of its own, so that they can begin in the order that is best. Most tests wait for other
 * programs and for timers: several files at a time share a processor. A fuzzer takes all it gets of a processor for as
 * long as it is told to, so one at a time runs beside them, after the checks of the tree.
 */

import { FREE_PORTS, type PortRange, PORTS_VARIABLE, shareOf } from "./support/ports.ts";

const deno = Deno.execPath();
const TIMES = "--times";
/** What `--times` lists. */
const LISTED = 40;
/** Lines of a file that failed that are shown again at the end. */
const SHOWN_LINES = 60;
const FILES_PER_PROCESSOR = 2;
/** However many processors there are: each file may start a network of its own. */
const MOST_FILES = 12;
/** What spans rooms takes longest and comes first, so that nothing long is left to run alone at the end. */
const FOLDERS = ["tests", "agent", "interior", "adaptors"];
const FUZZERS = "tests/fuzz/";

/** Something to run. */
interface Task {
  readonly title: string;
  /** Arguments of `deno`. */
  readonly args: readonly string[];
}

/** What came of it. */
interface Outcome {
  readonly title: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  /** All that it printed. */
  readonly output: string;
}

/** Runs `task` with its share of the `ports`, and shows what it has said when it has ended. */
async function perform({ title, args }: Task, ports: PortRange): Promise<Outcome> {
  const began = performance.now();
  const env = { [PORTS_VARIABLE]: `${ports.from}-${ports.to}` };
  const { code, stdout, stderr } = await new Deno.Command(deno, { args: [...args], env, stdin: "null" }).output();
  const seconds = (performance.now() - began) / 1000;
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  const output = `${text}${decoder.decode(stderr)}`.trim();
  console.log(`\n== ${title} (${seconds.toFixed(1)} s)\n${output}`);
  return { title, ...countsOf(text, code), seconds, output };
}

/** What the last lines of `deno test` say; a program that says nothing of tests is one. */
function countsOf(text: string, code: number): Pick<Outcome, "passed" | "failed" | "skipped"> {
  // deno-lint-ignore no-control-regex -- colours of the test runner
  const plain = text.replace(/\x1b\[[0-9;]*m/g, "");
  const summary = /(\d+) passed[^\n|]*\| (\d+) failed(?: \| (\d+) ignored)?/.exec(plain);
  if (summary === null) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  const failed = Number(summary[2]);
  // A run that broke without a failing test, such as on a leak, has failed all the same.
  return {
    passed: Number(summary[1]),
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped: Number(summary[3] ?? 0),
  };
}

/** All files with tests below `folder`, by path. */
async function testFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) files.push(...await testFiles(`${folder}/${name}`));
    else if (name.endsWith("_test.ts")) files.push(`${folder}/${name}`);
  }
  return files.sort();
}

const flags = Deno.args.filter((word) => word.startsWith("-") && word !== TIMES);
const wanted = Deno.args.filter((word) => !word.startsWith("-"));
const files = (await Promise.all(FOLDERS.map(testFiles))).flat()
  .filter((file) => wanted.length === 0 || wanted.some((path) => file.startsWith(path)));
/** Types are checked for all files at once. */
const test = (file: string): Task => ({ title: file, args: ["test", "-A", "--no-check", ...flags, file] });
const waiting = files.filter((file) => !file.startsWith(FUZZERS)).map(test);
const working: Task[] = [
  { title: "formatting", args: ["fmt", "--check", "--quiet"] },
  { title: "lint", args: ["lint", "--quiet"] },
  { title: "types", args: ["check", "--quiet", "agent", "interior", "tests", "adaptors/build.ts"] },
  { title: "exported symbols are documented", args: ["task", "--quiet", "doc-lint"] },
  { title: "coverage of the AMQP engine", args: ["run", "-A", "tests/tools/coverage.ts"] },
  ...files.filter((file) => file.startsWith(FUZZERS)).map(test),
];

const outcomes: Outcome[] = [];
const fileLanes = Math.min(MOST_FILES, FILES_PER_PROCESSOR * navigator.hardwareConcurrency);
/** Takes tasks from `own` until none is left, then from `other`. What runs at once never picks the same free port. */
async function lane(number: number, own: Task[], other: Task[]): Promise<void> {
  const ports = shareOf(FREE_PORTS, number, fileLanes + 1);
  for (let task; (task = own.shift() ?? other.shift()) !== undefined;) outcomes.push(await perform(task, ports));
}
await Promise.all([
  lane(0, working, waiting),
  ...Array.from({ length: fileLanes }, (_, number) => lane(number + 1, waiting, working)),
]);

const broken = outcomes.filter(({ failed }) => failed > 0);
// Once more at the end, where it is found, and where a log that was cut still has it.
for (const { title, output } of broken) {
  console.log(`\n== failed: ${title}\n${output.split("\n").slice(-SHOWN_LINES).join("\n")}`);
}
if (Deno.args.includes(TIMES)) {
  outcomes.sort((a, b) => b.seconds - a.seconds);
  console.log();
  for (const { title, seconds } of outcomes.slice(0, LISTED)) {
    console.log(`${seconds.toFixed(1).padStart(7)} s  ${title}`);
  }
}
const sum = (pick: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + pick(outcome), 0);
const failed = sum(({ failed }) => failed);
const skipped = sum(({ skipped }) => skipped);
console.log(`\n${sum(({ passed }) => passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
Deno.exit(failed === 0 ? 0 : 1);
