/**
 * What makes a router an interior: it joins connections to other interiors with the routing protocol, and puts what
 * that finds out into the router's address table. From there, messages find their way like any others.
 *
 * Map of the room: `interior_links` and `accepted_router` bring connections, `connection_groups` tells which of them
 * belong together, `data_connection` is one for streams alone, `neighbour` is one with a `control_link` and its ways for
 * streams (`stream_spread`), `control_traffic` carries the routing protocol (`reminders` repeat what C routers may have
 * missed, `fault_log` says what is wrong with it), `remote_router` is what lies beyond, `measured_link` finds out what a
 * link costs where that is not given.
 */

import type { Open } from "../../agent/amqp/codec/types.ts";
import { every } from "../../agent/lib/clock.ts";
import { TendrilError } from "../../agent/lib/errors.ts";
import type { Downstream, Message, Upstream } from "../../agent/router/flow.ts";
import type { Peer } from "../../agent/router/peer.ts";
import type { Router } from "../../agent/router/router.ts";
import type { Logger } from "../../agent/telemetry/log.ts";
import type { AdvertisedAddress, ControlMessage, Hello } from "../routing/control_message.ts";
import { openProperty } from "../../agent/router/capabilities.ts";
import { RoutingEngine } from "../routing/engine.ts";
import type { RoutingOutput, RoutingProblem } from "../routing/routing_output.ts";
import { COST_MAX, TICK_MS } from "../routing/timing.ts";
import { annotateAsInterior } from "./annotate.ts";
import { ControlDelay } from "./control_delay.ts";
import { MAX_CONTROL_MESSAGE } from "./control_link.ts";
import { ControlTraffic } from "./control_traffic.ts";
import { FaultLog } from "./fault_log.ts";
import { COST_PROPERTY } from "./interior_options.ts";
import { MeasuredLink } from "./measured_link.ts";
import { Neighbour } from "./neighbour.ts";
import { RemoteRouter } from "./remote_router.ts";

/** Classes of addresses that interiors tell each other about. */
const ADVERTISED = new Set(["M", "H"]);

/** What people can do about what is wrong in the network. */
const NEXT_STEP: Readonly<Record<RoutingProblem, string>> = {
  ROUTER_ID_TAKEN: "Give each site of the network a name of its own.",
  ROUTER_LIMIT: "Split the network.",
  ROUTER_ADDRESSES: "Find out what that router serves.",
  ROUTER_VERSION: "Bring this site up to date.",
};

/** What a connection to another interior costs on this side. */
export interface LinkCost {
  /** At least 1; the peer may want more. */
  readonly cost: number;
  /** True when it is measured, and that is the least. */
  readonly measured: boolean;
}

/** See the head of the file. */
export class Transit implements RoutingOutput {
  /** The routing protocol. */
  readonly engine: RoutingEngine;
  /** How long routing messages take through this router. */
  readonly delay: ControlDelay;
  readonly #router: Router;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  readonly #control: ControlTraffic;
  readonly #neighbours = new Map<number, Neighbour>();
  readonly #remotes = new Map<string, RemoteRouter>();
  readonly #measured = new Map<number, MeasuredLink>();
  readonly #stops: (() => void)[] = [];
  #nextLink = 1;
  #settling = false;

  /** `instance` is different in every life of the router; `onChange` hears when neighbours or paths change. */
  constructor(router: Router, instance: number, logger: Logger, onChange: () => void) {
    this.#router = router;
    this.#logger = logger;
    this.#onChange = onChange;
    this.delay = new ControlDelay(router.clock);
    this.engine = new RoutingEngine({ id: router.identity.id, instance }, this);
    this.#control = new ControlTraffic(router.identity.id, this.engine, this.#neighbours, router.clock);
  }

