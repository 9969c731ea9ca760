/**
 * The routing protocol of one interior router (skupper-router `python/…/router/*.py` and `modules/mobile_sync`;
 * wire-protocol D): pure and clockless. Messages, lost links and the time come in as arguments; what is to be sent and
 * what became of the network goes out by {@link RoutingOutput}.
 *
 * Map of the room, one state machine per file:
 *
 * - `neighbours`: HELLO. Who hears us and whom we hear makes our own list of neighbours, our link state.
 * - `topology`, `path_tree`, `paths`: all link states together are a graph. From it come next hops, costs and valid
 *   origins, computed alike by every router.
 * - `remote_node`: what is known of one other router, and what has to be asked.
 * - `mobile_addresses`: what we advertise, and what has not been told yet; `learn_addresses`: what others do.
 * - `capacity`: how much of all that is taken in.
 * - `control_message`, `control_codec`: what routers say, as values and as bytes.
 * - this file: who is told what and when. A router advertisement (RA) says how new a router's knowledge of itself is;
 *   whoever has older knowledge asks for the link state (LSR, answered by LSU) or for the addresses (MAR, answered by
 *   MAU). Link states are never flooded. Changes of addresses are, just before the RA that announces them.
 *
 * Where skupper-router waits for its next tick, this one tells a change at once, unless it told many of late (`pace`).
 */

import type {
  AdvertisedAddress,
  ControlMessage,
  Hello,
  LinkStateUpdate,
  MobileAddressUpdate,
  RouterAdvertisement,
} from "./control_message.ts";
import { Capacity } from "./capacity.ts";
import { learnAddresses } from "./learn_addresses.ts";
import { MobileAddresses } from "./mobile_addresses.ts";
import { type Adjacency, Neighbours } from "./neighbours.ts";
import { Pace } from "./pace.ts";
import { Paths } from "./paths.ts";
import { RemoteNode } from "./remote_node.ts";
import {
  COST_MAX,
  DEFAULT_TIMING,
  DETOUR_COST,
  ECHO_MS,
  MAX_RETURNS,
  type RoutingTiming,
  STRAY_TICKS,
} from "./timing.ts";
import { Topology } from "./topology.ts";

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
  /** Something that people should know. */
  problem(code: RoutingProblem, facts: Readonly<Record<string, string | number>>): void;
}

/** What may be wrong in the network. */
export type RoutingProblem = "ROUTER_ID_TAKEN" | "ROUTER_LIMIT" | "ROUTER_ADDRESSES" | "ROUTER_VERSION";

/** Who we are. */
export interface RoutingIdentity {
  /** Router id. */
  readonly id: string;
  /** Different in every life of the router, such as the time of its start in s. */
  readonly instance: number;
}

/** See the head of the file. */
export class RoutingEngine {
  /** Next hops, costs and valid origins. */
  readonly paths: Paths;

  readonly #identity: RoutingIdentity;
  readonly #out: RoutingOutput;
  readonly #timing: RoutingTiming;
  readonly #topology = new Topology();
  readonly #neighbours: Neighbours;
  readonly #addresses: MobileAddresses;
  readonly #nodes = new Map<string, RemoteNode>();
  readonly #capacity: Capacity;
  #linkStateSequence = 0;
  #linkStateChanged = false;
  /** Our neighbours as of the last sequence; what others must know by that number may not change. */
  #toldPeers: ReadonlyMap<string, number> = new Map();
  #ownPeersStale = false;
  #departing = false;
  #pathsStale = false;
  #startedAt = -Infinity;
  #helloAt = -Infinity;
  #advertisedAt = -Infinity;
  readonly #pace: Pace;
  #topologyChangedAt = -Infinity;
  #duplicateReported = false;

