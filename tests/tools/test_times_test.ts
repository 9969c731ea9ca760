import assert from "node:assert/strict";
import { run } from "../support/processes.ts";
import { fileTimes } from "./test_times.ts";

Deno.test("times of a test run: those of each file are summed, steps are in their test", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const nap = "await new Promise((resolve) => setTimeout(resolve, 1100));";
    const steps = `await t.step("step", async (t) => { await t.step("inner", async () => { ${nap} }); });`;
    await Deno.writeTextFile(`${dir}/one_test.ts`, `Deno.test("a ... b", async (t) => { ${steps} });`);
    await Deno.writeTextFile(`${dir}/two_test.ts`, 'Deno.test("c", () => {}); Deno.test("d", () => {});');
    const { stdout } = await run(Deno.execPath(), ["test", "--no-check", "--no-config", "--parallel"], {
      cwd: dir,
      env: { NO_COLOR: "1" },
    });
    const times = new Map(fileTimes(stdout).map(({ file, seconds }) => [file, seconds]));
    assert.deepEqual([...times.keys()].sort(), ["one_test.ts", "two_test.ts"], stdout);
    const whole = /=> a \.\.\. b \.\.\. ok \((\d+)s\)$/m.exec(stdout)?.[1];
    assert.equal(times.get("one_test.ts"), Number(whole));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("times of a test run: minutes, seconds and failed tests count, other lines don't", () => {
  const output = "./a_test.ts => long ... ok (1m2s)\n./a_test.ts => wrong ... FAILED (30ms)\nSKIPPED: x (5s)\n";
  assert.deepEqual(fileTimes(output), [{ file: "a_test.ts", seconds: 62.03 }]);
});
