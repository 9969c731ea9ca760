import assert from "node:assert/strict";
import { LinkCounts } from "./link_counts.ts";

Deno.test("link counts: outcomes by kind, and delays of what is no stream", () => {
  const counts = new LinkCounts();
  counts.settle({ kind: "accepted" }, 0, false);
  counts.settle({ kind: "accepted" }, 1, false);
  counts.settle({ kind: "rejected" }, 2, false);
  counts.settle({ kind: "released" }, 10, false);
  counts.settle({ kind: "modified", deliveryFailed: true, undeliverableHere: false }, 11, false);
  counts.settle({ kind: "accepted" }, 1000, true);
  counts.settle({ kind: "received", sectionNumber: 0, sectionOffset: 0n }, 0, true);
  counts.settle(undefined, 0, false);
  counts.deliveries = 8;
  counts.presettled = 2;
  const { accepted, rejected, released, modified, delayed, longDelayed, handled } = counts;
  assert.deepEqual([accepted, rejected, released, modified, delayed, longDelayed, handled], [3, 1, 1, 1, 2, 1, 6]);
  const sum = new LinkCounts();
  sum.add(counts);
  sum.add(counts);
  assert.deepEqual([sum.deliveries, sum.accepted, sum.longDelayed, sum.handled], [16, 6, 2, 12]);
});
