/** A simulated network as its seed has it: nodes, cables between them, and what is offered where. */

import { Cable } from "./cable.ts";
import { type NodeDeps, SimNode } from "./node.ts";
import type { Random } from "./random.ts";
import { type Offer, Traffic } from "./traffic.ts";

/** See the head of the file. */
export class World {
  readonly interiors: SimNode[] = [];
  readonly edges: SimNode[] = [];
  readonly cables: Cable[] = [];
  readonly offers: Offer[] = [];
  readonly traffic: Traffic;

  /** A network of 2 to 7 interiors, all joined in some way, and up to 4 edges. Nothing runs yet. */
  constructor(random: Random, deps: NodeDeps) {
    this.traffic = new Traffic(random);
    const interiors = random.int(2, 7);
    for (let at = 0; at < interiors; at++) this.interiors.push(new SimNode(`int${at}`, true, deps));
    const equal = random.chance(0.3);
    const join = (client: SimNode, server: SimNode) => {
      const cost = equal ? 1 : random.int(1, 10);
      const latency = random.pick([0.1, 1, 1, 10, 80]) * random.between(0.5, 1.5);
      const facts = { cost, measured: client.interior && random.chance(0.1), latency };
      const cable = new Cable(deps.time, `c${this.cables.length}`, { client, server }, facts);
      this.cables.push(cable);
      client.cables.push(cable);
    };
    const either = (one: SimNode, other: SimNode) => random.chance(0.5) ? join(one, other) : join(other, one);
    this.interiors.slice(1).forEach((node, at) => either(node, this.interiors[random.int(0, at)]));
    // More of them than a tree needs: rings, meshes and parallel cables.
    for (let more = random.int(0, interiors + 1); more > 0; more--) {
      const [one, other] = random.some(this.interiors, 2);
      either(one, other);
    }
    for (let at = random.int(0, 4); at > 0; at--) {
      const edge = new SimNode(`edge${at}`, false, deps);
      this.edges.push(edge);
      for (const interior of random.some(this.interiors, random.int(1, 2))) join(edge, interior);
    }
    this.#services(random);
    for (const node of this.nodes) {
      node.onEnd = () => this.traffic.orphan(node);
      node.onStart = () => {
        for (const offer of this.offers) if (offer.node === node) this.traffic.offer(offer);
      };
    }
  }

  /** Interiors and edges. */
  get nodes(): SimNode[] {
    return [...this.interiors, ...this.edges];
  }

  /** The keys of all offers, with their treatment. */
  get keys(): Map<string, Offer["treatment"]> {
    return new Map(this.offers.map(({ key, treatment }) => [key, treatment]));
  }

  #services(random: Random): void {
    const add = (key: string, treatment: Offer["treatment"], nodes: readonly SimNode[]) => {
      for (const node of nodes) {
        const refuses = treatment === "balanced" && random.chance(0.2) ? 0.3 : 0;
        const name = `${key}@${node.id}#${this.offers.length}`;
        this.offers.push({ key, node, name, treatment, refuses });
      }
    };
    for (let at = random.int(1, 3); at > 0; at--) {
      add(`bal${at}`, "balanced", random.some(this.nodes, random.int(1, 3)));
    }
    add("near", "closest", random.some(this.interiors, random.int(1, 3)));
    // Several consumers of one node, too.
    add("mcast", "multicast", Array.from({ length: random.int(1, 5) }, () => random.pick(this.nodes)));
  }
}
