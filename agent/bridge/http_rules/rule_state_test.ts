import { deepEqual, equal } from "node:assert/strict";
import type { HttpRule } from "../../site/http_route_spec.ts";
import { type Attempt, RuleState } from "./rule_state.ts";
import { viewOf } from "./testing_heads.ts";

const RULE: HttpRule = {
  name: "r",
  matches: [],
  backends: [{ routingKey: "a", weight: 1 }, { routingKey: "b", weight: 1 }, { routingKey: "c", weight: 0 }],
  strategy: "Priority",
  responseSeconds: 0,
  idleSeconds: 0,
  retries: 3,
};
const CIRCUIT = {
  consecutiveFailures: 1,
  errorPercent: 0,
  minimumRequests: 1,
  intervalSeconds: 1,
  openSeconds: 5,
  halfOpenRequests: 1,
};

interface Circumstances {
  readonly served?: readonly string[];
  readonly tried?: readonly string[];
  readonly now?: number;
  readonly cookie?: string;
}

function choose(state: RuleState, circumstances: Circumstances = {}): Attempt | string {
  const { served = ["a", "b", "c"], tried = [], now = 0, cookie } = circumstances;
  return state.choose({
    request: viewOf("GET /", ...(cookie === undefined ? [] : [`Cookie: x=y; ${cookie}`])),
    source: "1.1.1.1",
    ownKey: "own",
    tried: new Set(tried),
    isReachable: (key) => served.includes(key),
    now,
  });
}

function keyOf(attempt: Attempt | string): string {
  return typeof attempt === "string" ? attempt : attempt.backend.routingKey;
}

Deno.test("rule: who is not served is passed over, who failed this request comes last, and no weight gets nothing", () => {
  const state = new RuleState(RULE);
  equal(keyOf(choose(state)), "a");
  equal(keyOf(choose(state, { served: ["b", "c"] })), "b");
  equal(keyOf(choose(state, { tried: ["a"] })), "b");
  equal(keyOf(choose(state, { tried: ["a", "b"] })), "a");
  equal(keyOf(choose(state, { served: ["c"] })), "no site serves a backend of the rule");
});

Deno.test("rule: without backends requests go to the key of the listener", () => {
  equal(keyOf(choose(new RuleState({ ...RULE, backends: [] }), { served: ["own"] })), "own");
});

Deno.test("rule: an open circuit leads to the next backend, and a probe back", () => {
  const state = new RuleState({ ...RULE, circuit: CIRCUIT });
  const fail = (key: string, now = 0) => {
    const attempt = choose(state, { served: [key], now });
    equal(typeof attempt === "string" ? attempt : state.end(attempt, true, now), "open");
  };
  fail("a");
  equal(keyOf(choose(state, { now: 1000 })), "b");
  fail("b", 1000);
  equal(keyOf(choose(state, { now: 2000 })), "the circuits of all backends are open");
  const probe = choose(state, { now: 5000 });
  equal(keyOf(probe), "a");
  equal(typeof probe === "string" ? probe : state.end(probe, false, 5000), "closed");
});

Deno.test("rule: a cookie leads back to the backend that it was set for, as long as that is served", () => {
  const state = new RuleState({ ...RULE, strategy: "Sticky", sticky: { by: "Cookie", name: "stay" } });
  const first = choose(state);
  if (typeof first === "string") throw new Error(first);
  const set = state.cookieFor(first.backend, viewOf("GET /"))!;
  const cookie = set.split(";")[0]!;
  equal(set, `${cookie}; Path=/; HttpOnly; SameSite=Lax`);
  for (let round = 0; round < 5; round++) equal(keyOf(choose(state, { cookie })), first.backend.routingKey);
  equal(state.cookieFor(first.backend, viewOf("GET /", `Cookie: ${cookie}`)), undefined, "it has it");
  const other = ["a", "b"].filter((key) => key !== first.backend.routingKey);
  equal(keyOf(choose(state, { cookie, served: other })), other[0]);
});

Deno.test("rule: a change keeps what is known of backends that stay, unless the circuit is another", () => {
  const before = new RuleState({ ...RULE, circuit: CIRCUIT });
  const attempt = choose(before, { served: ["a"] });
  if (typeof attempt === "string") throw new Error(attempt);
  before.end(attempt, true, 0);
  before.counts.requests = 7;
  const same = new RuleState({ ...RULE, circuit: CIRCUIT, strategy: "RoundRobin" }, before);
  equal(keyOf(choose(same, { served: ["a"] })), "the circuits of all backends are open");
  equal(same.status(() => true, 0).requests, 7);
  const other = new RuleState({ ...RULE, circuit: { ...CIRCUIT, openSeconds: 1 } }, before);
  equal(keyOf(choose(other, { served: ["a"] })), "a");
  deepEqual(other.status((key) => key === "a", 0).backends.slice(0, 2), [
    { routingKey: "a", reachable: true, outstanding: 1, circuit: "closed" },
    { routingKey: "b", reachable: false, outstanding: 0, circuit: "closed" },
  ]);
});