  /** Starts to advertise what the router serves, and lets time pass until {@link Transit.stop}. */
  start(): void {
    const { addresses, clock } = this.#router;
    for (const key of addresses.ownKeys()) this.#ownAddress(key, true);
    this.#stops.push(this.#router.onOwnChange((key, present) => this.#ownAddress(key, present)));
    this.#stops.push(every(clock, TICK_MS, () => {
      for (const link of this.#measured.values()) link.tick();
      this.engine.tick(clock.now());
      this.#control.tick();
    }));
  }

  /** Every connection to another interior, by the number of its control link. */
  get neighbours(): ReadonlyMap<number, Neighbour> {
    return this.#neighbours;
  }

  /** What is known of the way to each other interior. */
  get remotes(): ReadonlyMap<string, RemoteRouter> {
    return this.#remotes;
  }

  /** Why a peer that introduced itself with `remote` can't be a neighbour; undefined when it can. */
  objection(remote: Open): TendrilError | undefined {
    if (remote.containerId !== this.#router.identity.id) return undefined;
    return new TendrilError("ROUTER_ID_TAKEN", `the peer's router id is ours: ${remote.containerId}`, {
      hint: NEXT_STEP.ROUTER_ID_TAKEN,
    });
  }

  /** An open connection to another interior. `connecting`: this side opens the links. */
  adopt(peer: Peer, connecting: boolean, { cost, measured }: LinkCost): Neighbour {
    const link = this.#nextLink++;
    const { identity, clock } = this.#router;
    const faults = new FaultLog(this.#logger, clock);
    const neighbour: Neighbour = new Neighbour(link, peer, Math.max(cost, peerCost(peer)), {
      route: this.route,
      annotate: annotateAsInterior(identity.id),
      delay: this.delay,
      onUp: () => {
        this.#neighbours.set(link, neighbour);
        if (measured) this.#measure(neighbour);
        this.engine.sayHello(clock.now());
      },
      onMessage: (bytes) => {
        const fault = this.#control.received(bytes, neighbour);
        if (fault !== undefined) faults.tell(neighbour.id, fault);
      },
      onTooLarge: () => {
        const reason = `a message is larger than ${MAX_CONTROL_MESSAGE} octets`;
        faults.tell(neighbour.id, { code: "ROUTER_CONTROL_MALFORMED", reason });
      },
      onStalled: () => {
        this.#logger.warn("peer does not read", { peer: neighbour.id, code: "ROUTER_STALLED" });
        peer.close({ condition: "amqp:resource-limit-exceeded", description: "routing messages are not read" });
      },
      onDown: () => this.lost(neighbour),
    });
    if (connecting) neighbour.open();
    return neighbour;
  }

  /** The connection of `neighbour` is gone. */
  lost(neighbour: Neighbour): void {
    this.#measured.delete(neighbour.link);
    if (!this.#neighbours.delete(neighbour.link)) return;
    this.engine.linkLost(neighbour.link, this.#now());
    this.#onChange();
  }

  /** Another connection to the same router takes over as soon as it can: its credentials are newer. */
  supersede(neighbour: Neighbour): void {
    neighbour.superseded = true;
    this.engine.supersede(neighbour.link);
  }

  /** Ends the protocol; the connections are their owners' business. */
  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    for (const remote of this.#remotes.values()) remote.clear();
  }

  /** Takes messages of other interiors. One that has come farther than any path leads goes in circles. */
  readonly route = (message: Message, upstream: Upstream): Downstream | undefined => {
    if (message.annotations.trace.length > this.engine.paths.radius + 1) return undefined;
    return this.#router.route(message, upstream);
  };

  // --- from the routing protocol

  /** See {@link RoutingOutput}. */
  hello(message: Hello): void {
    this.#control.hello(message);
  }

  /** See {@link RoutingOutput}. */
  flood(message: ControlMessage): void {
    this.#control.flood(message);
  }

  /** See {@link RoutingOutput}. */
  multicast(message: ControlMessage): void {
    this.#control.multicast(message);
  }

  /** See {@link RoutingOutput}. */
  unicast(router: string, message: ControlMessage): void {
    this.#control.unicast(router, message);
  }

  /** See {@link RoutingOutput}. */
  topologyChanged(): void {
    const { nodes, paths, adjacencies } = this.engine;
    for (const [id, remote] of [...this.#remotes]) {
      if (nodes.has(id)) continue;
      remote.clear();
      this.#remotes.delete(id);
    }
    for (const id of nodes.keys()) {
      const remote = this.#remote(id);
      const hop = paths.nextHop(id);
      const adjacency = hop === undefined ? undefined : adjacencies.get(hop);
      remote.via = adjacency === undefined ? undefined : this.#neighbours.get(adjacency.link);
      remote.cost = remote.via === undefined ? Infinity : paths.cost(id);
      if (remote.via === undefined) remote.withdraw(`R${id}`);
      else remote.serve(`R${id}`, "closest");
    }
    this.#onChange();
  }

  /** See {@link RoutingOutput}. */
  addressesChanged(id: string, added: readonly AdvertisedAddress[], removed: readonly string[]): void {
    const remote = this.#remote(id);
    for (const key of removed) remote.withdraw(key);
    for (const { key, treatment, mesh } of added) if (ADVERTISED.has(key[0])) remote.serve(key, treatment, mesh);
  }

  /** See {@link RoutingOutput}. */
  rival(link: number, router: string): void {
    const peer = this.#neighbours.get(link)?.peer;
    if (peer === undefined) return;
    this.#logger.error("routing", {
      code: "ROUTER_ID_TAKEN",
      router,
      address: peer.channel.peer.address,
      next: NEXT_STEP.ROUTER_ID_TAKEN,
    });
    const reason = `another router of the network has the id ${router}: give each site a name of its own`;
    peer.refuse(new TendrilError("ROUTER_ID_TAKEN", reason, { hint: NEXT_STEP.ROUTER_ID_TAKEN }));
  }

  /** See {@link RoutingOutput}. */
  problem(code: RoutingProblem, facts: Readonly<Record<string, string | number>>): void {
    this.#logger.error("routing", { code, ...facts, next: NEXT_STEP[code] });
  }

  #measure(neighbour: Neighbour): void {
    const { link, ownCost, control } = neighbour;
    const measured = new MeasuredLink(ownCost, control, this.#router.clock, (cost) => {
      // A C router would go on with the old cost, and paths there and back would differ.
      if (neighbour.theirCost === undefined) return;
      const { roundTripMs = 0, loss } = measured.meter;
      const figures = { rtt_ms: Math.round(roundTripMs * 10) / 10, loss: Math.round(loss * 1000) / 1000 };
      this.#logger.info("link cost", { peer: neighbour.id, from: neighbour.ownCost, to: cost, ...figures });
      neighbour.ownCost = cost;
      this.engine.setLinkCost(link, neighbour.cost, this.#now());
      this.engine.sayHello(this.#now());
    });
    this.#measured.set(link, measured);
  }

  #remote(id: string): RemoteRouter {
    let remote = this.#remotes.get(id);
    if (remote === undefined) {
      remote = new RemoteRouter(id, this.#router, this.engine.paths);
      this.#remotes.set(id, remote);
    }
    return remote;
  }

  #ownAddress(key: string, present: boolean): void {
    if (!ADVERTISED.has(key[0])) return;
    const { treatment = "balanced", mesh } = this.#router.addresses.get(key) ?? {};
    if (present) this.engine.advertise({ key, treatment, ...(mesh === undefined ? {} : { mesh }) });
    else this.engine.withdraw(key);
    if (this.#settling) return;
    // All that changes in this turn is told in one message.
    this.#settling = true;
    this.#router.clock.soon(() => {
      this.#settling = false;
      this.engine.settle(this.#now());
    });
  }

  #now(): number {
    return this.#router.clock.now();
  }
}

/** The cost that the peer wants for the link, if it said any. */
function peerCost(peer: Peer): number {
  const cost = openProperty(peer.connection.remote, COST_PROPERTY);
  return typeof cost === "number" && cost > 0 && cost <= COST_MAX ? cost : 1;
}
