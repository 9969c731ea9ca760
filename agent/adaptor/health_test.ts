import assert from "node:assert/strict";
import { AdaptorError } from "./adaptor_error.ts";
import { FAULT_WINDOW_MS, MAX_FAULTS, MAX_QUARANTINE_MS, PluginHealth, QUARANTINE_MS } from "./health.ts";

const trap = new AdaptorError("ADAPTOR_TRAP", "adaptor p: it trapped");

function plugin() {
  const clock = { now: 1000 };
  const health = new PluginHealth("p", () => clock.now);
  const fail = (times: number) => {
    for (let fault = 0; fault < times; fault++) health.failed(trap);
  };
  return { clock, health, fail };
}

Deno.test("health: a plugin is quarantined by one fault too many, with the reason, and tried again later", () => {
  const { clock, health, fail } = plugin();
  fail(MAX_FAULTS - 1);
  assert.equal(health.refusal(), undefined);
  fail(1);
  assert.equal(health.refusal()?.code, "ADAPTOR_QUARANTINED");
  assert.match(health.refusal()?.message ?? "", /adaptor p .* 5 faults.*it trapped/);
  clock.now += QUARANTINE_MS;
  assert.equal(health.refusal(), undefined);
});

Deno.test("health: faults that are far apart lead to nothing", () => {
  const { clock, health, fail } = plugin();
  for (let fault = 0; fault < 3 * MAX_FAULTS; fault++) {
    fail(1);
    clock.now += FAULT_WINDOW_MS / (MAX_FAULTS - 1);
    assert.equal(health.refusal(), undefined);
  }
  assert.equal(health.faults, 3 * MAX_FAULTS);
});

Deno.test("health: after a quarantine one fault brings the next, twice as long, up to a bound", () => {
  const { clock, health, fail } = plugin();
  fail(MAX_FAULTS);
  for (let length = QUARANTINE_MS; length < 4 * MAX_QUARANTINE_MS; length *= 2) {
    const expected = Math.min(length, MAX_QUARANTINE_MS);
    clock.now += expected - 1;
    assert.ok(health.refusal(), `${expected}`);
    clock.now += 1;
    assert.equal(health.refusal(), undefined, `${expected}`);
    fail(1);
  }
});

Deno.test("health: a plugin that behaves for a while after its quarantine starts anew", () => {
  const { clock, health, fail } = plugin();
  fail(MAX_FAULTS);
  clock.now += QUARANTINE_MS + FAULT_WINDOW_MS;
  fail(MAX_FAULTS - 1);
  assert.equal(health.refusal(), undefined);
  fail(1);
  clock.now += QUARANTINE_MS;
  assert.equal(health.refusal(), undefined);
});

Deno.test("health: what its clients do wrong is not the plugin's fault", () => {
  const { health } = plugin();
  for (const code of ["ADAPTOR_MALFORMED", "ADAPTOR_LIMIT", "ADAPTOR_UNSUPPORTED", "ADAPTOR_POISONED"] as const) {
    for (let time = 0; time < 2 * MAX_FAULTS; time++) health.failed(new AdaptorError(code, "no fault"));
  }
  assert.deepEqual([health.faults, health.refusal()], [0, undefined]);
});

Deno.test("health: who listens hears of each fault, and which one was too many", () => {
  const { health, fail } = plugin();
  const heard: boolean[] = [];
  const stop = health.onFault((_, quarantined) => heard.push(quarantined));
  fail(MAX_FAULTS + 1);
  stop();
  fail(1);
  assert.deepEqual(heard, [false, false, false, false, true, false]);
});
