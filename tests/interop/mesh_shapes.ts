/**
 * The shapes of networks that real and Tendril routers form together. Between any two interiors one path alone is the
 * cheapest, so that it is known what every router must find.
 */

import type { Shape, ShapeLink } from "./mesh.ts";

/** One edge at each of four interiors. */
const ONE_EACH = [[0], [1], [2], [3]];

/** 0 - 1 - 2 - 3 */
export const LINE: Shape = { interiors: 4, links: [link(1, 0), link(2, 1), link(3, 2)], edges: ONE_EACH };

/** A line, closed. One link costs more, so that the two ways around differ. */
export const RING: Shape = { ...LINE, links: [...LINE.links, link(3, 0, 2)] };

/** Everybody with everybody; the direct way from 0 to 3 is not the cheapest one. */
export const FULL: Shape = {
  interiors: 4,
  links: [link(1, 0), link(2, 0, 2), link(2, 1, 2), link(3, 0, 5), link(3, 1), link(3, 2, 2)],
  edges: ONE_EACH,
};

/** Two hubs, two edges at each. */
export const HUBS: Shape = { interiors: 2, links: [link(1, 0)], edges: [[0], [0], [1], [1]] };

/**
 * A core of two, below it two interiors that are linked to both of the core, below those two edges each. The shortest
 * ways through the core are not the cheapest.
 */
export const TIERS: Shape = {
  interiors: 4,
  links: [link(1, 0), link(2, 0), link(2, 1, 5), link(3, 0, 5), link(3, 1)],
  edges: [[2], [2], [3], [3]],
};

/** Everybody with everybody, and every edge at two of them. */
export const REDUNDANT: Shape = { ...FULL, edges: [[0, 1], [1, 2], [2, 3], [3, 0]] };

function link(from: number, to: number, cost = 1): ShapeLink {
  return { from, to, cost };
}
