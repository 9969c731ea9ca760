/** What must hold in a simulated network: once it has converged, and of every message at any time. */

import type { SimNode } from "./node.ts";
import type { Sent } from "./traffic.ts";
import type { World } from "./world.ts";

/** Collects what does not hold. */
export class Checks {
  /** Checks made. */
  made = 0;
  readonly failures: string[] = [];

  /** `holds` must be true; `what` says what is wrong when it is not. */
  that(holds: boolean, what: () => string): void {
    this.made++;
    if (!holds) this.failures.push(what());
  }
}

/** Least costs between interiors, over all sound cables between nodes that run. */
export function leastCosts(world: World): Map<string, Map<string, number>> {
  const costs = new Map<string, Map<string, number>>();
  const set = (one: SimNode, other: SimNode, cost: number) => {
    const row = costs.get(one.id)!;
    row.set(other.id, Math.min(row.get(other.id) ?? Infinity, cost));
  };
  for (const node of world.interiors) costs.set(node.id, new Map([[node.id, 0]]));
  for (const cable of world.cables) {
    if (!cable.client.interior) continue;
    for (const [one, other] of [[cable.client, cable.server], [cable.server, cable.client]]) {
      set(one, other, cable.measured ? measuredCost(one, other) : cable.cost);
    }
  }
  for (const [middle] of costs) {
    for (const [, row] of costs) {
      for (const [to, beyond] of costs.get(middle)!) {
        const cost = (row.get(middle) ?? Infinity) + beyond;
        if (cost < (row.get(to) ?? Infinity)) row.set(to, cost);
      }
    }
  }
  return costs;
}

/** The cost of every link as each router sees it now. */
export function linkCosts(world: World): (readonly [string, string, number])[] {
  return world.interiors.flatMap(({ id, transit }) =>
    [...transit.neighbours.values()].map((neighbour) => [id, neighbour.id, neighbour.cost] as const)
  );
}

/** Every router knows who is whose neighbour, least costs to all others, and next hops that lead there. */
export function routesHold(world: World, checks: Checks): void {
  const costs = leastCosts(world);
  const byId = new Map(world.interiors.map((node) => [node.id, node]));
  const show = (peers: Iterable<[string, number]>) => [...peers].map(([id, cost]) => `${id}:${cost}`).sort().join(" ");
  const said = new Map(world.interiors.map(({ id, transit: { engine } }) => {
    const peers = [...engine.adjacencies].map(([peer, { cost }]): [string, number] => [peer, cost]);
    return [id, show(peers)];
  }));
  for (const from of world.interiors) {
    for (const { id, peers } of from.transit.engine.nodes.values()) {
      checks.that(show(peers) === said.get(id), () => `${from.id} has ${id} with neighbours [${show(peers)}]`);
    }
  }
  for (const from of world.interiors) {
    for (const to of world.interiors) {
      if (from === to) continue;
      const wanted = costs.get(from.id)!.get(to.id);
      const found = from.transit.engine.paths.cost(to.id);
      checks.that(found === wanted, () => `${from.id} reaches ${to.id} at cost ${found} instead of ${wanted}`);
      let at: SimNode | undefined = from;
      for (let hops = 0; at !== undefined && at !== to && hops <= world.interiors.length; hops++) {
        at = byId.get(at.transit.engine.paths.nextHop(to.id) ?? "");
      }
      checks.that(at === to, () => `next hops from ${from.id} to ${to.id} lead nowhere or in circles`);
    }
  }
}

/** Every interior has each key exactly at the other interiors that serve it, by themselves or for an edge. */
export function addressesHold(world: World, checks: Checks): void {
  const serving = new Map(world.interiors.map((node) => [node.id, new Set(node.router.addresses.ownKeys())]));
  for (const node of world.interiors) {
    for (const { id, addresses } of node.transit.engine.nodes.values()) {
      const known = [...addresses.keys()].sort().join(" ");
      const own = [...serving.get(id) ?? []].filter((key) => key[0] === "M" || key[0] === "H").sort().join(" ");
      checks.that(known === own, () => `${node.id} has [${known}] at ${id}, which serves [${own}]`);
    }
  }
  for (const node of world.interiors) {
    const here = world.offers.filter((offer) => (offer.node.interior ? offer.node.id : offer.node.uplink) === node.id);
    const wanted = [...new Set(here.map(({ key }) => `M${key}`))].sort().join(" ");
    const found = [...serving.get(node.id)!].filter((key) => key[0] === "M").sort().join(" ");
    checks.that(found === wanted, () => `${node.id} serves [${found}] instead of [${wanted}]`);
  }
}

