import assert from "node:assert/strict";
import { TendrilError } from "../lib/errors.ts";
import type { LinkState, RunningSite, SiteStatus } from "../site/status.ts";
import { silentLogger } from "../telemetry/log.ts";
import { EXIT } from "./exit_codes.ts";
import { runForeground } from "./foreground.ts";
import type { StopSignal, StopSignals } from "./signals.ts";

/** Signals from a script instead of the system. */
class Script implements StopSignals {
  readonly #pending: StopSignal[] = [];
  #wake: ((signal: StopSignal) => void) | undefined;
  next(): Promise<StopSignal> {
    const signal = this.#pending.shift();
    return signal === undefined ? new Promise((resolve) => this.#wake = resolve) : Promise.resolve(signal);
  }
  send(signal: StopSignal): void {
    if (this.#wake) this.#wake(signal);
    else this.#pending.push(signal);
    this.#wake = undefined;
  }
}

/** A site of one link whose end takes as long as the test says; real sites are run in the tests of main.ts. */
class OneLinkSite implements RunningSite {
  readonly calls: string[] = [];
  readonly #listeners = new Set<() => void>();
  state: LinkState = "connecting";
  drained: Promise<void> = Promise.resolve();
  hint: string | undefined;

  readFrom(): void {}

  status(): SiteStatus {
    const { state, hint } = this;
    const links = [{ name: "hub", state, cost: 1, endpoint: "h:1", remote: undefined, message: "refused", hint }];
    return {
      id: "1",
      name: "s",
      role: "edge",
      routerId: "s",
      links,
      listeners: [],
      connectors: [],
      access: [],
      adaptors: [],
    };
  }
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  become(state: LinkState): void {
    this.state = state;
    this.#listeners.forEach((listener) => listener());
  }
  get watched(): number {
    return this.#listeners.size;
  }
  apply(): Promise<never[]> {
    return Promise.resolve([]);
  }
  drain(graceMs: number): Promise<void> {
    this.calls.push(`drain ${graceMs}`);
    return this.drained;
  }
  stop(): Promise<void> {
    this.calls.push("stop");
    return Promise.resolve();
  }
}

function begin(site: OneLinkSite, waitMs?: number): { signals: Script; code: Promise<number> } {
  const signals = new Script();
  const options = { logger: silentLogger, signals, graceMs: 10_000, waitMs };
  return { signals, code: runForeground(() => Promise.resolve(site), options) };
}

Deno.test("foreground: the first signal drains and ends with 0", async () => {
  const site = new OneLinkSite();
  const { signals, code } = begin(site);
  signals.send("SIGTERM");
  assert.equal(await code, EXIT.ok);
  assert.deepEqual(site.calls, ["drain 10000"]);
  assert.equal(site.watched, 0);
});

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`foreground: a second signal, ${signal}, stops at once with ${expected}`, async () => {
    const site = new OneLinkSite();
    site.drained = new Promise(() => {});
    const { signals, code } = begin(site);
    signals.send("SIGINT");
    while (!site.calls.includes("drain 10000")) await Promise.resolve();
    signals.send(signal);
    assert.equal(await code, expected);
    assert.deepEqual(site.calls, ["drain 10000", "stop"]);
  });
}

Deno.test("foreground: a signal before the site is up ends the command and the late site", async () => {
  const signals = new Script();
  const late = Promise.withResolvers<RunningSite>();
  const site = new OneLinkSite();
  const code = runForeground(() => late.promise, { logger: silentLogger, signals, graceMs: 0 });
  signals.send("SIGINT");
  assert.equal(await code, EXIT.interrupted);
  late.resolve(site);
  await late.promise;
  await Promise.resolve();
  assert.deepEqual(site.calls, ["stop"]);
});

Deno.test("foreground: --wait passes without a link, the error says which link and why", async () => {
  const site = new OneLinkSite();
  const { code } = begin(site, 20);
  await assert.rejects(code, (error: unknown) => {
    assert.ok(error instanceof TendrilError && error.code === "WAIT_TIMEOUT");
    assert.match(String(error.cause), /hub \(h:1\): refused/);
    return true;
  });
  assert.deepEqual(site.calls, ["stop"]);
  assert.equal(site.watched, 0);
});

Deno.test("foreground: what a failed link advises is what --wait advises", async () => {
  const site = new OneLinkSite();
  site.hint = "Ask the proxy's owner.";
  await assert.rejects(begin(site, 20).code, { hint: "Ask the proxy's owner." });
});

Deno.test("foreground: a link within --wait lifts the limit for good", async () => {
  const site = new OneLinkSite();
  const { signals, code } = begin(site, 40);
  await new Promise((resolve) => setTimeout(resolve, 5));
  site.become("active");
  site.become("down");
  await new Promise((resolve) => setTimeout(resolve, 80));
  signals.send("SIGINT");
  assert.equal(await code, EXIT.ok);
});

Deno.test("foreground: a site that cannot start rejects with its own error", async () => {
  const error = new TendrilError("X_Y", "no");
  const options = { logger: silentLogger, signals: new Script(), graceMs: 0 };
  await assert.rejects(runForeground(() => Promise.reject(error), options), error);
});
