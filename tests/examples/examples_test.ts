/**
 * Each example of each help page and document is run as it is written, and so is what README tells a newcomer: on
 * loopback, in a network of its own where the system allows one, so that ports and names are free.
 */

import assert from "node:assert/strict";
import { shellWords } from "../../agent/cli/program_line.ts";
import { bundle } from "../support/bundle.ts";
import { run } from "../support/processes.ts";
import { findProgram } from "../support/programs.ts";
import { programFile } from "../support/shells.ts";
import { examples } from "./examples.ts";
import type { Outcome } from "./runner.ts";

const RUNNER = new URL("runner.ts", import.meta.url).pathname;
const LIMIT_MS = 900_000;
const HOSTS = "127.0.0.1 localhost db.internal\n127.0.0.2 hub.example.com\n";

/** Words before a program that give it a network of its own, with the names of the file `hosts`; none where that can't be. */
async function ownNetwork(hosts: string): Promise<string[]> {
  const script = `ip link set lo up && mount --bind '${hosts}' /etc/hosts && exec "$0" "$@"`;
  const words = ["unshare", "-r", "-n", "-m", "sh", "-c", script];
  if (findProgram("unshare") === undefined || findProgram("ip") === undefined) return [];
  const { code } = await run(words[0]!, [...words.slice(1), "true"]);
  return code === 0 ? words : [];
}

/** The compiler of plugins comes from the registry when it is first used: a network of its own has no way to there. */
async function fetchCompiler(dir: string): Promise<void> {
  const plugin = await Deno.makeTempDir();
  try {
    for (const words of [["new", "first", "--dir", `${plugin}/first`], ["build", `${plugin}/first`]]) {
      const { code, stderr } = await run(`${dir}/tendril`, ["adaptor", ...words], { limitMs: 120_000 });
      assert.equal(code, 0, stderr);
    }
  } finally {
    await Deno.remove(plugin, { recursive: true });
  }
}

Deno.test("examples: every line of help and documents does what it says, README's from the beginning to the end", async (t) => {
  const dir = await Deno.makeTempDir();
  try {
    const program = await bundle(dir);
    await programFile(
      dir,
      shellWords([Deno.execPath(), "run", "--quiet", "--no-prompt", "-A", program]),
    );
    await fetchCompiler(dir);
    await Deno.writeTextFile(`${dir}/systemctl`, "#!/bin/sh\n", { mode: 0o755 });
    await Deno.writeTextFile(`${dir}/hosts`, HOSTS);
    const network = await ownNetwork(`${dir}/hosts`);
    if (network.length === 0) console.error("no network of its own: hosts of examples are replaced by addresses");
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const deno = [Deno.execPath(), "run", "-A", "--no-check", "--config", config, RUNNER];
    const names = network.length > 0 ? "names" : "addresses";
    const [first, ...words] = [...network, ...deno, dir, names, `${dir}/results.json`];
    const { code, stdout, stderr } = await run(first!, words, { limitMs: LIMIT_MS });
    assert.equal(code, 0, `${stdout}${stderr}`);
    const outcomes: Outcome[] = JSON.parse(await Deno.readTextFile(`${dir}/results.json`));
    for (const { line, from, fault } of outcomes) {
      await t.step(`${from}: ${line}`, () => assert.equal(fault, ""));
    }
    assert.equal(outcomes.length, (await examples()).length + 1, "none is left out");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
