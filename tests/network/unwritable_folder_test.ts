/** Folders that can't be written or are another's, and disks without room: each command that changes a site says so, and changes nothing. */

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { type Result, run, start, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { edgeFolder, interiorFolder, resource } from "../support/site_folder.ts";
import { ask } from "../support/exchange.ts";
import { echo, server } from "../support/tcp.ts";
import { startTendril, tendril, tendrilArgs } from "../support/tendril.ts";

const PERMISSIONS = ["--no-prompt", "--ignore-env", "--allow-net", "--allow-read", "--allow-write", "--allow-sys"];
/** Root without this may write no more than its files say. */
const NO_OVERRIDE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
/** Not one octet more fits into any file. */
const FULL_DISK = ["sh", "-c", `trap "" XFSZ; ulimit -f 0; exec "$0" "$@"`];

/** Two sites whose files are complete, what commands read, and a token that the hub has issued. */
async function withSites(body: (dir: string, port: number) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  using target = server(echo);
  const port = freePort();
  try {
    const hub = await interiorFolder(`${dir}/hub`);
    const service = { key: "web", port };
    await edgeFolder(`${dir}/west`, "west", hub, { listeners: [service] });
    await Deno.writeTextFile(`${dir}/hub/web.yaml`, resource("Connector", { key: "web", port: target.port }));
    await Deno.writeTextFile(`${dir}/in.yaml`, resource("Connector", { key: "new", port: 1 }));
    const issued = await tendril(
      "token",
      "issue",
      `${dir}/a.token`,
      "--dir",
      `${dir}/hub`,
      "--grant-port",
      `${freePort()}`,
    );
    assert.equal(issued.code, 0, issued.stderr);
    const link = await Deno.readTextFile(`${dir}/west/link.yaml`);
    await Deno.writeTextFile(`${dir}/link.yaml`, link.replaceAll("link-hub", "another"), { mode: 0o600 });
    await body(dir, port);
  } finally {
    await run("chmod", ["-R", "u+w", dir]);
    await Deno.remove(dir, { recursive: true });
  }
}

/** Commands that write to the folder of a site, and the codes of their errors. */
function writers(dir: string): ReadonlyArray<readonly [RegExp, readonly string[]]> {
  const [hub, west] = [["--dir", `${dir}/hub`], ["--dir", `${dir}/west`]];
  return [
    [/SITE_WRITE/, ["apply", "-f", `${dir}/in.yaml`, ...west]],
    [/SITE_WRITE/, ["delete", "listener/web", ...west]],
    [/SITE_WRITE/, ["connector", "create", "more", "80", ...west]],
    [/SITE_WRITE/, ["listener", "update", "web", "--port", "81", ...west]],
    [/SITE_WRITE/, ["link", "create", `${dir}/link.yaml`, ...west]],
    [/SITE_WRITE/, ["link", "generate", "--host", "another.example", ...hub]],
    [/SITE_WRITE|TOKEN_FILE/, ["token", "issue", `${dir}/b.token`, ...hub]],
    [/SITE_WRITE/, ["certificate", "renew", ...hub]],
    [/SITE_WRITE/, ["certificate", "rotate-ca", ...hub]],
    [/SITE_WRITE/, ["certificate", "revoke", "2CA9", ...hub]],
    [/SITE_WRITE/, ["site", "create", "inner", "--dir", `${dir}/hub/inner`, "--edge"]],
  ];
}

async function within(wrapper: readonly string[], words: readonly string[]): Promise<Result> {
  const [program = "", ...rest] = [...wrapper, Deno.execPath(), ...tendrilArgs(PERMISSIONS, words)];
  return await run(program, rest);
}

/** Names and texts of all files below `dir` that say what a site is. */
async function contents(dir: string): Promise<Record<string, string>> {
  const { stdout } = await run("find", [dir, "-type", "f", "-not", "-name", "*lock", "-size", "+0"]);
  const paths = stdout.trim().split("\n").sort();
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await Deno.readTextFile(path)])));
}

async function allRefused(dir: string, wrapper: readonly string[]): Promise<void> {
  const before = await contents(dir);
  for (const [code, words] of writers(dir)) {
    const { code: exit, stderr } = await within(wrapper, words);
    const told = /^error\[(\w+)\]/m.exec(stderr)?.[1] ?? "none";
    assert.ok(exit !== 0 && code.test(told), `${words.join(" ")}: ${exit} ${told}\n${stderr}`);
    assert.match(stderr, /next: \S/, words.join(" "));
    assert.deepEqual(await contents(dir), before, `${words.join(" ")} has changed something`);
  }
}

testWith(
  ["setpriv"],
  "unwritable folder: each command that would change it says so, and the sites run all the same",
  async () => {
    await withSites(async (dir, port) => {
      assert.equal((await run("chmod", ["-R", "a-w", `${dir}/hub`, `${dir}/west`])).code, 0);
      await allRefused(dir, NO_OVERRIDE);
      const running = ["hub", "west"].map((name) => {
        const words = tendrilArgs(PERMISSIONS, ["run", `${dir}/${name}`]);
        return start(name, NO_OVERRIDE[0]!, [...NO_OVERRIDE.slice(1), Deno.execPath(), ...words]);
      });
      try {
        await untilListening(port, running[1], 30_000);
        assert.equal((await ask(port, new Uint8Array(1000))).length, 1000);
        for (const process of running) assert.match(process.output(), /WARN +no local socket/);
      } finally {
        await Promise.all(running.map((process) => process.stop()));
      }
    });
  },
);

Deno.test("full disk: each command that would change the folder of a site says so and changes nothing", async () => {
  await withSites(async (dir) => await allRefused(dir, FULL_DISK));
});

Deno.test("one folder: who changes it while another program does waits, then says so; what runs there is not run again", async () => {
  await withSites(async (dir, port) => {
    using lock = await Deno.open(`${dir}/west/.tendril-lock`, { write: true, create: true });
    await lock.lock(true);
    const before = await contents(`${dir}/west`);
    const locked = await tendril("apply", "-f", `${dir}/in.yaml`, "--dir", `${dir}/west`);
    assert.equal(locked.code, 3, locked.stderr);
    assert.match(locked.stderr, /^error\[SITE_LOCKED\][\s\S]*next: \S/m);
    assert.deepEqual(await contents(`${dir}/west`), before);
    await lock.unlock();
    const running = ["hub", "west"].map((name) => startTendril(name, ["run", `${dir}/${name}`]));
    try {
      await untilListening(port, running[1], 30_000);
      for (const name of ["hub", "west"]) {
        const { code, stderr } = await tendril("run", `${dir}/${name}`);
        assert.match(stderr, /^error\[SITE_RUNNING\][\s\S]*next: \S/m);
        assert.equal(code, 3);
      }
      assert.equal((await ask(port, new Uint8Array(1000))).length, 1000);
    } finally {
      await Promise.all(running.map((process) => process.stop()));
    }
  });
});
