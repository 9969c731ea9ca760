/** What an interior tells of the network around it, to whoever manages it. */

import type { NetworkView, NodeFacts, Router } from "../../agent/mod.ts";
import type { RemoteNode } from "../routing/remote_node.ts";
import { DEFAULT_TIMING } from "../routing/timing.ts";
import type { Transit } from "./transit.ts";

/**
 * Routers of a network up to which valid origins are told: finding them out takes one path tree for each router, and
 * those stay in memory.
 */
export const MAX_ROUTERS_WITH_ORIGINS = 256;

const seconds = (ms: number) => Math.round(ms / 1000);

/** The view of `router`, which is joined to others by `transit`. */
export function networkView(router: Router, transit: Transit): NetworkView {
  const { engine } = transit;
  const { helloInterval, helloMaxAge, raInterval, raIntervalFlux, linkStateMaxAge, unreachableHoldoff } =
    DEFAULT_TIMING;
  return {
    timing: {
      hello: seconds(helloInterval),
      helloMaxAge: seconds(helloMaxAge),
      advertisement: seconds(raInterval),
      advertisementInFlux: seconds(raIntervalFlux),
      linkStateMaxAge: seconds(linkStateMaxAge),
      unreachableHoldoff: seconds(unreachableHoldoff),
    },
    *nodes() {
      yield self(router, transit);
      for (const node of engine.nodes.values()) yield remote(node, transit);
    },
    linkCost(peer) {
      for (const neighbour of transit.neighbours.values()) if (neighbour.peer === peer) return neighbour.cost;
      return undefined;
    },
  };
}

function self({ identity: { id }, clock }: Router, { engine }: Transit): NodeFacts {
  const { adjacencies, instance, lastTopologyChange } = engine;
  const ago = clock.now() - lastTopologyChange;
  return {
    id,
    instance,
    neighbours: [...adjacencies.keys()],
    nextHop: "(self)",
    link: undefined,
    cost: undefined,
    validOrigins: () => [],
    changedAt: ago === Infinity ? undefined : seconds(Date.now() - ago),
  };
}

function remote({ id, instance, peers }: RemoteNode, { engine: { adjacencies, nodes, paths } }: Transit): NodeFacts {
  const hop = paths.nextHop(id);
  return {
    id,
    instance,
    neighbours: [...peers.keys()],
    nextHop: hop === id ? undefined : hop,
    link: adjacencies.get(id)?.link,
    cost: hop === undefined ? undefined : paths.cost(id),
    validOrigins: () => nodes.size < MAX_ROUTERS_WITH_ORIGINS ? paths.validOrigins(id) : undefined,
    changedAt: undefined,
  };
}
