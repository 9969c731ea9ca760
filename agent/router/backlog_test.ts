import assert from "node:assert/strict";
import { message } from "../../tests/support/wire_peer.ts";
import { Backlog } from "./backlog.ts";
import { Egress } from "./egress.ts";
import { listening, routed, Taker } from "./testing_consumer.ts";

const START = message({ to: "web", body: "x" });

function egress(): Egress {
  return new Egress(new Taker(), routed({ start: START, complete: false }), START, listening());
}

Deno.test("backlog: messages leave in order, and those that were given up leave room at once", () => {
  const backlog = new Backlog(3, START.length * 3);
  const all = [egress(), egress(), egress()];
  for (const each of all) backlog.push(each);
  assert.deepEqual([backlog.size, backlog.takes(0)], [3, false]);
  all[0]!.abort();
  assert.deepEqual([backlog.size, backlog.takes(START.length), backlog.takes(START.length + 1)], [2, true, false]);
  const last = egress();
  backlog.push(last);
  assert.equal(backlog.shift(), all[1]);
  all[1]!.abort();
  assert.equal(backlog.size, 2);
  assert.deepEqual(backlog.takeAll(), [all[2], last]);
  last.neverBegan();
  assert.deepEqual([backlog.size, backlog.shift(), backlog.takes(START.length * 3)], [0, undefined, true]);
});

Deno.test("backlog: any number of those that were given up may stand before others", () => {
  const backlog = new Backlog(1000, Infinity);
  for (let round = 0; round < 10_000; round++) {
    const each = egress();
    backlog.push(each);
    each.abort();
  }
  const wanted = egress();
  backlog.push(wanted);
  assert.deepEqual([backlog.size, backlog.shift(), backlog.shift()], [1, wanted, undefined]);
});
