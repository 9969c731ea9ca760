import assert from "node:assert/strict";
import type { DeliveryState } from "../amqp/codec/types.ts";
import { fanOut } from "./fanout.ts";
import { listening, routed, Taker } from "./testing_consumer.ts";

function spread(count: number) {
  const takers = Array.from({ length: count }, () => new Taker());
  const upstream = listening();
  const downstream = fanOut(takers, routed({ complete: false }), upstream);
  const branches = takers.map((taker) => taker.taken[0]!);
  return { upstream, downstream, branches };
}

const REJECTED: DeliveryState = { kind: "rejected", error: { condition: "amqp:invalid-field" } };

Deno.test("fan-out: every consumer gets every octet, the end, and the producer's settlement", () => {
  const { downstream, branches } = spread(3);
  downstream.write(new TextEncoder().encode("hello "));
  downstream.write(new TextEncoder().encode("all"));
  downstream.end();
  downstream.producerSettled({ kind: "accepted" });
  for (const branch of branches) {
    assert.equal(branch.text, "hello all");
    assert.deepEqual(branch.events, ["end", "settled accepted"]);
  }
});

Deno.test("fan-out: an abort reaches every consumer", () => {
  const { downstream, branches } = spread(2);
  downstream.abort();
  assert.deepEqual(branches.map(({ events }) => events), [["abort"], ["abort"]]);
});

Deno.test("fan-out: the producer hears one outcome, after the last consumer, and the gravest wins", () => {
  const cases: [DeliveryState[], string][] = [
    [[{ kind: "accepted" }, { kind: "released" }], "accepted"],
    [[{ kind: "released" }, REJECTED, { kind: "accepted" }], "rejected"],
    [[{ kind: "released" }, { kind: "modified", deliveryFailed: true, undeliverableHere: false }], "modified"],
    [[{ kind: "released" }, { kind: "released" }], "released"],
  ];
  for (const [states, expected] of cases) {
    const { upstream, branches } = spread(states.length);
    states.forEach((state, at) => {
      assert.deepEqual(upstream.heard, [], "not before the last");
      branches[at]!.upstream.consumerState(state, true);
    });
    assert.equal(upstream.heard.length, 1);
    assert.equal(upstream.heard[0]![0]?.kind, expected);
    assert.equal(upstream.heard[0]![1], true);
  }
});

Deno.test("fan-out: a consumer that settles twice is counted once, and reports of one say nothing about all", () => {
  const { upstream, branches } = spread(2);
  branches[0]!.upstream.consumerState({ kind: "received", sectionNumber: 0, sectionOffset: 9n }, false);
  branches[0]!.upstream.consumerState({ kind: "accepted" }, true);
  branches[0]!.upstream.consumerState(REJECTED, true);
  assert.deepEqual(upstream.heard, []);
  branches[1]!.upstream.consumerState({ kind: "released" }, true);
  assert.deepEqual(upstream.heard, [[{ kind: "accepted" }, true]]);
});

Deno.test("fan-out: an outcome counts whether its consumer settles or waits for us, who then settle", () => {
  const { upstream, branches } = spread(2);
  branches[0]!.upstream.consumerState({ kind: "accepted" }, false);
  assert.deepEqual(branches[0]!.events, ["settled accepted"]);
  branches[0]!.upstream.consumerState({ kind: "accepted" }, true);
  branches[1]!.upstream.consumerState({ kind: "released" }, true);
  assert.deepEqual(branches[1]!.events, []);
  assert.deepEqual(upstream.heard, [[{ kind: "accepted" }, true]]);
});

Deno.test("fan-out: the slowest consumer sets the pace", () => {
  const { upstream, downstream, branches } = spread(3);
  branches[1]!.pending = 70_000;
  branches[2]!.pending = 500;
  assert.equal(downstream.pending, 70_000);
  branches[2]!.pending = 0;
  branches[2]!.upstream.drained(0);
  assert.deepEqual(upstream.drains, [70_000], "another still waits");
});

Deno.test("fan-out: a producer held up by the slowest consumer goes on when that one is gone", () => {
  const { upstream, downstream, branches } = spread(2);
  branches[0]!.pending = 1_000_000;
  assert.equal(downstream.pending, 1_000_000);
  branches[0]!.pending = 0;
  branches[0]!.upstream.consumerState({ kind: "modified", deliveryFailed: true, undeliverableHere: false }, true);
  assert.deepEqual([upstream.heard, upstream.drains], [[], [0]]);
});
