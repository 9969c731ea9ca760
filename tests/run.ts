/**
 * Runs all tests and closes with one line that machines and people read alike: `N passed, N failed`, with the number of
 * those that were skipped because a program is missing. `--times` lists the files that took longest, paths choose files,
 * and all other flags go to `deno test`.
 *
 * Two lanes run side by side. Most tests wait for other programs and for timers, so one lane has several files at a time
 * for each processor. The checks of the tree, and after them the fuzzers one by one, each of which takes as much of a
 * processor as it gets for as long as it is told to, use what the first lane leaves.
 */

import { type FileTime, fileTimes } from "./tools/test_times.ts";

const TIMES = "--times";
/** What `deno test` looks for. */
const TEST_FILE = /_test\.ts$/;
const isFuzzer = (file: string) => file.startsWith("tests/fuzz/");
const FILES_PER_PROCESSOR = 2;
/** What spans rooms takes longest and comes first, so that nothing long is left to run alone at the end. */
const FOLDERS = ["tests", "agent", "interior", "adaptors"];
/** Files that `--times` lists. */
const LISTED = 40;

interface Outcome {
  readonly title: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly times: readonly FileTime[];
  readonly seconds: number;
}

interface StepOptions {
  /** Shows the output as it comes, not all at once when it has ended. */
  readonly live?: boolean;
  /** Files with tests that run at a time. */
  readonly jobs?: number;
}

/** Runs `deno` with `args`. */
async function step(title: string, args: readonly string[], how: StepOptions = {}): Promise<Outcome> {
  const { live = false, jobs } = how;
  const began = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: jobs === undefined ? {} : { DENO_JOBS: `${jobs}` },
    stdin: "null",
    stdout: "piped",
    stderr: live ? "inherit" : "piped",
  }).spawn();
  const chunks: string[] = [];
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const octets of stream) {
      const chunk = decoder.decode(octets, { stream: true });
      if (live) await print(chunk);
      chunks.push(chunk);
    }
  };
  await Promise.all([read(child.stdout), ...live ? [] : [read(child.stderr)]]);
  const { code } = await child.status;
  const seconds = (performance.now() - began) / 1000;
  const text = chunks.join("");
  // deno-lint-ignore no-control-regex -- colours of the test runner
  const plain = text.replace(/\x1b\[[0-9;]*m/g, "");
  await print(`\n== ${title} (${seconds.toFixed(0)} s)\n${live ? "" : text}`);
  return { title, ...countsOf(plain, code), times: fileTimes(plain), seconds };
}

/** What the last lines of `deno test` say; a program that says nothing of tests is one. */
function countsOf(text: string, code: number): Pick<Outcome, "passed" | "failed" | "skipped"> {
  const summary = /(\d+) passed[^\n|]*\| (\d+) failed(?: \| (\d+) ignored)?/.exec(text);
  if (summary === null) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  const failed = Number(summary[2]);
  // A run that broke without a failing test, such as on a type error, has failed all the same.
  return {
    passed: Number(summary[1]),
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped: Number(summary[3] ?? 0),
  };
}

async function print(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}

/** All files with tests below `folder`, by path. */
async function testFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) files.push(...await testFiles(`${folder}/${name}`));
    else if (TEST_FILE.test(name)) files.push(`${folder}/${name}`);
  }
  return files.sort();
}

const flags = Deno.args.filter((word) => word.startsWith("-") && word !== TIMES);
const wanted = Deno.args.filter((word) => !word.startsWith("-"));
const files = (await Promise.all(FOLDERS.map(testFiles))).flat()
  .filter((file) => wanted.length === 0 || wanted.some((path) => file.startsWith(path)));

/** Runs those of `files` that `which` picks. Types are not checked again: that is a step of its own. */
async function test(title: string, which: (file: string) => boolean, how: StepOptions): Promise<Outcome[]> {
  const some = files.filter(which);
  // Without any, `deno test` would run all that it finds.
  if (some.length === 0) return [];
  return [await step(title, ["test", "-A", "--no-check", "--parallel", ...flags, ...some], how)];
}

async function checksAndFuzzers(): Promise<Outcome[]> {
  return [
    await step("formatting", ["fmt", "--check", "--quiet"]),
    await step("lint", ["lint", "--quiet"]),
    await step("types", ["check", "--quiet", "agent", "interior", "tests", "adaptors/build.ts"]),
    await step("exported symbols are documented", ["task", "--quiet", "doc-lint"]),
    await step("coverage of the AMQP engine", ["run", "-A", "tests/tools/coverage.ts"]),
    ...await test("fuzzers", isFuzzer, { jobs: 1 }),
  ];
}

const jobs = FILES_PER_PROCESSOR * navigator.hardwareConcurrency;
const results = (await Promise.all([
  test("tests", (file) => !isFuzzer(file), { live: true, jobs }),
  checksAndFuzzers(),
])).flat();

for (const { title, passed, failed, seconds } of results) {
  console.log(`${seconds.toFixed(0).padStart(5)} s  ${title}: ${passed} passed, ${failed} failed`);
}
if (Deno.args.includes(TIMES)) {
  const times = results.flatMap(({ times }) => times).sort((a, b) => b.seconds - a.seconds);
  for (const { file, seconds } of times.slice(0, LISTED)) console.log(`${seconds.toFixed(1).padStart(7)} s  ${file}`);
}
const sum = (pick: (result: Outcome) => number) => results.reduce((total, result) => total + pick(result), 0);
const failed = sum(({ failed }) => failed);
const skipped = sum(({ skipped }) => skipped);
console.log(`\n${sum(({ passed }) => passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
Deno.exit(failed === 0 ? 0 : 1);
