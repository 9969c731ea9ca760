/** The demo as a user runs it, with the permissions it documents; and that it leaves nothing behind, whatever happens. */

import assert from "node:assert/strict";
import { start } from "../../tests/support/processes.ts";
import { tendrilArgs } from "../../tests/support/tendril.ts";
import { until } from "../../tests/support/until.ts";
import { demo } from "./commands/demo.ts";
import { fillIn, permissionFlags } from "./permissions.ts";

const LIMIT_MS = 60_000;

function startDemo(temp: string, ...words: string[]) {
  const permissions = permissionFlags(fillIn(demo.permissions, { TEMP: [temp], DENO: [Deno.execPath()] }));
  const args = tendrilArgs(["--no-prompt", ...permissions], ["demo", ...words]);
  return start("demo", Deno.execPath(), args, { env: { TMPDIR: temp } });
}

function pids(story: string): number[] {
  return [...story.matchAll(/# pid (\d+)/g)].map((match) => Number(match[1]));
}

/** True while a process of that id exists. */
async function alive(pid: number): Promise<boolean> {
  const { success } = await new Deno.Command("kill", { args: ["-0", `${pid}`], stderr: "null" }).output();
  return success;
}

async function nothingLeft(story: string, temp: string): Promise<void> {
  for (const pid of pids(story)) assert.equal(await alive(pid), false, `pid ${pid} still runs`);
  assert.deepEqual([...Deno.readDirSync(temp)].map((entry) => entry.name), []);
}

async function withTemp(body: (temp: string) => Promise<void>): Promise<void> {
  const temp = await Deno.makeTempDir();
  try {
    await body(temp);
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

Deno.test("demo: --once carries a request across three processes, tells about it and leaves nothing", () =>
  withTemp(async (temp) => {
    await using demo = startDemo(temp, "--once");
    assert.equal(await demo.ended, 0, demo.output());
    const story = demo.output();
    assert.equal(new Set(pids(story)).size, 3, story);
    assert.equal(story.match(/^link up: /gm)?.length, 2);
    assert.match(story, /^adaptor: tcp sha256:[0-9a-f]{64}$/m);
    assert.match(story, /^GET http:\/\/127\.0\.0\.1:\d+\/ -> 200 in /m);
    assert.ok(!/-A\b|--allow-all/.test(story));
    await nothingLeft(story, temp);
  }));

Deno.test("demo: the task of the README does it, with no more than the demo documents", () =>
  withTemp(async (temp) => {
    const root = new URL("../../", import.meta.url).pathname;
    await using demo = start("demo", Deno.execPath(), ["task", "demo", "--once"], { cwd: root, env: { TMPDIR: temp } });
    assert.equal(await demo.ended, 0, demo.output());
    const kinds = [...demo.output().split("\n", 1)[0]!.matchAll(/--allow-(\w+)=\S/g)].map((match) => match[1]);
    assert.deepEqual(kinds.sort(), ["net", "run", "write"]);
    await nothingLeft(demo.output(), temp);
  }));

Deno.test("demo: keeps running, serves what it says, and SIGTERM ends all of it in order", () =>
  withTemp(async (temp) => {
    await using demo = startDemo(temp);
    await until(() => demo.output().includes("Ctrl-C ends it."), LIMIT_MS);
    const url = /curl (\S+)/.exec(demo.output())?.[1];
    assert.ok(url);
    const response = await fetch(url);
    assert.match(await response.text(), /Hello through the network/);
    demo.signal("SIGTERM");
    assert.equal(await demo.ended, 0, demo.output());
    await nothingLeft(demo.output(), temp);
  }));

Deno.test("demo: Ctrl-C half-way ends what was started and says 130", () =>
  withTemp(async (temp) => {
    await using demo = startDemo(temp);
    await until(() => pids(demo.output()).length > 0, LIMIT_MS);
    demo.signal("SIGINT");
    assert.equal(await demo.ended, 130, demo.output());
    await nothingLeft(demo.output(), temp);
  }));

Deno.test("demo: a terminal that closes ends it, and no key stays behind", () =>
  withTemp(async (temp) => {
    await using demo = startDemo(temp);
    await until(() => demo.output().includes("Ctrl-C ends it."), LIMIT_MS);
    demo.signal("SIGHUP");
    await demo.ended;
    await nothingLeft(demo.output(), temp);
  }));

Deno.test("demo: a site that dies half-way fails the demo with its log, and the others end", () =>
  withTemp(async (temp) => {
    await using demo = startDemo(temp, "--once");
    await until(() => pids(demo.output()).length > 0, LIMIT_MS);
    Deno.kill(pids(demo.output())[0] ?? 0, "SIGKILL");
    assert.equal(await demo.ended, 1, demo.output());
    assert.match(demo.output(), /error\[DEMO_FAILED\]: the process "hub"/);
    await nothingLeft(demo.output(), temp);
  }));

Deno.test("demo: without the permission to start Deno it says which flag is missing", () =>
  withTemp(async (temp) => {
    const args = tendrilArgs(["--no-prompt", "--ignore-env", `--allow-write=${temp}`, "--allow-net=127.0.0.1"], [
      "demo",
    ]);
    await using demo = start("demo", Deno.execPath(), args, { env: { TMPDIR: temp } });
    assert.equal(await demo.ended, 1);
    assert.match(demo.output(), /error\[PERMISSION_MISSING\][\s\S]*--allow-run="/);
    await nothingLeft(demo.output(), temp);
  }));
