/** One rule with what it knows of its backends: who is busy, whose circuit is open, and what became of requests. */

import type { CircuitSpec, HttpRule } from "../../site/http_route_spec.ts";
import type { HttpBackendStatus, HttpRuleStatus } from "../../site/status.ts";
import { Balancer } from "./balancer.ts";
import { Breaker } from "./breaker.ts";
import { Forwarder } from "./forwarded.ts";
import { hash32 } from "./hash.ts";
import { Latencies } from "./latency.ts";
import { fieldOf, type RequestView } from "./request_view.ts";

/** A backend as one rule knows it. */
export class Backend {
  /** Address in the network. */
  readonly routingKey: string;
  /** What a cookie says of it. */
  readonly token: string;
  /** Absent where nothing breaks it. */
  readonly breaker: Breaker | undefined;
  /** Its share. */
  weight: number;
  /** Requests that it has not answered yet. */
  outstanding = 0;

  /** Idle, its circuit closed. */
  constructor(routingKey: string, weight: number, circuit: CircuitSpec | undefined) {
    this.routingKey = routingKey;
    this.token = hash32(routingKey).toString(36);
    this.weight = weight;
    this.breaker = circuit === undefined ? undefined : new Breaker(circuit);
  }
}

/** What became of the requests of a rule. */
export class RuleCounts {
  /** All that began. */
  requests = 0;
  /** Those answered with 500 or above, or never completely. */
  errors = 0;
  /** Attempts besides the first ones. */
  retries = 0;
  /** How long those took that were answered. */
  readonly latencies = new Latencies();
}

/** What a request brings to the choice. */
export interface Choosing {
  /** The request. */
  readonly request: RequestView;
  /** Address of the client. */
  readonly source: string;
  /** The key of the listener, for a rule without backends. */
  readonly ownKey: string;
  /** Keys that have failed this request: taken only when there is no other. */
  readonly tried: ReadonlySet<string>;
  /** Whether a key has a consumer. */
  isReachable(key: string): boolean;
  /** In ms. */
  readonly now: number;
}

/** One attempt of a request. */
export interface Attempt {
  /** Where it goes. */
  readonly backend: Backend;
  /** Of what it is a probe, as {@link Breaker.begin} says; 0 for none. */
  readonly probe: number;
}

/** See the head of the file. */
export class RuleState {
  /** What it follows. */
  readonly rule: HttpRule;
  /** What became of its requests. */
  readonly counts: RuleCounts;
  /** Undefined where servers are told nothing. */
  readonly forwarder: Forwarder | undefined;
  readonly #balancer: Balancer<Backend>;
  readonly #backends: readonly Backend[];
  /** For a rule without backends, by the key of the listener. */
  readonly #own = new Map<string, Backend>();

  /** Knows what `before`, the rule of that name, knew of backends that are the same. */
  constructor(rule: HttpRule, before?: RuleState) {
    this.rule = rule;
    this.counts = before?.counts ?? new RuleCounts();
    this.#balancer = new Balancer(rule.strategy);
    this.forwarder = rule.forwarded === undefined ? undefined : new Forwarder(rule.forwarded);
    const sameCircuit = JSON.stringify(before?.rule.circuit) === JSON.stringify(rule.circuit);
    const kept = sameCircuit && before !== undefined ? before.#backends : [];
    this.#backends = rule.backends.map(({ routingKey, weight }) => {
      const known = kept.find((other) => other.routingKey === routingKey);
      if (known === undefined) return new Backend(routingKey, weight, rule.circuit);
      known.weight = weight;
      return known;
    });
    if (sameCircuit && before !== undefined) this.#own = before.#own;
  }

  /** Where a request goes now; a text says why it goes nowhere. */
  choose(choosing: Choosing): Attempt | string {
    const { isReachable, now, tried } = choosing;
    const all = this.#backendsFor(choosing.ownKey).filter(({ weight }) => weight > 0);
    const served = all.filter(({ routingKey }) => isReachable(routingKey));
    if (served.length === 0) return "no site serves a backend of the rule";
    const admitted = served.filter(({ breaker }) => breaker?.admits(now) ?? true);
    if (admitted.length === 0) return "the circuits of all backends are open";
    const fresh = tried.size === 0 ? admitted : admitted.filter(({ routingKey }) => !tried.has(routingKey));
    const backend = this.#pick(fresh.length === 0 ? admitted : fresh, choosing);
    if (backend === undefined) return "no backend can be chosen";
    backend.outstanding++;
    return { backend, probe: backend.breaker?.begin(now) ?? 0 };
  }

  /** The attempt has its result; undefined when nothing can be told from it. The new state of its circuit, if it changed. */
  end({ backend, probe }: Attempt, failed: boolean | undefined, now: number): "open" | "closed" | undefined {
    backend.outstanding--;
    if (backend.breaker?.end(probe, failed, now) !== true) return undefined;
    return backend.breaker.stateAt(now) === "open" ? "open" : "closed";
  }

  /** The cookie that keeps the client at `backend`; undefined when it has it, or none is used. */
  cookieFor(backend: Backend, request: RequestView): string | undefined {
    const { sticky } = this.rule;
    if (this.rule.strategy !== "Sticky" || sticky?.by !== "Cookie") return undefined;
    if (cookieOf(request, sticky.name) === backend.token) return undefined;
    return `${sticky.name}=${backend.token}; Path=/; HttpOnly; SameSite=Lax`;
  }

  /** A snapshot; `isReachable` tells whether a key has a consumer. */
  status(isReachable: (key: string) => boolean, now: number): HttpRuleStatus {
    const { requests, errors, retries, latencies } = this.counts;
    const backends = [...this.#backends, ...this.#own.values()].map((backend): HttpBackendStatus => ({
      routingKey: backend.routingKey,
      reachable: isReachable(backend.routingKey),
      outstanding: backend.outstanding,
      ...(backend.breaker === undefined ? {} : { circuit: backend.breaker.stateAt(now) }),
    }));
    return { name: this.rule.name, requests, errors, retries, latencyMs: latencies.counts(), backends };
  }

  #backendsFor(ownKey: string): readonly Backend[] {
    if (this.rule.backends.length > 0) return this.#backends;
    let backend = this.#own.get(ownKey);
    if (backend === undefined) {
      backend = new Backend(ownKey, 1, this.rule.circuit);
      this.#own.set(ownKey, backend);
    }
    return [backend];
  }

  #pick(candidates: readonly Backend[], { request, source }: Choosing): Backend | undefined {
    const { sticky } = this.rule;
    if (this.rule.strategy !== "Sticky" || sticky === undefined) return this.#balancer.choose(candidates, undefined);
    if (sticky.by === "Source") return this.#balancer.choose(candidates, source);
    if (sticky.by === "Header") return this.#balancer.choose(candidates, fieldOf(request.head, sticky.name));
    const token = cookieOf(request, sticky.name);
    return candidates.find((backend) => backend.token === token) ?? this.#balancer.choose(candidates, undefined);
  }
}

function cookieOf(request: RequestView, name: string): string | undefined {
  let found: string | undefined;
  request.someField("cookie", (field) => {
    const pair = field.split(";").map((part) => part.trim()).find((part) => part.startsWith(`${name}=`));
    found ??= pair?.slice(name.length + 1);
    return found !== undefined;
  });
  return found;
}
