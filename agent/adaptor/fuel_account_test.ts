import assert from "node:assert/strict";
import { digestOf } from "../../adaptors/compile.ts";
import { FREE_FUEL, FREE_FUEL_PER_OCTET, FuelAccount, SAVED_INPUTS, SAVED_OCTETS } from "./fuel_account.ts";
import { MAX_FAULTS } from "./health.ts";
import { defaultLimits } from "./limits.ts";
import { loadAdaptor } from "./load.ts";
import { loadFixture } from "./testing_fixture.ts";

const PER_INPUT = 40_000_000;
const NO_OCTETS = new Uint8Array(0);

function account() {
  const clock = { now: 5000 };
  return { clock, account: new FuelAccount(PER_INPUT, () => clock.now) };
}

/** The hostile fixture on a clock of its own. */
async function hostile() {
  const { bytes } = await loadFixture("hostile");
  const clock = { now: 0 };
  const source = { name: "hostile", bytes, digest: await digestOf(bytes) };
  return { clock, module: await loadAdaptor(source, defaultLimits, () => clock.now) };
}

Deno.test("fuel over time: inputs that cost what their octets may are never counted", () => {
  const { account: fuel } = account();
  for (let input = 0; input < 10_000; input++) fuel.spent(FREE_FUEL + 1000 * FREE_FUEL_PER_OCTET, 1000);
  assert.equal(fuel.grant(0), PER_INPUT);
});

Deno.test("fuel over time: what gathers its input may read all of it at the end, and once", () => {
  const { clock, account: fuel } = account();
  for (let input = 0; input <= SAVED_INPUTS; input++) fuel.spent(fuel.grant(0), 0);
  let octets = 0;
  for (let input = 0; input < 10; input++) octets = fuel.spent(1000, octets + 1000);
  assert.equal(octets, 10_000);
  const cost = FREE_FUEL + 10_000 * FREE_FUEL_PER_OCTET;
  assert.equal(fuel.grant(octets), cost);
  assert.equal(fuel.spent(cost, octets), 0);
  assert.equal(fuel.spent(0, 1_000_000), SAVED_OCTETS);
  assert.equal(clock.now, 5000);
});

Deno.test("fuel over time: an account that is used up leaves what an input may cost anyway, and fills again", () => {
  const { clock, account: fuel } = account();
  for (let input = 0; input <= SAVED_INPUTS; input++) fuel.spent(fuel.grant(0), 0);
  assert.equal(fuel.grant(0), FREE_FUEL);
  assert.equal(fuel.grant(10), FREE_FUEL + 10 * FREE_FUEL_PER_OCTET);
  clock.now += 500;
  assert.equal(fuel.grant(0), FREE_FUEL + PER_INPUT / 2);
  clock.now += 3_600_000;
  for (let input = 0; input < SAVED_INPUTS; input++) {
    assert.equal(fuel.grant(0), PER_INPUT);
    fuel.spent(PER_INPUT, 0);
  }
  assert.ok(fuel.grant(0) < PER_INPUT);
});

Deno.test("fuel over time: a plugin that computes as long as it may at every input is stopped, and quarantined", async () => {
  const { clock, module } = await hostile();
  const busy = new TextEncoder().encode("B");
  const instances = Array.from({ length: 200 }, () => {
    const instance = module.instantiate();
    instance.open("listener", NO_OCTETS);
    return instance;
  });
  let answered = 0;
  for (const instance of instances) {
    try {
      instance.socket(busy, false);
      answered++;
    } catch (error) {
      assert.equal((error as { code?: string }).code, "ADAPTOR_FUEL");
    }
    instance.close();
  }
  assert.ok(answered > 0 && answered < 2 * SAVED_INPUTS, `${answered}`);
  assert.ok(module.health.faults >= MAX_FAULTS);
  assert.equal(module.health.refusal()?.code, "ADAPTOR_QUARANTINED");
  clock.now += 60_000;
  const later = module.instantiate();
  later.open("listener", NO_OCTETS);
  assert.equal(later.socket(busy, false).consumed, 1);
  later.close();
});

Deno.test("fuel over time: one that does no more than to read its input is not stopped, however much there is", async () => {
  const { module } = await hostile();
  const instance = module.instantiate();
  instance.open("listener", NO_OCTETS);
  const piece = new Uint8Array(4096).fill(0x61);
  for (let input = 0; input < 5000; input++) assert.ok(instance.socket(piece, false).consumed > 0);
  instance.close();
  assert.equal(module.health.faults, 0);
});
