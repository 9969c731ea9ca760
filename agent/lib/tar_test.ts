import assert from "node:assert/strict";
import { run } from "../../tests/support/processes.ts";
import { testWith } from "../../tests/support/programs.ts";
import { tarGz } from "./tar.ts";

testWith(["tar"], "tar: the system's own tar reads names, contents and permissions", async ({ tar }) => {
  const dir = await Deno.makeTempDir();
  try {
    const large = new Uint8Array(100_000).map((_, at) => at);
    const entries = [
      { name: "a/empty.txt", content: "", mode: 0o600 },
      { name: "a/words.txt", content: "größer\n", mode: 0o644 },
      { name: "run", content: large, mode: 0o755 },
      { name: "exactly", content: new Uint8Array(1024), mode: 0o600 },
    ];
    await Deno.writeFile(`${dir}/x.tar.gz`, await tarGz(entries, 1_700_000_000));
    const { code, stderr } = await run(tar!, ["-xzf", "x.tar.gz"], { cwd: dir });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(await Deno.readTextFile(`${dir}/a/empty.txt`), "");
    assert.equal(await Deno.readTextFile(`${dir}/a/words.txt`), "größer\n");
    assert.deepEqual(await Deno.readFile(`${dir}/run`), large);
    assert.equal((await Deno.stat(`${dir}/exactly`)).size, 1024);
    const { mode, mtime } = await Deno.stat(`${dir}/run`);
    assert.deepEqual([mode! & 0o777, mtime?.getTime()], [0o755, 1_700_000_000_000]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("tar: a name that does not fit is refused", async () => {
  await assert.rejects(tarGz([{ name: "x".repeat(100), content: "", mode: 0o600 }], 0), RangeError);
});
