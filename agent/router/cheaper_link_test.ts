/** An edge that uses a dearer link than it has to, and what becomes of that. */

import assert from "node:assert/strict";
import { until } from "../../tests/support/until.ts";
import { begin, message } from "../../tests/support/wire_peer.ts";
import { Taker } from "./testing_consumer.ts";
import { edge } from "./testing_edge.ts";

Deno.test("edge links: a cheaper link that has been up for a while takes over, and what is under way goes on", async () => {
  await using site = edge({ a: 1, b: 2 }, ["a"], 200);
  const taker = new Taker();
  site.router.addresses.add("Mserved", taker);
  await until(() => site.states().b === "active");
  const open = begin(await site.interior("b").towards("served"), message({ body: "as long" }), true);
  site.down.delete("a");
  await until(() => site.states().a === "standby");
  assert.equal(site.states().b, "active", "not at once");
  await until(() => site.states().a === "active");
  await site.interior("a").towards("served");
  open.delivery.finish(new TextEncoder().encode(" as it likes"));
  await until(() => taker.taken[0]?.events.includes("end") === true);
  assert.equal(open.lost, false);
  await until(() => site.states().b === "standby");
});

Deno.test("edge links: a cheaper link that comes and goes does not take over, nor one that costs the same", async () => {
  await using site = edge({ a: 1, b: 2, c: 2 }, ["a", "c"], 400);
  await until(() => site.states().b === "active");
  site.down.delete("c");
  site.down.delete("a");
  await until(() => site.states().a === "standby" && site.states().c === "standby");
  for (let turn = 0; turn < 4; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 150));
    const last = site.interior("a");
    last.wire.peer.channel.destroy();
    await until(() => site.interior("a") !== last && site.states().a === "standby");
    assert.equal(site.states().b, "active");
  }
  await until(() => site.states().a === "active");
  assert.equal(site.states().c, "standby");
});

Deno.test("edge links: a cheapest link that comes and goes keeps no other cheaper one from taking over", async () => {
  await using site = edge({ a: 1, b: 2, c: 9 }, ["a", "b"], 400);
  await until(() => site.states().c === "active");
  site.down.delete("a");
  site.down.delete("b");
  await until(() => site.states().a === "standby" && site.states().b === "standby");
  const ends = performance.now() + 1500;
  while (site.states().b !== "active") {
    assert.ok(performance.now() < ends, "b was there all the time");
    await new Promise((resolve) => setTimeout(resolve, 100));
    const last = site.interior("a");
    last.wire.peer.channel.destroy();
    await until(() => site.interior("a") !== last && site.states().a === "standby");
  }
  // Who was left is dialled again, and that is no failure.
  await until(() => site.states().c === "standby");
});
