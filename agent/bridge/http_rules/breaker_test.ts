import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import type { CircuitSpec } from "../../site/http_route_spec.ts";
import { Breaker } from "./breaker.ts";

const SPEC: CircuitSpec = {
  consecutiveFailures: 3,
  errorPercent: 0,
  minimumRequests: 4,
  intervalSeconds: 10,
  openSeconds: 5,
  halfOpenRequests: 1,
};

/** Sends one request after the other through `breaker` at `now`: `+` succeeds, `-` fails. */
function send(breaker: Breaker, results: string, now: number): void {
  for (const result of results) breaker.end(breaker.begin(now), result === "-", now);
}

Deno.test("breaker: so many failures in a row open it, a success between them starts the count anew", () => {
  const breaker = new Breaker(SPEC);
  send(breaker, "--+--", 0);
  equal(breaker.stateAt(0), "closed");
  send(breaker, "-", 0);
  deepEqual([breaker.stateAt(0), breaker.admits(4999)], ["open", false]);
});

Deno.test("breaker: after its time one probe at a time passes; its success closes it, its failure opens it again", () => {
  const breaker = new Breaker(SPEC);
  send(breaker, "---", 0);
  equal(breaker.stateAt(5000), "half-open");
  const probe = breaker.begin(5000);
  deepEqual([probe > 0, breaker.admits(5000)], [true, false]);
  equal(breaker.end(probe, true, 6000), true);
  deepEqual([breaker.stateAt(10_999), breaker.stateAt(11_000)], ["open", "half-open"]);
  equal(breaker.end(breaker.begin(11_000), false, 11_500), true);
  equal(breaker.stateAt(11_500), "closed");
});

Deno.test("breaker: a probe that tells nothing makes room for another", () => {
  const breaker = new Breaker(SPEC);
  send(breaker, "---", 0);
  breaker.end(breaker.begin(5000), undefined, 5000);
  deepEqual([breaker.stateAt(5000), breaker.admits(5000)], ["half-open", true]);
});

Deno.test("breaker: what began before it opened neither opens it longer nor closes it", () => {
  const breaker = new Breaker(SPEC);
  const early = [breaker.begin(0), breaker.begin(0)];
  send(breaker, "---", 0);
  deepEqual(early.map((probe, at) => breaker.end(probe, at === 0, 4000)), [false, false]);
  equal(breaker.stateAt(5000), "half-open");
});

Deno.test("breaker: a probe of an earlier time of probing neither decides nor makes room", () => {
  const breaker = new Breaker({ ...SPEC, halfOpenRequests: 2 });
  send(breaker, "---", 0);
  const slow = breaker.begin(5000);
  equal(breaker.end(breaker.begin(5000), true, 6000), true);
  breaker.begin(11_000);
  equal(breaker.end(slow, undefined, 11_500), false);
  breaker.begin(11_500);
  equal(breaker.admits(11_500), false);
  equal(breaker.end(slow, false, 12_000), false);
  equal(breaker.stateAt(12_000), "half-open");
});

Deno.test("breaker: a share of failures opens it, once there were enough requests within the interval", () => {
  const spec = { ...SPEC, consecutiveFailures: 0, errorPercent: 50 };
  const breaker = new Breaker(spec);
  send(breaker, "+-+", 0);
  equal(breaker.stateAt(0), "closed", "too few to tell");
  send(breaker, "-", 0);
  equal(breaker.stateAt(0), "open");
  const slow = new Breaker(spec);
  send(slow, "+--", 0);
  send(slow, "-++", 10_000);
  equal(slow.stateAt(10_000), "closed", "the interval is another");
});

Deno.test("breaker: whatever happens, it lets nothing pass while it is open", () => {
  const step = fc.record({ ms: fc.integer({ min: 0, max: 4000 }), end: fc.boolean(), failed: fc.option(fc.boolean()) });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const breaker = new Breaker({ ...SPEC, halfOpenRequests: 2 });
    let now = 0;
    let openedAt = -Infinity;
    const under: number[] = [];
    for (const { ms, end, failed } of steps) {
      now += ms;
      if (end && under.length > 0) {
        if (breaker.end(under.shift()!, failed ?? undefined, now) && breaker.stateAt(now) === "open") openedAt = now;
      } else if (breaker.admits(now)) {
        equal(now - openedAt >= 5000, true);
        under.push(breaker.begin(now));
      }
    }
  }));
});
