/** The program as a process: exit codes, streams, permissions. */

import assert from "node:assert/strict";
import { type Result, run } from "../../tests/support/processes.ts";
import { tendrilArgs } from "../../tests/support/tendril.ts";

/** Runs `tendril` with the given permissions; the environment says whether colours are forced. */
function tendril(
  permissions: readonly string[],
  args: readonly string[],
  options: { stdin?: string; env?: Record<string, string> } = {},
): Promise<Result> {
  return run(Deno.execPath(), tendrilArgs(["--no-prompt", ...permissions], args), options);
}

Deno.test("main: help and version need no permission at all", async () => {
  for (const args of [["help"], ["run", "--help"], ["version"]]) {
    const { code, stdout, stderr } = await tendril([], args);
    assert.equal(code, 0, stderr);
    assert.ok(stdout.length > 0);
    assert.equal(stderr, "");
  }
});

Deno.test("main: version -o json is one object", async () => {
  const { stdout } = await tendril([], ["version", "-o", "json"]);
  const facts = JSON.parse(stdout);
  assert.equal(facts.deno, Deno.version.deno);
  assert.equal(facts.tendril, JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url))).version);
});

const BAD_LINK = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n";
const FAILURES: ReadonlyArray<readonly [string, string[], number, RegExp]> = [
  ["a wrong flag", ["run", "x", "--nope"], 2, /^error\[USAGE_FLAG_UNKNOWN\]/],
  ["no command", [], 2, /Commands:/],
  ["a folder that is not there", ["run", "/nonexistent/folder"], 3, /^error\[SITE_FOLDER\][\s\S]*why:[\s\S]*next:/],
  [
    "a link file that is not there",
    ["expose", "k", "80", "--link", "/nonexistent"],
    3,
    /^error\[LINK_FILE_UNREADABLE\]/,
  ],
  ["a link file that is none", ["expose", "k", "80", "--link", "-"], 3, /^error\[SITE_INVALID\][\s\S]*next:/],
  ["a target without port", ["expose", "k", "host", "--link", "-"], 2, /^error\[USAGE_TARGET\]/],
  ["a bad site name", ["site", "create", "No_Good", "--dir", "/nonexistent"], 3, /^error\[SITE_NAME\]/],
];
for (const [name, args, code, error] of FAILURES) {
  Deno.test(`main: ${name} ends with ${code} and an error on stderr alone`, async () => {
    const result = await tendril(["--ignore-env", "--allow-read"], args, { stdin: BAD_LINK });
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, error);
    assert.equal(result.stdout, "");
    const json = await tendril(["--ignore-env", "--allow-read"], [...args, "--log-format", "json"], {
      stdin: BAD_LINK,
    });
    assert.equal(json.code, code);
    if (args.length > 0) assert.match(JSON.parse(json.stderr).code, /^[A-Z_]+$/);
  });
}

Deno.test("main: a permission that is missing is named, with the way to grant it", async () => {
  const { code, stderr } = await tendril(["--ignore-env"], ["run", "/nonexistent"]);
  assert.equal(code, 1);
  assert.match(stderr, /^error\[PERMISSION_MISSING\]/);
  assert.match(stderr, /why: Requires read access to "\/nonexistent"/);
  assert.match(stderr, /next: .*--help/);
});

Deno.test("main: nothing is coloured in a pipe, whatever the environment wishes", async () => {
  for (const env of [{ FORCE_COLOR: "1", CLICOLOR_FORCE: "1", TERM: "xterm-256color" }, { NO_COLOR: "1" }]) {
    const { stderr } = await tendril([], ["nosuch"], { env });
    assert.ok(!stderr.includes("\x1b"), stderr);
  }
});

Deno.test("main: the environment sets log flags where Deno grants it, and is left alone where not", async () => {
  const env = { TENDRIL_LOG_FORMAT: "json" };
  const granted = await tendril(["--allow-env=TENDRIL_LOG_FORMAT"], ["nosuch"], { env });
  assert.equal(JSON.parse(granted.stderr).code, "USAGE_COMMAND");
  const withheld = await tendril([], ["nosuch"], { env });
  assert.match(withheld.stderr, /^error\[USAGE_COMMAND\]/);
});

Deno.test("main: a reader that leaves early is no failure", async () => {
  const command = `"$0" "$@" | head -c 1`;
  const args = ["-o", "pipefail", "-c", command, Deno.execPath(), ...tendrilArgs([], ["help"])];
  const { code, stdout, stderr } = await run("bash", args);
  assert.equal(stdout.length, 1);
  assert.equal(code, 0, stderr);
});

Deno.test("main: site create writes the files it names, as text and as JSON", async () => {
  const dir = await Deno.makeTempDir();
  const permissions = ["--ignore-env", `--allow-read=${dir}`, `--allow-write=${dir}`];
  try {
    const text = await tendril(permissions, ["site", "create", "west", "--dir", `${dir}/a`, "--edge"]);
    assert.equal(text.code, 0, text.stderr);
    for (const path of text.stdout.trimEnd().split("\n")) assert.ok((await Deno.stat(path)).isFile);
    const json = await tendril(permissions, ["site", "create", "west", "--dir", `${dir}/b`, "--edge", "-o", "json"]);
    const { name, role, files } = JSON.parse(json.stdout);
    assert.deepEqual([name, role], ["west", "edge"]);
    for (const path of files) assert.ok((await Deno.stat(path)).isFile);
    const again = await tendril(permissions, ["site", "create", "east", "--dir", `${dir}/a`, "--edge"]);
    assert.equal(again.code, 3);
    assert.match(again.stderr, /^error\[SITE_EXISTS\]/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
