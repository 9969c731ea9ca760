/** The HttpRoutes of a running site: which are in force at which of its Listeners, and what stands in the way of others. */

import { HttpRoute, type HttpRouteDeps } from "../bridge/http_rules/http_route.ts";
import { mobileKey } from "../router/address.ts";
import type { HttpRouteSpec } from "./http_route_spec.ts";
import { Roster, type RosterChange } from "./roster.ts";
import type { ListenerSpec } from "./spec.ts";
import type { HttpRouteStatus } from "./status.ts";

/** How long a change waits for who serves the keys that are new with it, in ms: an edge has to ask its interior. */
const ASKING_MS = 500;

/** Why a route is not in force at a Listener. */
type Fault = NonNullable<HttpRouteStatus["faults"]>[number];

/** See the head of the file. */
export class HttpRoutes {
  readonly #roster: Roster<HttpRouteSpec, HttpRoute>;
  /** As they were when they were in order last, by name. */
  #specs = new Map<string, HttpRouteSpec>();
  readonly #deps: HttpRouteDeps;
  /** Names of routes by those of Listeners. */
  #places = new Map<string, string>();
  #faults = new Map<string, readonly Fault[]>();

  /** None. */
  constructor(deps: HttpRouteDeps) {
    this.#deps = deps;
    this.#roster = new Roster({
      name: ({ name }) => name,
      start: (spec) => new HttpRoute(spec, deps),
      alter: (route, spec) => {
        route.change(spec);
        return route;
      },
      stop: (route) => route.stop(),
    });
  }

  /**
   * Puts `specs` in force at `listeners`, of which some may be `open`: requests then find out nothing of the change. Those
   * that `isBroken` names stay as they were.
   */
  async apply(
    specs: readonly HttpRouteSpec[],
    isBroken: (name: string) => boolean,
    listeners: readonly ListenerSpec[],
    open: boolean,
  ): Promise<RosterChange[]> {
    const forget = open ? await this.#learn(specs) : () => {};
    try {
      return await this.#apply(specs, isBroken, listeners);
    } finally {
      forget();
    }
  }

  #apply(
    specs: readonly HttpRouteSpec[],
    isBroken: (name: string) => boolean,
    listeners: readonly ListenerSpec[],
  ): Promise<RosterChange[]> {
    const kept = [...this.#specs].filter(([name]) => isBroken(name));
    this.#specs = new Map([...kept, ...specs.map((spec) => [spec.name, spec] as const)]);
    this.#place(listeners);
    return this.#roster.apply(specs, isBroken);
  }

  /** The route that is in force at a Listener. */
  of(listener: string): HttpRoute | undefined {
    const name = this.#places.get(listener);
    return name === undefined ? undefined : this.#roster.running.find((route) => route.name === name);
  }

  /** A snapshot. */
  status(): HttpRouteStatus[] {
    return this.#roster.running.map((route) => {
      const faults = this.#faults.get(route.name) ?? [];
      return { ...route.status(), ...(faults.length === 0 ? {} : { faults }) };
    });
  }

  /** Watches nothing any more. */
  stop(): void {
    for (const route of this.#roster.running) route.stop();
  }

  /** Resolves when all keys that are new in `specs` are served, or were asked about for long enough; the result ends that. */
  async #learn(specs: readonly HttpRouteSpec[]): Promise<() => void> {
    const { addresses, clock } = this.#deps.router;
    const known = new Set(keysOf([...this.#specs.values()]));
    const missing = new Set(keysOf(specs).filter((key) => !known.has(key)));
    const learned = Promise.withResolvers<void>();
    const watches = [...missing].map((key) =>
      addresses.watch(mobileKey(key), undefined, (reachable) => {
        if (reachable) missing.delete(key);
        if (missing.size === 0) learned.resolve();
      })
    );
    const cancel = clock.after(ASKING_MS, () => learned.resolve());
    if (missing.size > 0) await learned.promise;
    cancel();
    return () => {
      for (const stop of watches) stop();
    };
  }

  /** Of several routes for one Listener the first by name is in force: whoever came first can't be told from files. */
  #place(listeners: readonly ListenerSpec[]): void {
    this.#places = new Map();
    this.#faults = new Map();
    for (const { name, listeners: wanted } of [...this.#specs.values()].sort((a, b) => a.name < b.name ? -1 : 1)) {
      const faults: Fault[] = [];
      for (const listener of wanted) {
        const found = listeners.find((other) => other.name === listener);
        const holder = this.#places.get(listener);
        if (found === undefined) {
          const hint = "Correct spec.listeners, or add the Listener.";
          faults.push({ message: `there is no Listener ${listener}`, hint });
        } else if ((found.protocol ?? "tcp") === "tcp") {
          const hint = "Give the Listener the type http1 or http2.";
          faults.push({ message: `Listener ${listener} does not speak HTTP, its type is tcp`, hint });
        } else if (holder !== undefined) {
          const hint = "Put the rules of both into one HttpRoute.";
          faults.push({ message: `Listener ${listener} has the HttpRoute ${holder} already`, hint });
        } else this.#places.set(listener, name);
      }
      this.#faults.set(name, faults);
    }
  }
}

function keysOf(specs: readonly HttpRouteSpec[]): string[] {
  return specs.flatMap(({ rules }) => rules.flatMap(({ backends }) => backends.map(({ routingKey }) => routingKey)));
}
