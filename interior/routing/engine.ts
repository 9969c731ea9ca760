/**
 * The routing protocol of one interior router (skupper-router `python/…/router/*.py` and `modules/mobile_sync`;
 * wire-protocol D): pure and clockless. Messages, lost links and the time come in as arguments; what is to be sent and
 * what became of the network goes out by {@link RoutingOutput}.
 *
 * Map of the room, one state machine per file:
 *
 * - `neighbours`: HELLO. Who hears us and whom we hear makes our own list of neighbours; told to others it is our link
 *   state, `own_link_state`. `rivals`: two of them with one id.
 * - `topology`, `path_tree`, `paths`: all link states together are a graph. From it come next hops, costs and valid
 *   origins, computed alike by every router.
 * - `remote_node`: what is known of one other router, and what has to be asked; `known_network`: of all of them.
 * - `mobile_addresses`: what we advertise, and what has not been told yet; `learn_addresses`: what others do.
 * - `capacity`: how much of all that is taken in.
 * - `control_message`, `control_codec`: what routers say, as values and as bytes; `routing_output`: where it goes.
 * - this file: who is told what and when. A router advertisement (RA) says how new a router's knowledge of itself is;
 *   whoever has older knowledge asks for the link state (LSR, answered by LSU) or for the addresses (MAR, answered by
 *   MAU). Link states are never flooded. Changes of addresses are, just before the RA that announces them.
 *
 * Where skupper-router waits for its next tick, this one tells a change at once, unless it told many of late (`pace`).
 */

import type { AdvertisedAddress, ControlMessage, Hello, RouterAdvertisement } from "./control_message.ts";
import { KnownNetwork } from "./known_network.ts";
import { MobileAddresses } from "./mobile_addresses.ts";
import { type Adjacency, Neighbours } from "./neighbours.ts";
import { OwnLinkState, type RoutingIdentity } from "./own_link_state.ts";
import { Pace } from "./pace.ts";
import type { Paths } from "./paths.ts";
import type { RemoteNode } from "./remote_node.ts";
import { Rivals } from "./rivals.ts";
import type { RoutingOutput } from "./routing_output.ts";
import { DEFAULT_TIMING, ECHO_MS, type RoutingTiming } from "./timing.ts";

/** See the head of the file. */
export class RoutingEngine {
  readonly #identity: RoutingIdentity;
  readonly #out: RoutingOutput;
  readonly #timing: RoutingTiming;
  readonly #network: KnownNetwork;
  readonly #neighbours: Neighbours;
  readonly #rivals = new Rivals();
  readonly #linkState: OwnLinkState;
  readonly #addresses: MobileAddresses;
  readonly #pace: Pace;
  #ownPeersStale = false;
  #startedAt = -Infinity;
  #helloAt = -Infinity;
  #advertisedAt = -Infinity;
  /** Since when changes of addresses have been held back for strangers; undefined while none are. */
  #heldBackSince: number | undefined;
  #duplicateReported = false;
  #departing = false;

  /** Nothing happens before the first {@link RoutingEngine.tick}. */
  constructor(identity: RoutingIdentity, out: RoutingOutput, timing: RoutingTiming = DEFAULT_TIMING) {
    this.#identity = identity;
    this.#out = out;
    this.#timing = timing;
    this.#network = new KnownNetwork(identity.id, out, timing);
    this.#neighbours = new Neighbours(timing);
    this.#linkState = new OwnLinkState(identity, this.#neighbours);
    this.#addresses = new MobileAddresses(identity);
    this.#pace = new Pace(timing.changeInterval, timing.changeBurst);
  }

  /** Next hops, costs and valid origins. */
  get paths(): Paths {
    return this.#network.paths;
  }

  /** Every neighbour with the control link that leads to it. */
  get adjacencies(): ReadonlyMap<string, Adjacency> {
    return this.#neighbours.adjacencies;
  }

  /** What is known of each other router. */
  get nodes(): ReadonlyMap<string, RemoteNode> {
    return this.#network.nodes;
  }

  /** Tells one life of this router from the next. */
  get instance(): number {
    return this.#identity.instance;
  }

  /** When the network last changed, in ms; -Infinity for never. */
  get lastTopologyChange(): number {
    return this.#network.changedAt;
  }

