import assert from "node:assert/strict";
import { digestOf } from "../../adaptors/compile.ts";
import { buildLines, FAILS_AT_THIRD, version } from "../../tests/support/lines.ts";
import type { Action, AdaptorInstance } from "./action.ts";
import type { CanarySpec } from "./canary.ts";
import { FAULT_WINDOW_MS } from "./health.ts";
import { defaultLimits } from "./limits.ts";
import { loadAdaptor } from "./load.ts";
import type { WasmAdaptorModule } from "./module.ts";
import { MAX_KEPT_OCTETS } from "./rescued_instance.ts";
import { AdaptorSlot, type CanaryVerdict } from "./slot.ts";

const NO_CONFIG = new Uint8Array(0);
const LINE = new TextEncoder().encode("hello\n");

async function module(...changes: [string, string][]): Promise<WasmAdaptorModule> {
  const bytes = await buildLines(...changes);
  // On this clock no fault is near another, so that none is ever quarantined.
  let now = 0;
  return await loadAdaptor(
    { name: "lines", bytes, digest: await digestOf(bytes) },
    defaultLimits,
    () => now += FAULT_WINDOW_MS,
  );
}

const proven = await module();
const next = await module(version("0.2.0"));
const failing = await module(version("0.3.0"), FAILS_AT_THIRD);
const other = await module(version("0.4.0"), [`copyAscii(LINE, text)`, `copyAscii(LINE, "nobody\\n")`], FAILS_AT_THIRD);

/** A place with the proven version, and how its trials ended. */
function place(): { slot: AdaptorSlot; verdicts: CanaryVerdict[] } {
  const verdicts: CanaryVerdict[] = [];
  return { slot: new AdaptorSlot(proven, (verdict) => verdicts.push(verdict)), verdicts };
}

/** A client sends a line, and nobody answers it. */
function send(instance: AdaptorInstance, stream: number): Action[] {
  const { consumed, actions } = instance.socket(LINE, false);
  assert.equal(consumed, LINE.length);
  const said = actions.map((action) => "data" in action ? { ...action, data: action.data.slice() } : action);
  const answer = instance.stream({ kind: "abort", stream, reason: "released" });
  return [...said, ...answer.map((action) => "data" in action ? { ...action, data: action.data.slice() } : action)];
}

/** A connection of `lines` lines; all that the adaptor said. */
function connection(slot: AdaptorSlot, lines: number): Action[] {
  const instance = slot.instantiate();
  const said = [...instance.open("listener", NO_CONFIG)];
  for (let line = 0; line < lines; line++) said.push(...send(instance, 2 * line + 1));
  instance.close();
  return said;
}

const ALL: CanarySpec = { share: 99, connections: 10, failures: 10 };

Deno.test("slot: new connections get the new version, those that are there end with theirs", () => {
  const { slot } = place();
  const instance = slot.instantiate();
  instance.open("listener", NO_CONFIG);
  send(instance, 1);
  assert.ok(slot.takes(next));
  slot.replace(next, undefined);
  assert.deepEqual([slot.version, slot.digest], ["0.2.0", next.digest]);
  send(instance, 3);
  instance.close();
  connection(slot, 3);
});

Deno.test("slot: a trial takes its share of the connections, and ends when enough have ended well", () => {
  const { slot, verdicts } = place();
  slot.replace(next, { share: 25, connections: 5, failures: 0 });
  assert.equal(slot.version, "0.1.0");
  for (let count = 0; count < 19; count++) connection(slot, 1);
  assert.deepEqual([slot.canary?.ended, verdicts], [4, []]);
  connection(slot, 1);
  assert.deepEqual(verdicts.map(({ passed, ended, failed }) => [passed, ended, failed]), [[true, 5, 0]]);
  assert.deepEqual([slot.version, slot.canary], ["0.2.0", undefined]);
});

Deno.test("slot: a version that fails is rolled back, and its connections go on as if nothing had been", () => {
  const { slot, verdicts } = place();
  const wanted = connection(slot, 5);
  slot.replace(failing, ALL);
  for (let count = 0; count < 10; count++) assert.deepEqual(connection(slot, 5), wanted);
  assert.deepEqual(verdicts.map(({ passed, failed }) => [passed, failed]), [[false, 2]]);
  assert.match(verdicts[0]?.lastFault?.message ?? "", /trapped/);
  assert.deepEqual([slot.version, slot.canary, slot.health.faults], ["0.1.0", undefined, 0]);
});

Deno.test("slot: failures up to the bound are borne, and one more is too many", () => {
  const { slot, verdicts } = place();
  slot.replace(failing, { share: 99, connections: 10, failures: 20 });
  for (let count = 0; count < 14; count++) connection(slot, [1, 2].includes(count) ? 5 : 1);
  assert.deepEqual(verdicts.map(({ passed, ended, failed }) => [passed, ended, failed]), [[true, 10, 2]]);
});

Deno.test("slot: a connection in which the versions have said different things can't be saved", () => {
  const { slot, verdicts } = place();
  slot.replace(other, ALL);
  connection(slot, 1);
  assert.throws(() => connection(slot, 5), { code: "ADAPTOR_TRAP" });
  assert.throws(() => connection(slot, 5), { code: "ADAPTOR_TRAP" });
  assert.equal(verdicts[0]?.passed, false);
});

Deno.test("slot: a connection of which too much was said to be kept can't be saved, and counts", () => {
  const { slot, verdicts } = place();
  slot.replace(failing, { ...ALL, failures: 0 });
  connection(slot, 1);
  const instance = slot.instantiate();
  instance.open("listener", NO_CONFIG);
  instance.socket(LINE, false);
  instance.stream({ kind: "begin", stream: 2, head: { contentType: "text/plain", properties: [] } });
  instance.stream({ kind: "data", stream: 2, data: new Uint8Array(MAX_KEPT_OCTETS) });
  instance.stream({ kind: "end", stream: 2 });
  send(instance, 3);
  assert.throws(() => send(instance, 5), { code: "ADAPTOR_TRAP" });
  instance.close();
  connection(slot, 5);
  assert.deepEqual(verdicts.map(({ passed, failed }) => [passed, failed]), [[false, 1]]);
});

Deno.test("slot: what a client does wrong is no failure of the version on trial", () => {
  const { slot, verdicts } = place();
  slot.replace(next, { ...ALL, failures: 0 });
  for (let count = 0; count < 12; count++) {
    const instance = slot.instantiate();
    instance.open("listener", NO_CONFIG);
    instance.socket(new Uint8Array(5000), false);
    instance.close();
  }
  assert.equal(verdicts[0]?.passed, true);
});

Deno.test("slot: going back ends a trial, and the same version needs none", () => {
  const { slot, verdicts } = place();
  slot.replace(failing, ALL);
  slot.replace(proven, ALL);
  for (let count = 0; count < 20; count++) connection(slot, 5);
  assert.deepEqual([slot.version, slot.canary, verdicts], ["0.1.0", undefined, []]);
});

Deno.test("slot: who listens for faults hears those of the version that is there", () => {
  const { slot } = place();
  const heard: string[] = [];
  const forget = slot.health.onFault((error) => heard.push(error.code));
  slot.replace(failing, undefined);
  assert.throws(() => connection(slot, 5), { code: "ADAPTOR_TRAP" });
  forget();
  assert.throws(() => connection(slot, 5), { code: "ADAPTOR_TRAP" });
  assert.deepEqual(heard, ["ADAPTOR_TRAP"]);
});
