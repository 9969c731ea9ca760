/** Which way messages take through a network, and why: from what its routers said, nothing else. */

import type { AddressReport, LinkReport, Survey, Way } from "./survey.ts";

/** One link of a path. */
export interface HopReport {
  /** Router id. */
  readonly from: string;
  /** Router id. */
  readonly to: string;
  /** Cost of the link; null where nobody tells it. */
  readonly cost: number | null;
}

/** Another way that could be gone. */
export interface Alternative {
  /** The neighbour that it would go by first. */
  readonly via: string;
  /** What it would cost all in all; null where the cost of a link on it is not known. */
  readonly cost: number | null;
}

/** The way to one router. */
export interface RouteReport {
  /** Where it leads. */
  readonly to: string;
  /** Its links in order; none to this router itself. */
  readonly hops: readonly HopReport[];
  /** What it costs all in all. */
  readonly cost: number;
  /** Ways through other neighbours, the cheapest first. */
  readonly alternatives: readonly Alternative[];
}

/** Who serves an address, and who gets what is sent to it from here. */
export interface ServiceReport extends AddressReport {
  /** Each router that serves it with the cost of the way there, the cheapest first; null where none leads. */
  readonly costs: ReadonlyArray<{ readonly router: string; readonly cost: number | null }>;
  /** Those of them that are taken, as long as none has more work than others. */
  readonly chosen: readonly string[];
}

/** The way from here to router `to`; undefined when none leads there. */
export function routeTo(survey: Survey, to: string): RouteReport | undefined {
  const { here, ways } = survey;
  const target = survey.routers.find(({ id }) => id === to);
  if (target === undefined || target.cost === null) return undefined;
  const hops: HopReport[] = [];
  const go = (from: string, to: string) => hops.push({ from, to, cost: linkCost(survey.links, from, to) });
  const [root, last] = [interiorOf(survey, here), interiorOf(survey, to)];
  if (to === here || root === undefined || last === undefined) {
    return { to, hops, cost: target.cost, alternatives: [] };
  }
  if (here !== root) go(here, root);
  // Every router on the way decides the next step by itself; so each is asked.
  for (let at = root; at !== last;) {
    const next = ways.get(at)?.get(last)?.nextHop ?? cheapest(survey, at, last, here)?.nextHop;
    if (next === undefined || hops.some(({ from }) => from === next)) return undefined;
    go(at, next);
    at = next;
  }
  if (to !== last) go(last, to);
  return { to, hops, cost: target.cost, alternatives: alternatives(survey, root, last, hops) };
}

/** What becomes of messages to `address`; undefined when nobody serves it. */
export function serviceAt({ here, routers, addresses }: Survey, address: string): ServiceReport | undefined {
  const found = addresses.find((each) => each.address === address);
  if (found === undefined) return undefined;
  const costs = found.routers
    .map((router) => ({ router, cost: routers.find(({ id }) => id === router)?.cost ?? null }))
    // What this very router serves comes before what an edge next to it does, though both cost nothing.
    .sort((one, other) =>
      (one.cost ?? Infinity) - (other.cost ?? Infinity) || Number(other.router === here) - Number(one.router === here)
    );
  const reachable = costs.filter(({ cost }) => cost !== null);
  const least = reachable[0]?.cost;
  const chosen = found.treatment === "multicast" ? reachable : reachable.filter(({ cost }) => cost === least);
  return { ...found, costs, chosen: chosen.map(({ router }) => router) };
}

/** The interior that `id` is, or by which it is reached. */
function interiorOf({ routers, links }: Survey, id: string): string | undefined {
  if (routers.find((router) => router.id === id)?.role === "interior") return id;
  return links.find(({ from, state }) => from === id && state === "up")?.to;
}

function linkCost(links: readonly LinkReport[], from: string, to: string): number | null {
  for (const link of links) {
    if (link.from === from && link.to === to) return link.cost;
    if (link.from === to && link.to === from) return link.costBack;
  }
  return null;
}

function alternatives(survey: Survey, from: string, to: string, hops: readonly HopReport[]): Alternative[] {
  if (from === to) return [];
  const taken = hops.find((hop) => hop.from === from)?.to;
  const found: Alternative[] = [];
  for (const [via, cost] of neighbours(survey.links, from)) {
    if (via === taken) continue;
    const rest = via === to ? { cost: 0 } : cheapest(survey, via, to, from);
    if (rest === undefined) continue;
    found.push({ via, cost: Number.isNaN(cost + rest.cost) ? null : cost + rest.cost });
  }
  return found.sort((one, other) =>
    (one.cost ?? Infinity) - (other.cost ?? Infinity) || (one.via < other.via ? -1 : 1)
  );
}

/** Neighbours of interior `id` over links that are up, with the cost of each; NaN where it is not known. */
function neighbours(links: readonly LinkReport[], id: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const { from, to, cost, costBack, state } of links) {
    if (state !== "up") continue;
    if (from === id) found.set(to, cost ?? NaN);
    else if (to === id) found.set(from, costBack ?? NaN);
  }
  return found;
}

/** The least-cost way from one interior to another that does not pass `barred` (Dijkstra); links without a cost last. */
function cheapest({ links }: Survey, from: string, to: string, barred: string): Way | undefined {
  const open = new Map<string, Way>([[from, { nextHop: "", cost: 0 }]]);
  const done = new Set<string>([barred]);
  while (open.size > 0) {
    let nearest: string | undefined;
    for (const [id, { cost }] of open) {
      if (nearest === undefined || rank(cost) < rank(open.get(nearest)!.cost)) nearest = id;
    }
    const id = nearest!;
    const way = open.get(id)!;
    if (id === to) return way;
    open.delete(id);
    done.add(id);
    for (const [next, cost] of neighbours(links, id)) {
      if (done.has(next)) continue;
      const total = way.cost + cost;
      const known = open.get(next);
      if (known !== undefined && rank(known.cost) <= rank(total)) continue;
      open.set(next, { nextHop: way.nextHop === "" ? next : way.nextHop, cost: total });
    }
  }
  return undefined;
}

function rank(cost: number): number {
  return Number.isNaN(cost) ? Infinity : cost;
}