  /** Lets time pass; to be called every `TICK_MS`. `now` in ms of a monotonic clock. */
  tick(now: number): void {
    if (this.#neighbours.expire(now)) this.#adjacencyChanged();
    if (now - this.#helloAt >= this.#timing.helloInterval) this.sayHello(now);
    this.#network.expire(now, (id) => this.#neighbours.adjacencies.has(id));
    this.#tell(now);
    const interval = now - this.lastTopologyChange <= this.#timing.flux
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
        this.#network.learnAdvertisement(message, now);
        break;
      case "LSU":
        this.#network.learnLinkState(message, now);
        break;
      case "LSR":
        this.#network.node(id, now)?.acquainted();
        this.#out.unicast(id, this.#linkState.update());
        break;
      case "MAU":
        this.#network.learnAddresses(message);
        break;
      case "MAR":
        this.nodes.get(id)?.acquainted();
        this.#out.unicast(id, this.#addresses.absolute());
    }
    this.settle(now);
  }

  /** A message of a router that speaks a later version of the protocol came; it is ignored. */
  incompatible(id: string, reason: string): void {
    const node = this.nodes.get(id);
    if (node === undefined || node.versionReported) return;
    node.versionReported = true;
    this.#out.problem("ROUTER_VERSION", { router: id, reason });
  }

  /** True while somebody else has the id of the router at the other end of control link `link`: nothing it says counts. */
  isHeldOff(link: number): boolean {
    return this.#rivals.isHeldOff(link);
  }

  /** Control link `link` is gone. */
  linkLost(link: number, now: number): void {
    this.#rivals.lost(link);
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
    this.#linkState.depart();
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
    // Where those are who leave a router that is about to go can't wait: the last of it is of use to nobody.
    if (this.#departing || this.#pace.allows(now)) this.#tell(now);
    else {
      // Routes at least follow at once: only talking has to wait.
      this.#compute(now);
      this.#ask(now);
    }
  }

  #onHello(message: Hello, link: number, cost: number, now: number): void {
    const { id, instance } = message;
    for (const rival of this.#rivals.hello(id, instance, link, now)) this.#out.rival(rival, id);
    if (this.#rivals.isHeldOff(link)) return;
    const known = this.#neighbours.seen().includes(id);
    if (this.#neighbours.hello(this.#identity.id, message, link, cost, now)) {
      this.#adjacencyChanged();
      const node = this.#network.node(id, now);
      if (node !== undefined) node.linkStateQuestion.open = true;
    }
    const node = this.nodes.get(id);
    if (node !== undefined) this.#network.meet(node, instance, now);
    // Whoever is new learns at once that it is heard.
    if (!known) this.sayHello(now);
  }

  #checkDuplicate({ instance }: Hello | RouterAdvertisement): void {
    if (instance === this.#identity.instance || this.#duplicateReported) return;
    this.#duplicateReported = true;
    this.#out.problem("ROUTER_ID_TAKEN", { router: this.#identity.id });
  }

  #adjacencyChanged(): void {
    this.#ownPeersStale = true;
    this.#linkState.changed();
  }

  /** Tells all that changed here. Addresses go before the advertisement that would make others ask for them. */
  #tell(now: number): void {
    const linkState = this.#linkState.renew();
    this.#compute(now);
    const update = this.#isHeldBack(now) ? undefined : this.#addresses.takeUpdate();
    if (update !== undefined) this.#out.multicast(update);
    if (linkState || update !== undefined) {
      this.#pace.spoke(now);
      this.#advertise(now);
    }
    this.#ask(now);
  }

  /** True while changes of addresses wait for strangers: whoever is new will ask for all addresses anyway. */
  #isHeldBack(now: number): boolean {
    const { introduction, introductionLimit } = this.#timing;
    // Others wait neither for one that never answers nor, all in all, for one that is a stranger time and again.
    const waits = this.#addresses.changed && now - (this.#heldBackSince ?? now) < introductionLimit &&
      [...this.nodes.values()].some((node) =>
        node.reachable && node.isStranger(now, introduction) && now - node.strangerSince! < introductionLimit
      );
    this.#heldBackSince = waits ? this.#heldBackSince ?? now : undefined;
    return waits;
  }

  #compute(now: number): void {
    if (this.#ownPeersStale) this.#network.setOwnPeers(this.#linkState.peers);
    this.#ownPeersStale = false;
    this.#network.update(now);
  }

  #advertise(now: number): void {
    this.#advertisedAt = now;
    const { id, instance } = this.#identity;
    this.#out.flood({
      opcode: "RA",
      id,
      instance,
      linkStateSequence: this.#linkState.sequence,
      mobileSequence: this.#addresses.sequence,
    });
  }

  /** Asks routers that can be reached for what we lack. */
  #ask(now: number): void {
    const { id } = this.#identity;
    for (const node of this.nodes.values()) {
      if (!node.reachable) continue;
      const { id: router, linkStateQuestion, addressQuestion, mobileSequence } = node;
      const linkState = linkStateQuestion.isDue(now);
      const addresses = addressQuestion.isDue(now) && !node.isStranger(now, this.#timing.introduction);
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
