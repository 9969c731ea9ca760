/**
 * The tree of least-cost paths from one router to all others, kept up to date with the topology.
 *
 * All routers of a network must compute the same trees, or multicast would loop and anycast would strand. Which of
 * several least-cost paths counts follows from skupper-router's `router/path.py`, where the first router taken from
 * the work list wins: of all predecessors that give the least cost, the one that is itself nearest to the root, and of
 * those the one with the lowest id. Said like this, the tree depends on the graph alone, not on the order of work;
 * so it can be repaired where arcs changed instead of being computed anew.
 */

import { NodeHeap } from "./node_heap.ts";
import type { ArcChange, Topology } from "./topology.ts";

const NONE = -1;

/** See the head of the file. */
export class PathTree {
  /** Number of the router the paths start from. */
  readonly root: number;
  readonly #topology: Topology;
  readonly #heap: NodeHeap;
  #cost = new Float64Array(0);
  #previous = new Int32Array(0);
  #version = NONE;
  /** True when a path became another since the routers behind {@link PathTree.passes} were marked. */
  #moved = false;
  #through = new Uint8Array(0);
  #throughOf = NONE;

  /** Nothing is computed before {@link PathTree.update}. */
  constructor(topology: Topology, root: number) {
    this.root = root;
    this.#topology = topology;
    this.#heap = new NodeHeap((one, other) => topology.id(one) < topology.id(other));
  }

  /** Catches up with the topology. Returns whether anything had changed there. */
  update(): boolean {
    const topology = this.#topology;
    if (this.#version === topology.version && this.#cost.length >= topology.size) return false;
    const changes = this.#version === NONE ? undefined : topology.changesSince(this.#version);
    if (changes === undefined) this.#clear();
    else this.#repair(changes);
    this.#relax();
    this.#version = topology.version;
    return true;
  }

  /** Cost of the path to `node`; Infinity where none leads. */
  cost(node: number): number {
    return this.#cost[node] ?? Infinity;
  }

  /** The router before `node` on its path; -1 at the root and where no path leads. */
  previous(node: number): number {
    return this.#previous[node] ?? NONE;
  }

  /** True when the path to `node` passes through `router`, which is neither its end nor its start. */
  passes(router: number, node: number): boolean {
    if (this.#throughOf !== router || this.#moved) this.#mark(router);
    return this.#through[node] === BELOW;
  }

  #clear(): void {
    const { size } = this.#topology;
    this.#cost = new Float64Array(size).fill(Infinity);
    this.#previous = new Int32Array(size).fill(NONE);
    this.#cost[this.root] = 0;
    this.#moved = true;
    this.#heap.push(this.root, 0);
  }

  #repair(changes: readonly ArcChange[]): void {
    this.#grow();
    const cost = this.#cost;
    const previous = this.#previous;
    // Paths over an arc that is gone or dearer now hang in the air, with everything behind them.
    let cut = false;
    for (const { from, to } of changes) {
      if (previous[to] !== from) continue;
      const arc = this.#topology.neighbours(from).get(to) ?? Infinity;
      if (cost[from] + arc <= cost[to]) continue;
      cost[to] = Infinity;
      cut = this.#moved = true;
    }
    const lost = cut ? this.#unroot() : [];
    for (const node of lost) {
      for (const [from, arc] of this.#topology.named(node)) this.#offer(from, node, arc);
    }
    for (const { from, to } of changes) {
      const arc = this.#topology.neighbours(from).get(to);
      if (arc !== undefined) this.#offer(from, to, arc);
    }
  }

  /** Takes the path from every node that stands behind a cut. Returns those nodes. */
  #unroot(): number[] {
    const cost = this.#cost;
    const previous = this.#previous;
    const lost: number[] = [];
    const state = new Uint8Array(cost.length);
    const trail: number[] = [];
    for (let node = 0; node < cost.length; node++) {
      let at = node;
      while (state[at] === UNKNOWN && cost[at] !== Infinity && previous[at] !== NONE) {
        trail.push(at);
        at = previous[at];
      }
      const verdict = state[at] === BELOW || cost[at] === Infinity ? BELOW : BESIDE;
      state[at] = verdict;
      for (const passed of trail) state[passed] = verdict;
      trail.length = 0;
    }
    for (let node = 0; node < cost.length; node++) {
      if (state[node] !== BELOW) continue;
      if (previous[node] !== NONE) lost.push(node);
      cost[node] = Infinity;
      previous[node] = NONE;
    }
    return lost;
  }

  /** Dijkstra's algorithm from whatever stands in the heap. */
  #relax(): void {
    const heap = this.#heap;
    while (heap.size > 0) {
      const key = heap.smallestKey;
      const node = heap.pop();
      if (key !== this.#cost[node]) continue; // A cheaper path was found since.
      for (const [to, arc] of this.#topology.neighbours(node)) this.#offer(node, to, arc);
    }
  }

  /** The path to `from` and on over an arc of cost `arc` is a candidate for `to`. */
  #offer(from: number, to: number, arc: number): void {
    const cost = this.#cost;
    const offered = cost[from] + arc;
    if (offered > cost[to] || offered === Infinity) return;
    if (offered < cost[to]) {
      cost[to] = offered;
      this.#previous[to] = from;
      this.#moved = true;
      this.#heap.push(to, offered);
    } else if (this.#previous[to] !== NONE && this.#nearer(from, this.#previous[to])) {
      this.#previous[to] = from;
      this.#moved = true;
    }
  }

  #nearer(one: number, other: number): boolean {
    const difference = this.#cost[one] - this.#cost[other];
    return difference < 0 || (difference === 0 && this.#topology.id(one) < this.#topology.id(other));
  }

  #grow(): void {
    const { size } = this.#topology;
    const known = this.#cost.length;
    if (known >= size) return;
    const cost = new Float64Array(size).fill(Infinity, known);
    cost.set(this.#cost);
    const previous = new Int32Array(size).fill(NONE, known);
    previous.set(this.#previous);
    this.#cost = cost;
    this.#previous = previous;
    this.#moved = true;
  }

  /** Finds the nodes behind `router`. */
  #mark(router: number): void {
    const count = this.#cost.length;
    const state = new Uint8Array(count);
    const trail: number[] = [];
    state[this.root] = BESIDE;
    for (let node = 0; node < count; node++) {
      let at = node;
      while (state[at] === UNKNOWN && this.#previous[at] !== NONE) {
        trail.push(at);
        at = this.#previous[at];
        if (at === router) break;
      }
      const verdict = at === router && at !== this.root && trail.length > 0 ? BELOW : state[at] || BESIDE;
      for (const passed of trail) state[passed] = verdict;
      trail.length = 0;
    }
    this.#through = state;
    this.#throughOf = router;
    this.#moved = false;
  }
}

const UNKNOWN = 0;
const BELOW = 1;
const BESIDE = 2;
