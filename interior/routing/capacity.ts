/**
 * How much of the network one router remembers. What goes beyond is not taken in, and people are told once: a router
 * that says too much must not take the memory of all others.
 */

import type { RoutingOutput } from "./routing_output.ts";
import type { RemoteNode } from "./remote_node.ts";
import { MAX_ADDRESSES, MAX_ALL_ADDRESSES, MAX_NAMED_PEERS, MAX_ROUTERS } from "./timing.ts";

/** See the head of the file. */
export class Capacity {
  readonly #nodes: ReadonlyMap<string, RemoteNode>;
  readonly #problem: RoutingOutput["problem"];
  readonly #reported = new Set<string>();

  /** `nodes` are all routers that are known; `problem` hears of what is not taken in. */
  constructor(nodes: ReadonlyMap<string, RemoteNode>, problem: RoutingOutput["problem"]) {
    this.#nodes = nodes;
    this.#problem = problem;
  }

  /** True when one more router, `id`, can be remembered. */
  takesRouter(id: string): boolean {
    return this.#nodes.size < MAX_ROUTERS || this.#refuse("ROUTER_LIMIT", id);
  }

  /** True when `node` may name `count` neighbours instead of those that it has named. */
  takesPeers(node: RemoteNode, count: number): boolean {
    return this.#others(node, ({ peers }) => peers.size) + count <= MAX_NAMED_PEERS ||
      this.#refuse("ROUTER_LIMIT", node.id);
  }

  /** True when `node` may have `count` addresses instead of those that it has. */
  takesAddresses(node: RemoteNode, count: number): boolean {
    const all = () => this.#others(node, ({ addresses }) => addresses.size) + count;
    return count <= node.addresses.size || (count <= MAX_ADDRESSES && all() <= MAX_ALL_ADDRESSES) ||
      this.#refuse("ROUTER_ADDRESSES", node.id);
  }

  /** A router was forgotten: when there are too many again, that is news. */
  freed(): void {
    this.#reported.clear();
  }

  #others(node: RemoteNode, size: (other: RemoteNode) => number): number {
    let sum = 0;
    for (const other of this.#nodes.values()) if (other !== node) sum += size(other);
    return sum;
  }

  #refuse(code: "ROUTER_LIMIT" | "ROUTER_ADDRESSES", router: string): false {
    if (!this.#reported.has(code)) this.#problem(code, { router });
    this.#reported.add(code);
    return false;
  }
}
