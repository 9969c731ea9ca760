/** What comes out of the routing protocol of one router: words for the others, and what became of the network. */

import type { AdvertisedAddress, ControlMessage, Hello } from "./control_message.ts";

/** Where the engine's words and findings go. */
export interface RoutingOutput {
  /** To every neighbour that may be there; not to be passed on. */
  hello(message: Hello): void;
  /** To all routers, by every link. */
  flood(message: ControlMessage): void;
  /** To all routers, along the tree of least-cost paths. */
  multicast(message: ControlMessage): void;
  /** To one router, by the next hop. */
  unicast(router: string, message: ControlMessage): void;
  /** Next hops, costs or adjacencies are different now. */
  topologyChanged(): void;
  /** Router `id` has other addresses now. Of a router that is forgotten, all are removed first. */
  addressesChanged(id: string, added: readonly AdvertisedAddress[], removed: readonly string[]): void;
  /** The router at the other end of control link `link` has an id, `id`, that another one had first. */
  rival(link: number, id: string): void;
  /** Something that people should know. */
  problem(code: RoutingProblem, facts: Readonly<Record<string, string | number>>): void;
}

/** What may be wrong in the network. */
export type RoutingProblem = "ROUTER_ID_TAKEN" | "ROUTER_LIMIT" | "ROUTER_ADDRESSES" | "ROUTER_VERSION";
