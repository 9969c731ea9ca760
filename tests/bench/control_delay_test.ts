import assert from "node:assert/strict";
import { delayInside } from "./control_delay.ts";

Deno.test("delay inside: of what came since, percentiles are the bounds of their buckets", () => {
  const before = new Map([[0.001, 50], [0.005, 60], [0.01, 60], [Infinity, 60]]);
  const after = new Map([[0.001, 110], [0.005, 150], [0.01, 159], [Infinity, 160]]);
  assert.deepEqual(delayInside(before, after), { p50: 1, p90: 5, p99: 10, within5Ms: 0.9, count: 100 });
  assert.equal(delayInside(before, before), undefined);
});
