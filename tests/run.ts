/**
 * Runs all tests and closes with one line that machines and people read alike: `N passed, N failed`, with the number of
 * those that were skipped because a program is missing.
 *
 * The checks of the tree come first, then every test.
 */

const deno = Deno.execPath();

async function step(title: string, args: string[]): Promise<{ passed: number; failed: number; skipped: number }> {
  console.log(`\n== ${title}`);
  const child = new Deno.Command(deno, { args, stdin: "null", stdout: "piped", stderr: "inherit" }).spawn();
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    await Deno.stdout.write(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  const { code } = await child.status;
  // deno-lint-ignore no-control-regex -- colours of the test runner
  const plain = text.replace(/\x1b\[[0-9;]*m/g, "");
  const summary = /(\d+) passed[^\n|]*\| (\d+) failed(?: \| (\d+) ignored)?/.exec(plain);
  if (summary === null) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  const failed = Number(summary[2]);
  // A run that broke without a failing test, such as on a type error, has failed all the same.
  return {
    passed: Number(summary[1]),
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped: Number(summary[3] ?? 0),
  };
}

const results = [
  await step("formatting", ["fmt", "--check", "--quiet"]),
  await step("lint", ["lint", "--quiet"]),
  await step("types", ["check", "--quiet", "agent", "interior", "tests", "adaptors/build.ts"]),
  await step("exported symbols are documented", ["task", "--quiet", "doc-lint"]),
  await step("adaptors equal a fresh build", ["task", "--quiet", "build", "--check"]),
  await step("coverage of the AMQP engine", ["run", "-A", "tests/tools/coverage.ts"]),
  await step("tests", ["test", "-A", "--parallel", ...Deno.args]),
];
const sum = (pick: (result: typeof results[number]) => number) =>
  results.reduce((total, result) => total + pick(result), 0);
const failed = sum(({ failed }) => failed);
const skipped = sum(({ skipped }) => skipped);
console.log(`\n${sum(({ passed }) => passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
Deno.exit(failed === 0 ? 0 : 1);
