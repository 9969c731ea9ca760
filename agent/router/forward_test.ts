import assert from "node:assert/strict";
import { AddressTable } from "./address_table.ts";
import { NO_ANNOTATIONS } from "./annotations.ts";
import type { Hop } from "./flow.ts";
import { chooseConsumers, chooseOne } from "./forward.ts";
import { origin, routed, Taker } from "./testing_consumer.ts";

function entryOf(key: string, consumers: readonly Taker[]) {
  const table = new AddressTable(() => {});
  for (const consumer of consumers) table.add(key, consumer);
  return table.get(key)!;
}

Deno.test("forward: balanced takes whoever has least to do, cost included", () => {
  const [busy, idle, far] = [new Taker(), new Taker(), new Taker({ cost: 3 })];
  busy.outstanding = 5;
  const entry = entryOf("Mweb", [busy, idle, far]);
  assert.deepEqual(chooseConsumers(entry, routed()), [idle]);
  idle.outstanding = 4;
  assert.deepEqual(chooseConsumers(entry, routed()), [far], "3 beyond costs less than 4 waiting");
  far.outstanding = 9;
  assert.deepEqual(chooseConsumers(entry, routed()), [idle]);
});

Deno.test("forward: equals take turns", () => {
  const consumers = [new Taker(), new Taker(), new Taker()];
  const entry = entryOf("Mweb", consumers);
  const counts = new Map(consumers.map((consumer) => [consumer, 0]));
  for (let round = 0; round < 30; round++) {
    const [chosen] = chooseConsumers(entry, routed()) as Taker[];
    counts.set(chosen!, counts.get(chosen!)! + 1);
  }
  assert.deepEqual([...counts.values()], [10, 10, 10]);
});

Deno.test("forward: a consumer that has gone takes no turn", () => {
  const table = new AddressTable(() => {});
  const [stays, goes] = [new Taker(), new Taker()];
  table.add("Mweb", stays);
  const remove = table.add("Mweb", goes);
  chooseConsumers(table.get("Mweb")!, routed());
  remove();
  for (let round = 0; round < 3; round++) assert.deepEqual(chooseConsumers(table.get("Mweb")!, routed()), [stays]);
});

Deno.test("forward: closest prefers this process, then the cheapest, whatever their load", () => {
  const here = new Taker();
  const near = new Taker({ origin: origin(false) });
  const far = new Taker({ origin: origin(false), cost: 2, remote: true });
  here.outstanding = 100;
  assert.deepEqual(chooseConsumers(entryOf("Ltemp", [far, near, here]), routed()), [here]);
  near.outstanding = 100;
  assert.deepEqual(chooseConsumers(entryOf("Ltemp", [far, near]), routed()), [near]);
});

Deno.test("forward: what left the path of its origin goes on where it has not been, unless it is sent again or to several", () => {
  const via = (id: string, admits: boolean): Hop => ({
    id,
    next: { id },
    admits: () => admits,
    leadsOn: ({ annotations }) => !annotations.trace.includes(`0/${id}`),
  });
  const [onPath, off, back] = [via("B", true), via("C", false), via("A", false)]
    .map((hop, at) => new Taker({ cost: 3 - at, remote: true, hop }));
  const message = { ...routed(), annotations: { ...NO_ANNOTATIONS, trace: ["0/A"] } };
  assert.deepEqual(chooseConsumers(entryOf("Mweb", [back, off, onPath]), message), [onPath], "its path comes first");
  const strayed = entryOf("Mweb", [back, off]);
  assert.deepEqual(chooseConsumers(strayed, message), [off], "and it never goes back");
  assert.equal(chooseOne(strayed, message, new Set()), undefined);
  assert.deepEqual(chooseConsumers(entryOf("Mweb", [back]), message), []);
  const all = entryOf("Mtopic", [back, off]);
  all.treatment = "multicast";
  assert.deepEqual(chooseConsumers(all, message), []);
});

Deno.test("forward: multicast reaches everyone but where the message came from", () => {
  const sender = origin(true, "mesh-a");
  const twin = origin(true, "mesh-a");
  const back = new Taker({ origin: sender });
  const sibling = new Taker({ origin: twin });
  const others = [new Taker(), new Taker({ origin: origin(true, "mesh-b") })];
  const entry = entryOf("Mmc/all", [back, ...others, sibling]);
  const annotations = { ...NO_ANNOTATIONS, ingressMesh: "mesh-a" };
  assert.deepEqual(chooseConsumers(entry, routed({ origin: sender, annotations })), others);
});

Deno.test("forward: nothing is sent back over the edge link it came by, even if nobody else takes it", () => {
  const edge = origin(true);
  const entry = entryOf("Mweb", [new Taker({ origin: edge })]);
  assert.deepEqual(chooseConsumers(entry, routed({ origin: edge })), []);
  assert.equal(chooseConsumers(entry, routed({ origin: origin(true) })).length, 1);
});
