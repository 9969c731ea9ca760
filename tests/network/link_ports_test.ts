/** A site that asks for links, where another program has the port that they usually take. */

import assert from "node:assert/strict";
import { type Process, untilListening } from "../support/processes.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const USUAL = 55_671;
const MOST_STARTS = 4;

Deno.test("link ports: a site takes the next free port, says so in its status, and keeps it over a restart", async () => {
  const dir = await Deno.makeTempDir();
  let other = hold(USUAL);
  try {
    const site = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata: {name: hub}\nspec: {linkAccess: default}\n";
    await Deno.writeTextFile(`${dir}/site.yaml`, site);
    const seen: string[] = [];
    for (let starts = 0; starts < 2; starts++) {
      await using hub = await start(dir, starts === 0);
      const told = await endpoints(dir);
      for (const { port } of told) await untilListening(Number(port), hub);
      seen.push(told.map(({ name, port }) => `${name} ${port}`).join());
      hub.signal("SIGTERM");
      assert.equal(await hub.ended, 0, hub.output());
      other?.close();
      other = undefined;
    }
    const [first = "", second] = seen;
    assert.match(first, /^inter-router 55(?!671)\d{3},edge 45\d{3}$/);
    assert.equal(second, first, "also when the usual one is free again");
  } finally {
    other?.close();
    await Deno.remove(dir, { recursive: true });
  }
});

/**
 * Starts the site in `dir`. The usual ports are among those that systems give to connections, so that one may be taken
 * between the choice and its use, or while the site is down: it starts once more, at its `first` start with a new choice.
 */
async function start(dir: string, first: boolean): Promise<Process> {
  for (let attempt = 1;; attempt++) {
    const hub = startTendril("hub", ["run", dir]);
    // It ends with this code where no other port is open yet, and else logs it.
    const lost = () => attempt < MOST_STARTS && hub.output().includes("ACCEPT_PORT");
    await until(async () => lost() || (await endpoints(dir)).length === 2).catch(() => assert.fail(hub.output()));
    if (!lost()) return hub;
    await hub.stop();
    if (first) await Deno.remove(`${dir}/link-ports.txt`);
  }
}

/** The ports that the site in `dir` says it has; none while it does not answer. */
async function endpoints(dir: string): Promise<{ readonly name: string; readonly port: string }[]> {
  const { code, stdout } = await tendril("status", "--dir", dir, "-o", "json");
  if (code !== 0) return [];
  const { resources } = JSON.parse(stdout);
  return resources.find(({ kind }: { kind: string }) => kind === "RouterAccess")?.details.endpoints ?? [];
}

/** Opens `port`, unless somebody has it already. */
function hold(port: number): Deno.Listener | undefined {
  try {
    return Deno.listen({ hostname: "0.0.0.0", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return undefined;
    throw error;
  }
}
