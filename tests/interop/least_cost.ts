/** Least costs between all interiors of a shape, by Floyd and Warshall: what every router's paths must agree with. */

import type { Shape } from "./mesh.ts";

/** Cost of the cheapest path between any two interiors, and of their direct link; Infinity where there is none. */
export interface LeastCosts {
  readonly path: readonly (readonly number[])[];
  readonly link: readonly (readonly number[])[];
}

/** Computes them for the interiors of `shape`, without the routers in `gone`. */
export function leastCosts(
  { interiors, links }: Pick<Shape, "interiors" | "links">,
  gone: readonly number[] = [],
): LeastCosts {
  const link = Array.from({ length: interiors }, (_, from) => {
    return Array.from({ length: interiors }, (_, to) => from === to ? 0 : Infinity);
  });
  for (const { from, to, cost } of links) {
    if (!gone.includes(from) && !gone.includes(to)) link[from][to] = link[to][from] = cost;
  }
  const path = link.map((row) => [...row]);
  for (const [via] of path.entries()) {
    for (const row of path) row.forEach((cost, to) => row[to] = Math.min(cost, row[via] + path[via][to]));
  }
  return { path, link };
}

/** True when `via` lies on a cheapest path from `from` to `to`, neither being it. */
export function leadsThrough({ path }: LeastCosts, from: number, via: number, to: number): boolean {
  return from !== via && to !== via && from !== to && path[from][via] + path[via][to] === path[from][to];
}

/** True when `hop` is next on a cheapest path from `from` to `to`. */
export function isNextHop({ path, link }: LeastCosts, from: number, hop: number, to: number): boolean {
  return hop !== from && link[from][hop] + path[hop][to] === path[from][to];
}

/** True when a link joins the two. */
export function isAdjacent({ link }: LeastCosts, one: number, other: number): boolean {
  return one !== other && Number.isFinite(link[one][other]);
}
