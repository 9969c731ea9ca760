/**
 * `apply` against a running site, killed at random file and socket operations, over and over, while traffic goes through
 * the site. After each kill the folder must hold what it held or what was to be applied, whole; now and then the site is
 * killed as well, and must be back with everything that its folder says.
 */

import assert from "node:assert/strict";
import { siteReportIfRunning } from "../../agent/cli/site_report.ts";
import { loadSite } from "../../agent/site/load.ts";
import type { SiteSpec } from "../../agent/site/spec.ts";
import { freePort } from "./ports.ts";
import { type Process, run, untilListening } from "./processes.ts";
import { resource } from "./site_folder.ts";
import { SteadyTraffic } from "./steady_traffic.ts";
import { echo, server } from "./tcp.ts";
import { startTendril, tendril, tendrilArgs } from "./tendril.ts";
import { until } from "./until.ts";

const PRELOAD = new URL("./kill_preload.ts", import.meta.url).pathname;
const PERMISSIONS = ["--ignore-env", "--allow-read", "--allow-write", "--allow-net", "--allow-run"];
const SITE = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata: {name: west}\nspec: {}\n";
/** Rounds after which the site is killed, too. */
const RESTART_EVERY = 20;
const LIMIT_MS = 30_000;

/** How long to go on. */
export interface KillPlan {
  /** Kills at most. */
  readonly kills: number;
  /** Time after which no other round begins, once enough different steps were hit; in ms. */
  readonly budgetMs: number;
  /** Different steps that must have been hit. */
  readonly steps: number;
}

/** What happened. */
export interface ApplyKills {
  /** Applies that were killed. */
  readonly kills: number;
  /** Names of the operations before which they were. */
  readonly steps: readonly string[];
  /** After how many the folder held the old state, and the new one. */
  readonly outcomes: { readonly before: number; readonly after: number };
  /** How often the site itself was killed and came back. */
  readonly restarts: number;
  /** Flows that went through it meanwhile. */
  readonly flows: number;
}

/** Runs `plan`; rejects when anything was lost, mixed or left behind. */
export async function killApplies({ kills, budgetMs, steps: wanted }: KillPlan): Promise<ApplyKills> {
  const dir = await Deno.makeTempDir();
  const site = `${dir}/site`;
  using target = server(echo);
  const [port, ...moving] = [freePort(), freePort(), freePort()];
  let process: Process | undefined;
  try {
    await Deno.mkdir(site);
    await Deno.writeTextFile(`${site}/Site-west.yaml`, SITE);
    const lasting = [
      resource("Listener", { key: "echo", port }),
      resource("Connector", { key: "echo", port: target.port }),
    ];
    await Deno.writeTextFile(`${site}/lasting.yaml`, lasting.join("---\n"));
    const state = async () => {
      const { broken, ...rest } = await loadSite(site);
      assert.deepEqual(broken, []);
      return JSON.stringify(rest);
    };
    // Two listeners change places, connectors become others: a mixture of the two would be a collision, or a loss.
    const variants = [0, 1].map((turn) =>
      [
        ...moving.map((port, at) => resource("Listener", { key: `moving-${(at + turn) % 2}`, port })),
        ...[1, 2, 3].map((number) => resource("Connector", { key: `other-${number}`, port: number + 10 * turn })),
      ].join("---\n")
    );
    const apply = ["apply", "--dir", site, "-o", "json", "-f"];
    const states: string[] = [];
    const files = variants.map((_, turn) => `${dir}/variant-${turn}.yaml`);
    for (const [turn, file] of files.entries()) {
      await Deno.writeTextFile(file, variants[turn] ?? "");
      const { code, stderr } = await tendril(...apply, file);
      assert.equal(code, 0, stderr);
      states.push(await state());
    }
    process = startTendril("west", ["run", site]);
    await untilListening(port, process);
    const killed = async (file: string, at: number) => {
      const args = tendrilArgs([...PERMISSIONS, "--preload", PRELOAD], [...apply, file, `${at}`]);
      return await run(Deno.execPath(), args);
    };
    // How many operations there are, with the site there to be asked.
    const whole = await killed(files[0]!, 0);
    assert.equal(whole.code, 0, whole.stderr);
    const total = whole.stderr.split("STEP ").length - 1;
    const steps = new Set<string>();
    const outcomes = { before: 0, after: 0 };
    let [current, done, restarts, flows] = [0, 0, 0, 0];
    let traffic = new SteadyTraffic(port);
    const quiet = async () => {
      await traffic[Symbol.asyncDispose]();
      assert.deepEqual(traffic.failures, [], "traffic through the site suffered");
      flows += traffic.flows;
    };
    const order: number[] = [];
    for (const deadline = performance.now() + budgetMs; done < kills; done++) {
      if (performance.now() > deadline && steps.size >= wanted) break;
      // In random order, each as often as any other.
      if (order.length === 0) order.push(...shuffled(total));
      const next = 1 - current;
      const { code, stderr } = await killed(files[next]!, order.pop()!);
      const step = /KILLED BEFORE (.*)/.exec(stderr)?.[1];
      if (step === undefined) assert.equal(code, 0, stderr); // It had less to do this time.
      else steps.add(step);
      const found = states.indexOf(await state());
      assert.ok(found >= 0, `a mixture after a kill before ${step}`);
      outcomes[found === current ? "before" : "after"]++;
      current = found;
      if ((done + 1) % RESTART_EVERY !== 0) continue;
      await quiet();
      process.signal("SIGKILL");
      await process.ended;
      process = startTendril("west", ["run", site]);
      await untilListening(port, process);
      restarts++;
      traffic = new SteadyTraffic(port);
      await complete(site, states[current]!);
    }
    await quiet();
    // Whoever comes next finds nothing in the way.
    const last = await tendril(...apply, files[1 - current]!);
    assert.equal(last.code, 0, last.stderr);
    assert.equal(await state(), states[1 - current]);
    await complete(site, states[1 - current]!);
    const names = (await Array.fromAsync(Deno.readDir(site))).map(({ name }) => name);
    assert.deepEqual(names.filter((name) => /tmp$|journal/.test(name)), [], "left behind");
    return { kills: done, steps: [...steps].sort(), outcomes, restarts, flows };
  } catch (error) {
    console.error(process?.output().slice(-3000));
    throw error;
  } finally {
    await process?.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

/** Waits until the running site has every listener and connector of `state`, and no other. */
async function complete(site: string, state: string): Promise<void> {
  const { listeners, connectors }: SiteSpec = JSON.parse(state);
  const wanted = [...listeners, ...connectors].map(({ name, host, port }) => `${name} ${host}:${port}`).sort();
  await until(async () => {
    // Its ports are open a moment before it can be asked.
    const report = await siteReportIfRunning(site, 10);
    if (report === undefined) return false;
    const { listeners, connectors } = report.site;
    const found = [
      ...listeners.map(({ name, host, port }) => `${name} ${host}:${port}`),
      ...connectors.map(({ name, target }) => `${name} ${target}`),
    ].sort();
    return found.join() === wanted.join();
  }, LIMIT_MS);
}

/** 1 to `count` in random order. */
function shuffled(count: number): number[] {
  return Array.from({ length: count }, (_, index) => ({ at: index + 1, rank: Math.random() }))
    .sort((one, other) => one.rank - other.rank).map(({ at }) => at);
}
