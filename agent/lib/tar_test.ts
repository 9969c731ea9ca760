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

/** Names around each bound of a header, with the content that tells them apart. */
const LONG = [
  "a".repeat(99),
  "b".repeat(100),
  `${"c".repeat(9)}/${"c".repeat(100)}`,
  `${"d".repeat(155)}/${"d".repeat(100)}`,
  `${"e".repeat(154)}/e/${"e".repeat(98)}`,
  // From here on there is no room in a header: a part that is too long, or no slash at the right place.
  "f".repeat(101),
  `${"g".repeat(10)}/${"g".repeat(101)}`,
  `${"h".repeat(156)}/${"h".repeat(100)}`,
  // Where the length that a header of its own begins with gets a digit more.
  ...[986, 987, 988, 989, 990, 991].map((length) => `${"i/".repeat(400)}${"i".repeat(length - 800)}`),
  `${"größer/".repeat(120)}${"ä".repeat(120)}.txt`,
  `${"j/".repeat(450)}${"j".repeat(99)}`,
];

testWith(["tar"], "tar: a name may be of any length, whatever room a header has", async ({ tar }) => {
  const dir = await Deno.makeTempDir();
  try {
    const entries = LONG.map((name, at) => ({ name, content: `${at}\n`, mode: 0o600 }));
    await Deno.writeFile(`${dir}/x.tar.gz`, await tarGz([...entries, { name: "last", content: "", mode: 0o600 }], 0));
    const listed = await run(tar!, ["-tzf", "x.tar.gz"], { cwd: dir });
    assert.deepEqual([listed.code, listed.stderr], [0, ""]);
    assert.equal(listed.stdout.trimEnd().split("\n").length, LONG.length + 1);
    const { code, stderr } = await run(tar!, ["-xzf", "x.tar.gz"], { cwd: dir });
    assert.deepEqual([code, stderr], [0, ""]);
    for (const { name, content } of entries) assert.equal(await Deno.readTextFile(`${dir}/${name}`), content, name);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
