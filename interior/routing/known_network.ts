/**
 * What this router knows of all others: what they said of their neighbours and addresses, and the paths that follow
 * from it. What is old, or of a former life of a router, is forgotten; what is missing becomes an open question.
 */

import type {
  AdvertisedAddress,
  LinkStateUpdate,
  MobileAddressUpdate,
  RouterAdvertisement,
} from "./control_message.ts";
import { Capacity } from "./capacity.ts";
import { learnAddresses } from "./learn_addresses.ts";
import { Paths } from "./paths.ts";
import { RemoteNode } from "./remote_node.ts";
import type { RoutingOutput } from "./routing_output.ts";
import { MAX_RETURNS, RETURN_INTERVAL_MS, type RoutingTiming, STRAY_TICKS } from "./timing.ts";
import { Topology } from "./topology.ts";

/** See the head of the file. */
export class KnownNetwork {
  /** Next hops, costs and valid origins. */
  readonly paths: Paths;

  readonly #self: string;
  readonly #out: RoutingOutput;
  readonly #timing: RoutingTiming;
  readonly #topology = new Topology();
  readonly #nodes = new Map<string, RemoteNode>();
  readonly #capacity: Capacity;
  #pathsStale = false;
  #changedAt = -Infinity;

  /** What router `self` knows at its start: nothing. */
  constructor(self: string, out: RoutingOutput, timing: RoutingTiming) {
    this.#self = self;
    this.#out = out;
    this.#timing = timing;
    this.#capacity = new Capacity(this.#nodes, (code, facts) => out.problem(code, facts));
    this.paths = new Paths(this.#topology, self);
  }

  /** Every other router. */
  get nodes(): ReadonlyMap<string, RemoteNode> {
    return this.#nodes;
  }

  /** When the paths last changed, in ms; -Infinity for never. */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** The router `id`, which is known from now on; undefined when there are too many. */
  node(id: string, now: number): RemoteNode | undefined {
    const known = this.#nodes.get(id);
    if (known !== undefined) return known;
    if (!this.#capacity.takesRouter(id)) return undefined;
    const node = new RemoteNode(id, now);
    this.#nodes.set(id, node);
    return node;
  }

  /** A router tells its instance: after a restart, nothing that is known of it holds any more. */
  meet(node: RemoteNode, instance: number, now: number): void {
    if (node.instance === instance) return;
    const restarted = node.instance !== undefined;
    if (restarted && instance !== node.lastInstance) node.returns = 0;
    else if (restarted && now - node.returnedAt >= RETURN_INTERVAL_MS) {
      node.returnedAt = now;
      if (++node.returns === MAX_RETURNS) this.#out.problem("ROUTER_ID_TAKEN", { router: node.id });
    }
    node.lastInstance = node.instance;
    node.instance = instance;
    if (!restarted) return;
    node.strangerSince = now;
    node.linkStateSequence = 0;
    node.linkStateQuestion.answered();
    node.linkStateQuestion.open = true;
    this.#setPeers(node, new Map());
    this.#forgetAddresses(node);
  }

  /** A router says how new its knowledge of itself is. */
  learnAdvertisement(message: RouterAdvertisement, now: number): void {
    const node = this.node(message.id, now);
    if (node === undefined) return;
    node.heardAt = now;
    this.meet(node, message.instance, now);
    const { linkStateSequence, mobileSequence } = message;
    if (node.linkStateSequence !== linkStateSequence) node.linkStateQuestion.open = true;
    if (node.mobileSequence !== mobileSequence || node.addressesDoubtful) node.addressQuestion.open = true;
    else node.addressQuestion.answered(); // C routers don't answer who has all of it.
    // Sequences only grow in one life. What is ahead of the router itself came late, from its last life; and C routers
    // answer only who lacks something.
    if (node.linkStateSequence > linkStateSequence) node.linkStateSequence = Math.max(0, linkStateSequence - 1);
    if (node.mobileSequence <= mobileSequence) return;
    if (mobileSequence === 0) return this.#forgetAddresses(node); // It has none.
    node.mobileSequence = mobileSequence - 1;
    node.addressesDoubtful = true;
  }

  /** A router names its neighbours. */
  learnLinkState(message: LinkStateUpdate, now: number): void {
    const node = this.node(message.id, now);
    if (node === undefined) return;
    // A late word of another life; it does not say whether its sequence is above or below those of this one.
    node.instance ??= message.instance;
    if (message.instance !== undefined && message.instance !== node.instance) return;
    node.linkStateQuestion.answered();
    node.acquainted();
    if (message.linkStateSequence <= node.linkStateSequence) return;
    node.heardAt = now;
    if (!this.#capacity.takesPeers(node, message.peers.size)) return;
    node.linkStateSequence = message.linkStateSequence;
    for (const peer of message.peers.keys()) {
      if (peer !== this.#self && this.node(peer, now) === undefined) return; // Too many routers.
    }
    this.#setPeers(node, message.peers);
  }

  /** A router says which addresses it has. */
  learnAddresses(message: MobileAddressUpdate): void {
    const node = this.#nodes.get(message.id);
    if (node === undefined) return;
    const change = learnAddresses(node, message, (count) => this.#capacity.takesAddresses(node, count));
    if (change !== undefined) this.#tellAddresses(node, change.added, change.removed);
  }

  /** This router has `peers` next door, perhaps the same by other links. */
  setOwnPeers(peers: ReadonlyMap<string, number>): void {
    this.#topology.setPeers(this.#self, peers);
    // Also when the graph is the same: another link may lead to a neighbour now.
    this.#pathsStale = true;
  }

  /** Forgets what is too old; routers of which `isNeighbour` holds stay. To be called with every tick. */
  expire(now: number, isNeighbour: (id: string) => boolean): void {
    for (const node of [...this.#nodes.values()]) {
      if (now - node.heardAt > this.#timing.linkStateMaxAge && node.peers.size > 0) {
        node.linkStateSequence = 0;
        this.#setPeers(node, new Map());
      }
      if (node.unreachableSince !== undefined && now - node.unreachableSince >= this.#timing.unreachableHoldoff) {
        node.unreachableSince = undefined;
        this.#forgetAddresses(node);
      }
      if (node.peers.size > 0 || isNeighbour(node.id) || !this.#isStray(node)) node.strayTicks = 0;
      else if (++node.strayTicks >= STRAY_TICKS) this.#forget(node);
    }
  }

  /** Computes the paths, if anything has changed that they depend on. */
  update(now: number): void {
    if (!this.#pathsStale) return;
    this.#pathsStale = false;
    this.paths.update();
    this.#changedAt = now;
    for (const node of this.#nodes.values()) {
      const via = this.paths.nextHop(node.id);
      const reachable = via !== undefined;
      if (reachable && !node.reachable) {
        node.strangerSince = now;
        node.linkStateQuestion.open = true; // Whoever answers is no stranger any more.
      }
      node.reachable = reachable;
      if (via !== node.via) {
        // What was asked along another way may have got lost there.
        node.via = via;
        node.linkStateQuestion.hurry();
        node.addressQuestion.hurry();
      }
      if (reachable) node.unreachableSince = undefined;
      else if (node.mobileSequence > 0 || node.addresses.size > 0) node.unreachableSince ??= now;
    }
    this.#out.topologyChanged();
  }

  #setPeers(node: RemoteNode, peers: ReadonlyMap<string, number>): void {
    node.peers = peers;
    if (this.#topology.setPeers(node.id, peers)) this.#pathsStale = true;
  }

  #forgetAddresses(node: RemoteNode): void {
    node.mobileSequence = 0;
    node.addressesDoubtful = false;
    node.addressQuestion.answered();
    node.addressQuestion.open = true;
    const removed = [...node.addresses.keys()];
    node.addresses.clear();
    this.#tellAddresses(node, [], removed);
  }

  #tellAddresses(node: RemoteNode, added: readonly AdvertisedAddress[], removed: readonly string[]): void {
    if (added.length > 0 || removed.length > 0) this.#out.addressesChanged(node.id, added, removed);
  }

  /** True when no router names `node` as its neighbour. */
  #isStray(node: RemoteNode): boolean {
    const number = this.#topology.number(node.id);
    return number === undefined || this.#topology.named(number).size === 0;
  }

  #forget(node: RemoteNode): void {
    this.#forgetAddresses(node);
    this.#nodes.delete(node.id);
    this.paths.forget(node.id);
    this.#topology.remove(node.id);
    this.#capacity.freed();
    this.#out.topologyChanged();
  }
}
