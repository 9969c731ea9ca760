/** Clocks that are ten minutes apart break no link and no token, whichever of the two is ahead. */

import assert from "node:assert/strict";
import { ask } from "../support/exchange.ts";
import { freePort } from "../support/ports.ts";
import { type Process, run, start, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { echo, server } from "../support/tcp.ts";
import { tendrilArgs } from "../support/tendril.ts";

const LIMIT_MS = 30_000;
const PERMISSIONS = ["--ignore-env", "--allow-net", "--allow-read", "--allow-write", "--allow-sys"];
/** What `faketime` sets for a program at `skew`: it would stand between us and the program itself. */
async function clock(skew: string): Promise<Record<string, string>> {
  const { stdout } = await run("faketime", ["-f", skew, "env"]);
  const preload = /^LD_PRELOAD=(.*)$/m.exec(stdout)?.[1] ?? "";
  // Timers go by another clock, which is right.
  return { LD_PRELOAD: preload, FAKETIME: skew, FAKETIME_DONT_FAKE_MONOTONIC: "1" };
}

/** A machine whose clock is `skew` off. */
async function machine(skew: string) {
  const env = await clock(skew);
  return {
    start: (name: string, ...line: string[]): Process =>
      start(name, Deno.execPath(), tendrilArgs(PERMISSIONS, line), { env }),
    async run(...line: string[]): Promise<string> {
      const { code, stdout, stderr } = await run(Deno.execPath(), tendrilArgs(PERMISSIONS, line), { env });
      assert.equal(code, 0, `${line.join(" ")}: ${stderr}`);
      return stdout;
    },
  };
}

for (const [interior, edge] of [["+10m", "+0"], ["-10m", "+0"], ["+5m", "-5m"]] as const) {
  testWith(
    ["faketime"],
    `clock skew: an interior at ${interior} and edges at ${edge} link, by token and by file, and carry traffic`,
    async () => {
      const dir = await Deno.makeTempDir();
      using target = server(echo);
      const [one, other] = [await machine(interior), await machine(edge)];
      const [edgePort, interRouterPort, grantPort, port] = [freePort(), freePort(), freePort(), freePort()];
      const running: Process[] = [];
      try {
        const ports = ["--edge-port", `${edgePort}`, "--inter-router-port", `${interRouterPort}`];
        const hub = ["--dir", `${dir}/hub`];
        await one.run("site", "create", "hub", ...hub, "--enable-link-access", "--bind", "127.0.0.1", ...ports);
        running.push(one.start("hub", "run", `${dir}/hub`));
        await untilListening(edgePort, running[0], LIMIT_MS);
        // Valid for less than the clocks are apart.
        const words = [
          ...hub,
          "--grant-host",
          "127.0.0.1",
          "--grant-port",
          `${grantPort}`,
          "--expiration-window",
          "5m",
        ];
        await one.run("token", "issue", `${dir}/a.token`, ...words);
        await Deno.writeTextFile(`${dir}/link.yaml`, await one.run("link", "generate", ...hub, "--host", "127.0.0.1"));
        const expose = other.start("expose", "expose", "web", `${target.port}`, "--token", `${dir}/a.token`);
        const forward = other.start("forward", "forward", "web", `${port}`, "--link", `${dir}/link.yaml`);
        running.push(expose, forward);
        await untilListening(port, forward, LIMIT_MS).catch(() =>
          assert.fail(`${expose.output()}\n${forward.output()}`)
        );
        assert.equal((await ask(port, new Uint8Array(1000))).length, 1000);
        // It was the other clock, or this test tests nothing.
        const said = Date.parse(/^(\S+Z) INFO/m.exec(running[0]!.output())?.[1] ?? "");
        const skew = Number.parseInt(interior) * 60_000;
        assert.ok(Math.abs(said - Date.now() - skew) < 120_000, new Date(said).toISOString());
        assert.ok(!/WARN|ERROR/.test(expose.output()), expose.output());
      } finally {
        await Promise.all(running.map((process) => process.stop()));
        await Deno.remove(dir, { recursive: true });
      }
    },
  );
}