  /** Nothing happens before the first {@link RoutingEngine.tick}. */
  constructor(identity: RoutingIdentity, out: RoutingOutput, timing: RoutingTiming = DEFAULT_TIMING) {
    this.#identity = identity;
    this.#out = out;
    this.#timing = timing;
    this.#pace = new Pace(timing.changeInterval, timing.changeBurst);
    this.#neighbours = new Neighbours(timing);
    this.#addresses = new MobileAddresses(identity);
    this.#capacity = new Capacity(this.#nodes, (code, facts) => out.problem(code, facts));
    this.paths = new Paths(this.#topology, identity.id);
  }

  /** Every neighbour with the control link that leads to it. */
  get adjacencies(): ReadonlyMap<string, Adjacency> {
    return this.#neighbours.adjacencies;
  }

  /** What is known of each other router. */
  get nodes(): ReadonlyMap<string, RemoteNode> {
    return this.#nodes;
  }

  /** Tells one life of this router from the next. */
  get instance(): number {
    return this.#identity.instance;
  }

  /** When the network last changed, in ms; -Infinity for never. */
  get lastTopologyChange(): number {
    return this.#topologyChangedAt;
  }

  /** Lets time pass; to be called every `TICK_MS`. `now` in ms of a monotonic clock. */
  tick(now: number): void {
    if (this.#neighbours.expire(now)) this.#adjacencyChanged();
    if (now - this.#helloAt >= this.#timing.helloInterval) this.sayHello(now);
    this.#expireNodes(now);
    this.#tell(now);
    const interval = now - this.#topologyChangedAt <= this.#timing.flux
      ? this.#timing.raIntervalFlux
      : this.#timing.raInterval;
    if (now - this.#advertisedAt >= interval) this.#advertise(now);
  }

  /** Introduces this router, also outside the rhythm: a new link is up. */
  sayHello(now: number): void {
    this.#helloAt = now;
    const { id, instance } = this.#identity;
    this.#out.hello({ opcode: "HELLO", id, instance, seen: this.#neighbours.seen() });
  }

  /** `message` came over control link `link`, the cost of which is `cost`. */
  received(message: ControlMessage, link: number, cost: number, now: number): void {
    const { id } = message;
    if (this.#startedAt === -Infinity) this.#startedAt = now;
    if (id === this.#identity.id) {
      if (message.opcode === "HELLO") this.#checkDuplicate(message);
      // Words of our own former life go round for a while after a start.
      else if (message.opcode === "RA" && now - this.#startedAt > ECHO_MS) this.#checkDuplicate(message);
      return;
    }
    switch (message.opcode) {
      case "HELLO":
        this.#onHello(message, link, cost, now);
        break;
      case "RA":
        this.#onAdvertisement(message, now);
        break;
      case "LSU":
        this.#onLinkState(message, now);
        break;
      case "LSR":
        this.#acquainted(this.#node(id, now));
        this.#out.unicast(id, this.#linkState());
        break;
      case "MAU":
        this.#onAddresses(message);
        break;
      case "MAR":
        this.#acquainted(this.#nodes.get(id));
        this.#out.unicast(id, this.#addresses.absolute());
    }
    this.settle(now);
  }

  /** A message of a router that speaks a later version of the protocol came; it is ignored. */
  incompatible(id: string, reason: string): void {
    const node = this.#nodes.get(id);
    if (node === undefined || node.versionReported) return;
    node.versionReported = true;
    this.#out.problem("ROUTER_VERSION", { router: id, reason });
  }

  /** Control link `link` is gone. */
  linkLost(link: number, now: number): void {
    if (!this.#neighbours.lost(link)) return;
    this.#adjacencyChanged();
    this.settle(now);
  }

  /** The cost of control link `link` is another now. */
  setLinkCost(link: number, cost: number, now: number): void {
    if (!this.#neighbours.setCost(link, cost)) return;
    this.#adjacencyChanged();
    this.settle(now);
  }

  /** Control link `link` is used only as long as no other leads to its neighbour. */
  supersede(link: number): void {
    this.#neighbours.supersede(link);
  }

  /** This router is about to go: others shall take any other way there is. What it costs itself to send is as before. */
  depart(now: number): void {
    this.#departing = true;
    this.#linkStateChanged = true;
    this.#tell(now);
  }

  /** Advertises an address. Call {@link RoutingEngine.settle} when all that happens together has been said. */
  advertise(address: AdvertisedAddress): void {
    this.#addresses.set(address);
  }

  /** Advertises an address no more; as {@link RoutingEngine.advertise}. */
  withdraw(key: string): void {
    this.#addresses.delete(key);
  }

  /** Computes what is to be computed, and tells what may be told now. The rest waits for the next tick. */
  settle(now: number): void {
    if (this.#pace.allows(now)) this.#tell(now);
    else {
      // Routes at least follow at once: only talking has to wait.
      this.#compute(now);
      this.#ask(now);
    }
  }

  #onHello(message: Hello, link: number, cost: number, now: number): void {
    const { id, instance } = message;
    const known = this.#neighbours.seen().includes(id);
    if (this.#neighbours.hello(this.#identity.id, message, link, cost, now)) {
      this.#adjacencyChanged();
      const node = this.#node(id, now);
      if (node !== undefined) node.linkStateQuestion.open = true;
    }
    const node = this.#nodes.get(id);
    if (node !== undefined) this.#meet(node, instance, now);
    // Whoever is new learns at once that it is heard.
    if (!known) this.sayHello(now);
  }

  #onAdvertisement(message: RouterAdvertisement, now: number): void {
    const node = this.#node(message.id, now);
    if (node === undefined) return;
    node.heardAt = now;
    this.#meet(node, message.instance, now);
    const { linkStateSequence, mobileSequence } = message;
    if (node.linkStateSequence !== linkStateSequence) node.linkStateQuestion.open = true;
    if (node.mobileSequence !== mobileSequence) node.addressQuestion.open = true;
    // Sequences only grow in one life. What is ahead of the router itself came late, from its last life.
    if (node.linkStateSequence > linkStateSequence) node.linkStateSequence = Math.max(0, linkStateSequence - 1);
    node.mobileSequence = Math.min(node.mobileSequence, mobileSequence);
  }

  #onLinkState(message: LinkStateUpdate, now: number): void {
    const node = this.#node(message.id, now);
    if (node === undefined) return;
    // A late word of another life; it does not say whether its sequence is above or below those of this one.
    node.instance ??= message.instance;
    if (message.instance !== undefined && message.instance !== node.instance) return;
    node.linkStateQuestion.answered();
    this.#acquainted(node);
    if (message.linkStateSequence <= node.linkStateSequence) return;
    node.heardAt = now;
    if (!this.#capacity.takesPeers(node, message.peers.size)) return;
    node.linkStateSequence = message.linkStateSequence;
    for (const peer of message.peers.keys()) {
      if (peer !== this.#identity.id && this.#node(peer, now) === undefined) return; // Too many routers.
    }
    this.#setPeers(node, message.peers);
  }

  #onAddresses(message: MobileAddressUpdate): void {
    const node = this.#nodes.get(message.id);
    if (node === undefined) return;
    const change = learnAddresses(node, message, (count) => this.#capacity.takesAddresses(node, count));
    if (change !== undefined) this.#tellAddresses(node, change.added, change.removed);
  }

  #tellAddresses(node: RemoteNode, added: readonly AdvertisedAddress[], removed: readonly string[]): void {
    if (added.length > 0 || removed.length > 0) this.#out.addressesChanged(node.id, added, removed);
  }

  /** The router `id`, which is known from now on; undefined when there are too many. */
  #node(id: string, now: number): RemoteNode | undefined {
    const known = this.#nodes.get(id);
    if (known !== undefined) return known;
    if (!this.#capacity.takesRouter(id)) return undefined;
    const node = new RemoteNode(id, now);
    this.#nodes.set(id, node);
    return node;
  }

  /** A router tells its instance: after a restart, nothing that is known of it holds any more. */
  #meet(node: RemoteNode, instance: number, now: number): void {
    if (node.instance === instance) return;
    const restarted = node.instance !== undefined;
    if (restarted && instance === node.lastInstance && ++node.returns === MAX_RETURNS) {
      this.#out.problem("ROUTER_ID_TAKEN", { router: node.id });
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

  #setPeers(node: RemoteNode, peers: ReadonlyMap<string, number>): void {
    node.peers = peers;
    if (this.#topology.setPeers(node.id, peers)) this.#pathsStale = true;
  }

  #forgetAddresses(node: RemoteNode): void {
    node.mobileSequence = 0;
    node.addressQuestion.answered();
    const removed = [...node.addresses.keys()];
    node.addresses.clear();
    this.#tellAddresses(node, [], removed);
  }

  #checkDuplicate({ instance }: Hello | RouterAdvertisement): void {
    if (instance === this.#identity.instance || this.#duplicateReported) return;
    this.#duplicateReported = true;
    this.#out.problem("ROUTER_ID_TAKEN", { router: this.#identity.id });
  }

  #adjacencyChanged(): void {
    this.#linkStateChanged = this.#ownPeersStale = true;
  }

  /** Puts our own neighbours into the graph. */
  #ownPeers(): void {
    this.#ownPeersStale = false;
    this.#topology.setPeers(this.#identity.id, this.#peers(0));
    // Also when the graph is the same: another link may lead to a neighbour now.
    this.#pathsStale = true;
  }

  #linkState(): LinkStateUpdate {
    const { id, instance } = this.#identity;
    return { opcode: "LSU", id, instance, linkStateSequence: this.#linkStateSequence, peers: this.#toldPeers };
  }

  #peers(detour: number): Map<string, number> {
    const peers = new Map<string, number>();
    for (const [id, { cost }] of this.#neighbours.adjacencies) peers.set(id, Math.min(COST_MAX, cost + detour));
    return peers;
  }

  #expireNodes(now: number): void {
    for (const node of [...this.#nodes.values()]) {
      const neighbour = this.#neighbours.adjacencies.has(node.id);
      if (now - node.heardAt > this.#timing.linkStateMaxAge && node.peers.size > 0) {
        node.linkStateSequence = 0;
        this.#setPeers(node, new Map());
      }
      if (node.unreachableSince !== undefined && now - node.unreachableSince >= this.#timing.unreachableHoldoff) {
        node.unreachableSince = undefined;
        this.#forgetAddresses(node);
      }
      if (node.peers.size > 0 || neighbour || !this.#isStray(node)) node.strayTicks = 0;
      else if (++node.strayTicks >= STRAY_TICKS) this.#forget(node);
    }
  }

  /** True when `node` may not know us yet: what we asked may have been lost where paths are not settled. */
  #isStranger({ strangerSince, linkStateQuestion }: RemoteNode, now: number): boolean {
    if (strangerSince === undefined) return false;
    return linkStateQuestion.open || now - strangerSince < this.#timing.introduction;
  }

  /** `node` has spoken to us. */
  #acquainted(node: RemoteNode | undefined): void {
    if (node?.strangerSince === undefined) return;
    node.strangerSince = undefined;
    node.linkStateQuestion.hurry();
    node.addressQuestion.hurry();
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

  /** Tells all that changed here. Addresses go before the advertisement that would make others ask for them. */
  #tell(now: number): void {
    const linkState = this.#linkStateChanged;
    if (linkState) {
      this.#linkStateChanged = false;
      this.#linkStateSequence++;
      this.#toldPeers = this.#peers(this.#departing ? DETOUR_COST : 0);
    }
    this.#compute(now);
    // Whoever is new will ask for all addresses anyway. Others don't wait for one that never answers.
    const strangers = [...this.#nodes.values()].some((node) =>
      node.reachable && this.#isStranger(node, now) && now - node.strangerSince! < this.#timing.introductionLimit
    );
    const update = strangers ? undefined : this.#addresses.takeUpdate();
    if (update !== undefined) this.#out.multicast(update);
    if (linkState || update !== undefined) {
      this.#pace.spoke(now);
      this.#advertise(now);
    }
    this.#ask(now);
  }

  #compute(now: number): void {
    if (this.#ownPeersStale) this.#ownPeers();
    if (!this.#pathsStale) return;
    this.#pathsStale = false;
    this.paths.update();
    this.#topologyChangedAt = now;
    for (const node of this.#nodes.values()) {
      const via = this.paths.nextHop(node.id);
      const reachable = via !== undefined;
      if (reachable && !node.reachable) node.strangerSince = now;
      node.reachable = reachable;
      if (via !== node.via) {
        // What was asked along another way may have got lost there.
        node.via = via;
        node.linkStateQuestion.hurry();
        node.addressQuestion.hurry();
      }
      if (reachable) node.unreachableSince = undefined;
      else if (node.mobileSequence > 0) node.unreachableSince ??= now;
    }
    this.#out.topologyChanged();
  }

  #advertise(now: number): void {
    this.#advertisedAt = now;
    const { id, instance } = this.#identity;
    this.#out.flood({
      opcode: "RA",
      id,
      instance,
      linkStateSequence: this.#linkStateSequence,
      mobileSequence: this.#addresses.sequence,
    });
  }

  /** Asks routers that can be reached for what we lack. */
  #ask(now: number): void {
    const { id } = this.#identity;
    for (const node of this.#nodes.values()) {
      if (!node.reachable) continue;
      const { id: router, linkStateQuestion, addressQuestion, mobileSequence } = node;
      const linkState = linkStateQuestion.isDue(now);
      const addresses = addressQuestion.isDue(now) && !this.#isStranger(node, now);
      if (linkState) {
        linkStateQuestion.asked(now);
        this.#out.unicast(router, { opcode: "LSR", id });
      }
      if (addresses) {
        addressQuestion.asked(now);
        this.#out.unicast(router, { opcode: "MAR", id, haveSequence: mobileSequence });
      }
    }
  }
}
