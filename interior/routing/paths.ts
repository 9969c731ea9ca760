/**
 * What the topology means for one router: next hop and cost of every destination, the radius of the network, and
 * whether a message that entered elsewhere may take its way through here (valid origins, wire-protocol D.5).
 *
 * The trees of other routers are computed when the first message that entered there asks for them, and repaired after
 * that: a change of the network costs one tree, not one per router.
 */

import { PathTree } from "./path_tree.ts";
import type { Topology } from "./topology.ts";

const NONE = -1;

/** See the head of the file. */
export class Paths {
  readonly #topology: Topology;
  readonly #self: number;
  readonly #own: PathTree;
  readonly #origins = new Map<number, PathTree>();
  #nextHops = new Int32Array(0);
  #radius = 0;

  /** The paths of router `self`. */
  constructor(topology: Topology, self: string) {
    this.#topology = topology;
    this.#self = topology.add(self);
    this.#own = new PathTree(topology, this.#self);
  }

  /** Hops to the router that is farthest away in hops. */
  get radius(): number {
    return this.#radius;
  }

  /** Catches up with the topology. Returns whether anything had changed there. */
  update(): boolean {
    if (!this.#own.update()) return false;
    this.#chart();
    return true;
  }

  /** Cost to reach router `id`; Infinity where no path leads. */
  cost(id: string): number {
    const node = this.#topology.number(id);
    return node === undefined ? Infinity : this.#own.cost(node);
  }

  /** The neighbour by which router `id` is reached; undefined where no path leads, and for this router itself. */
  nextHop(id: string): string | undefined {
    const node = this.#topology.number(id);
    const hop = node === undefined ? NONE : this.#nextHops[node] ?? NONE;
    return hop === NONE ? undefined : this.#topology.id(hop);
  }

  /** True for this router and for those that a path leads to. */
  knows(id: string): boolean {
    const node = this.#topology.number(id);
    return node !== undefined && this.#own.cost(node) !== Infinity;
  }

  /** True when a message that entered the network at `origin` may be forwarded by this router towards `destination`. */
  admits(origin: string, destination: string): boolean {
    const from = this.#topology.number(origin);
    const to = this.#topology.number(destination);
    if (to === undefined || this.#own.cost(to) === Infinity) return false;
    if (from === undefined) return false;
    if (from === this.#self) return true;
    if (this.#own.cost(from) === Infinity) return false;
    return this.#tree(from).passes(this.#self, to);
  }

  /** All routers whose messages to `destination` pass through here. */
  validOrigins(destination: string): string[] {
    const { size } = this.#topology;
    const origins: string[] = [];
    for (let node = 0; node < size; node++) {
      const id = this.#topology.id(node);
      if (node !== this.#self && id !== "" && this.admits(id, destination)) origins.push(id);
    }
    return origins;
  }

  /** Drops the tree of a router that is not known any more. */
  forget(id: string): void {
    const node = this.#topology.number(id);
    if (node !== undefined) this.#origins.delete(node);
  }

  #tree(origin: number): PathTree {
    let tree = this.#origins.get(origin);
    if (tree === undefined) {
      tree = new PathTree(this.#topology, origin);
      this.#origins.set(origin, tree);
    }
    tree.update();
    return tree;
  }

  #chart(): void {
    const { size } = this.#topology;
    const hops = new Int32Array(size).fill(NONE);
    const nextHops = new Int32Array(size).fill(NONE);
    hops[this.#self] = 0;
    const trail: number[] = [];
    this.#radius = 0;
    for (let node = 0; node < size; node++) {
      let at = node;
      while (hops[at] === NONE && this.#own.previous(at) !== NONE) {
        trail.push(at);
        at = this.#own.previous(at);
      }
      if (hops[at] === NONE) continue; // Out of reach.
      while (trail.length > 0) {
        const passed = trail.pop()!;
        hops[passed] = hops[at] + 1;
        nextHops[passed] = at === this.#self ? passed : nextHops[at];
        at = passed;
      }
      this.#radius = Math.max(this.#radius, hops[node]);
    }
    this.#nextHops = nextHops;
  }
}
