/**
 * A HttpRoute that is in force: its rules, which of their keys somebody serves, and what became of requests. Several
 * listeners may share one. A change keeps what is known of rules and backends that stay.
 */

import type { Clock } from "../../lib/clock.ts";
import { mobileKey } from "../../router/address.ts";
import type { Router } from "../../router/router.ts";
import type { HttpMatch, HttpRouteSpec, HttpRule } from "../../site/http_route_spec.ts";
import type { HttpRouteStatus } from "../../site/status.ts";
import type { Logger } from "../../telemetry/log.ts";
import { fittingMatch } from "./matcher.ts";
import type { RequestView } from "./request_view.ts";
import { type Attempt, RuleState } from "./rule_state.ts";

/** What a route is given. */
export interface HttpRouteDeps {
  /** Knows who serves what. */
  readonly router: Pick<Router, "addresses"> & { readonly clock: Clock };
  /** Hears of circuits. */
  readonly logger: Logger;
  /** Something that the status shows has changed. */
  onChange(): void;
}

/** The rule of requests that no rule fits: they go where they would go without a route. */
const REST: HttpRule = {
  name: "unmatched",
  matches: [],
  backends: [],
  strategy: "Weighted",
  responseSeconds: 0,
  idleSeconds: 0,
  retries: Infinity,
};

/** A rule that a request fits. */
export interface Fit {
  /** The rule. */
  readonly state: RuleState;
  /** Which of its matches, where it has any. */
  readonly match: HttpMatch | undefined;
}

/** See the head of the file. */
export class HttpRoute {
  readonly #deps: HttpRouteDeps;
  /** Keys that rules name: how to stop watching each, and whether it has a consumer. */
  readonly #keys = new Map<string, { readonly stop: () => void; reachable: boolean }>();
  readonly #users = new Set<() => void>();
  #spec: HttpRouteSpec;
  #rules: readonly RuleState[] = [];
  #rest = new RuleState(REST);

  /** In force from now on. */
  constructor(spec: HttpRouteSpec, deps: HttpRouteDeps) {
    this.#spec = spec;
    this.#deps = deps;
    this.change(spec);
  }

  /** Its name. */
  get name(): string {
    return this.#spec.name;
  }

  /** Makes it what `spec` says; requests under way end as they began. */
  change(spec: HttpRouteSpec): void {
    this.#spec = spec;
    const before = new Map(this.#rules.map((state) => [state.rule.name, state]));
    this.#rules = spec.rules.map((rule) => new RuleState(rule, before.get(rule.name)));
    const { forwarded } = spec;
    this.#rest = new RuleState(forwarded === undefined ? REST : { ...REST, forwarded }, this.#rest);
    const wanted = new Set(spec.rules.flatMap(({ backends }) => backends.map(({ routingKey }) => routingKey)));
    for (const [key, { stop }] of this.#keys) {
      if (wanted.has(key)) continue;
      stop();
      this.#keys.delete(key);
    }
    for (const key of wanted) if (!this.#keys.has(key)) this.#watch(key);
    this.#tell();
  }

  /** Whether a listener has somewhere to send requests to; `ownKey` says whether its own key has a consumer. */
  serves(ownKey: boolean): boolean {
    if (ownKey && this.#usesOwnKey()) return true;
    for (const { reachable } of this.#keys.values()) if (reachable) return true;
    return this.#keys.size === 0 && !this.#usesOwnKey();
  }

  /** Whether a key that a rule names has a consumer; undefined for other keys. */
  isReachable(key: string): boolean | undefined {
    return this.#keys.get(key)?.reachable;
  }

  /** Calls `listener` when {@link HttpRoute.serves} may have changed; the result ends that. */
  onChange(listener: () => void): () => void {
    this.#users.add(listener);
    return () => this.#users.delete(listener);
  }

  /** The first rule that `request` fits, or that of the rest. */
  fit(request: RequestView): Fit {
    for (const state of this.#rules) {
      const { matches } = state.rule;
      if (matches.length === 0) return { state, match: undefined };
      const match = fittingMatch(matches, request);
      if (match !== undefined) return { state, match };
    }
    return { state: this.#rest, match: undefined };
  }

  /** An attempt has its result; see {@link RuleState.end}. */
  end(state: RuleState, attempt: Attempt, failed: boolean | undefined): void {
    const changed = state.end(attempt, failed, this.#deps.router.clock.now());
    if (changed === undefined) return;
    const fields = { route: this.name, rule: state.rule.name, routingKey: attempt.backend.routingKey };
    if (changed === "open") this.#deps.logger.warn("circuit opened: the backend gets no requests for now", fields);
    else this.#deps.logger.info("circuit closed: the backend gets requests again", fields);
    this.#deps.onChange();
  }

  /** A snapshot. */
  status(): HttpRouteStatus {
    const now = this.#deps.router.clock.now();
    const isReachable = (key: string) => this.isReachable(key) ?? true;
    const rules = [...this.#rules, this.#rest].map((state) => state.status(isReachable, now));
    // That of the rest is shown when there was any.
    if (rules.at(-1)?.requests === 0) rules.pop();
    return { name: this.name, listeners: this.#spec.listeners, rules };
  }

  /** Watches nothing any more. */
  stop(): void {
    for (const { stop } of this.#keys.values()) stop();
    this.#keys.clear();
    this.#users.clear();
  }

  #usesOwnKey(): boolean {
    const { rules } = this.#spec;
    return rules.some(({ backends, answer }) => backends.length === 0 && answer === undefined) ||
      !rules.some(({ matches }) => matches.length === 0);
  }

  #watch(key: string): void {
    const watched = { stop: () => {}, reachable: false };
    this.#keys.set(key, watched);
    watched.stop = this.#deps.router.addresses.watch(mobileKey(key), undefined, (reachable) => {
      watched.reachable = reachable;
      this.#tell();
    });
  }

  #tell(): void {
    for (const user of [...this.#users]) user();
    this.#deps.onChange();
  }
}