/** `probes` were sent in a network that has converged. */
export function probesHold(world: World, probes: readonly Sent[], checks: Checks): void {
  const costs = leastCosts(world);
  for (const sent of probes) {
    const { from, key, got, outcomes } = sent;
    const what = `message ${sent.number} from ${from} to ${key}`;
    const offers = world.offers.filter((offer) => offer.key === key);
    const { treatment } = offers[0];
    checks.that(outcomes.length === 1, () => `${what} has outcomes [${outcomes.join(" ")}]`);
    for (const { trace } of got) {
      checks.that(new Set(trace).size === trace.length, () => `${what} went in circles: ${trace.join(" ")}`);
    }
    if (treatment === "multicast") {
      const names = got.map(({ consumer }) => consumer).sort().join(" ");
      const all = offers.map(({ name }) => name).sort().join(" ");
      checks.that(names === all, () => `${what} reached [${names}] instead of [${all}]`);
      continue;
    }
    checks.that(got.length >= 1, () => `${what} reached nobody: [${outcomes.join(" ")}]`);
    const fair = outcomes[0] === "accepted" || offers.some(({ refuses }) => refuses > 0);
    checks.that(fair, () => `${what} was not accepted: [${outcomes.join(" ")}]`);
    const row = costs.get(from);
    if (treatment === "closest" && row !== undefined) {
      const nearest = Math.min(...offers.map(({ node }) => row.get(node.id) ?? Infinity));
      const cost = row.get(got[0]?.node ?? "");
      checks.that(cost === nearest, () => `${what} went to cost ${cost}, and there is one at ${nearest}`);
    }
  }
}

/** Of all messages ever: one outcome each, and none is accepted for its sender that nobody accepted, or two did. */
export function ledgerHolds(ledger: readonly Sent[], checks: Checks, multicast: ReadonlySet<string>): void {
  for (const sent of ledger) {
    const what = `message ${sent.number} from ${sent.from} to ${sent.key}`;
    const { outcomes, acceptedBy } = sent;
    const enough = sent.orphaned ? outcomes.length <= 1 : outcomes.length === 1;
    checks.that(enough, () => `${what} has outcomes [${outcomes.join(" ")}]`);
    const accepted = outcomes[0] === "accepted";
    checks.that(!accepted || acceptedBy.length > 0, () => `${what} was accepted by nobody`);
    if (multicast.has(sent.key)) continue;
    checks.that(acceptedBy.length <= 1, () => `${what} was accepted by ${acceptedBy.join(" ")}`);
    if (accepted || acceptedBy.length === 0 || sent.orphaned) continue;
    // Somebody has accepted it and the sender must not send it again by itself: it can't have been released.
    checks.that(outcomes[0] !== "released", () => `${what} was accepted by ${acceptedBy[0]} and released`);
  }
}

/** Nothing that was offered is known to anybody any more. */
export function nothingLeft(world: World, checks: Checks): void {
  for (const { id, transit, router } of world.interiors) {
    for (const node of transit.engine.nodes.values()) {
      const keys = [...node.addresses.keys()].filter((key) => key[0] === "M");
      checks.that(keys.length === 0, () => `${id} still knows [${keys.join(" ")}] of ${node.id}`);
    }
    for (const key of world.keys.keys()) {
      const left = router.addresses.get(`M${key}`)?.consumers.length ?? 0;
      checks.that(left === 0, () => `${id} still has ${left} consumers of ${key}`);
    }
  }
}

function measuredCost(one: SimNode, other: SimNode): number {
  const links = [...one.transit.neighbours.values()].filter(({ id }) => id === other.id);
  return Math.min(...links.map(({ cost }) => cost));
}
