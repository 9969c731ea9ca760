/** A node of a simulated network: the router code of production, under a clock of its own. */

import { EdgeLinks } from "../../agent/router/edge_links.ts";
import type { LinkTarget } from "../../agent/router/outbound_link.ts";
import { Router } from "../../agent/router/router.ts";
import type { LinkStatus } from "../../agent/site/status.ts";
import type { Logger } from "../../agent/telemetry/log.ts";
import { Backoff } from "../../agent/transport/backoff.ts";
import type { Channel } from "../../agent/transport/channel.ts";
import { EdgePeer } from "../../interior/edges/edge_peer.ts";
import type { AcceptedPeer } from "../../agent/router/accepted_peer.ts";
import { AcceptedRouter } from "../../interior/transit/accepted_router.ts";
import { ConnectionGroups } from "../../interior/transit/connection_groups.ts";
import { depart } from "../../interior/transit/departure.ts";
import { InteriorLinks } from "../../interior/transit/interior_links.ts";
import { Transit } from "../../interior/transit/transit.ts";
import type { Cable, SimChannel } from "./cable.ts";
import type { Random } from "./random.ts";
import { NodeClock, type VirtualTime } from "./virtual_time.ts";

/** Time a peer has to introduce itself, as at an access port, in ms. */
const HANDSHAKE_MS = 10_000;

/** Time that peers are given to say goodbye, in ms. */
const EXIT_MS = 6_000;
/** What an interior has under way may take until it stops, in ms. */
export const LEAVE_MS = 2_000;

/** What one life of a node consists of. */
interface Life {
  readonly router: Router;
  readonly transit: Transit | undefined;
  readonly groups: ConnectionGroups | undefined;
  readonly links: { stop(): Promise<void>; status(): LinkStatus[] };
  readonly accepted: Set<AcceptedPeer | AcceptedRouter>;
  /** Called when the last accepted peer is gone. */
  onAlone: () => void;
  /** True once it accepts nobody any more. */
  shut: boolean;
}

/** What a node needs of its surroundings. */
export interface NodeDeps {
  /** What drives everything. */
  readonly time: VirtualTime;
  /** For retries, and for the clocks. */
  readonly random: Random;
  /** Hears what the node logs, as `text`. */
  readonly story: (text: string) => void;
  /** True when interiors leave their network before they stop; false when they only stop. */
  readonly departures: boolean;
}

/** See the head of the file. */
export class SimNode {
  readonly id: string;
  readonly interior: boolean;
  /** Cables by which it connects to others. */
  readonly cables: Cable[] = [];
  /** Its ends of connections. */
  readonly channels = new Set<SimChannel>();
  /** Called at the beginning of every life. */
  onStart: () => void = () => {};
  /** Called at its end. */
  onEnd: () => void = () => {};
  /** Lives so far. */
  lives = 0;
  /** The clock of this life, or of the last one. */
  clock: NodeClock;
  readonly #deps: NodeDeps;
  #life: Life | undefined;

  constructor(id: string, interior: boolean, deps: NodeDeps) {
    this.id = id;
    this.interior = interior;
    this.#deps = deps;
    this.clock = new NodeClock(deps.time, 0, 1);
  }

  /** True while it runs, frozen or not. */
  get running(): boolean {
    return this.#life !== undefined;
  }

  /** The router; only while it runs. */
  get router(): Router {
    return this.#life!.router;
  }

  /** The transit part of an interior; only while it runs. */
  get transit(): Transit {
    return this.#life!.transit!;
  }

  /** The interior that an edge uses now. */
  get uplink(): string | undefined {
    return this.#life?.links.status().find(({ state }) => state === "active")?.remote;
  }

  /** Starts a life. */
  start(): void {
    const { time, random } = this.#deps;
    this.lives++;
    const clock = new NodeClock(time, random.between(0, 1e6), random.between(0.97, 1.03));
    this.clock = clock;
    const router = new Router({ id: this.id, role: this.interior ? "interior" : "edge" }, clock);
    const targets = this.cables.map((cable) => this.#target(cable));
    const retry = () => new Backoff({ random: random.next });
    const logger = this.#logger();
    const accepted = new Set<AcceptedPeer | AcceptedRouter>();
    if (!this.interior) {
      const links = new EdgeLinks(router, targets, retry, logger, () => {});
      this.#life = { router, transit: undefined, groups: undefined, links, accepted, onAlone: () => {}, shut: false };
    } else {
      const transit = new Transit(router, this.lives, logger, () => {});
      const groups = new ConnectionGroups(router, transit, logger);
      const links = new InteriorLinks(router, transit, retry, logger, () => {});
      this.#life = { router, transit, groups, links, accepted, onAlone: () => {}, shut: false };
      transit.start();
      for (const target of targets) links.add(target);
    }
    this.onStart();
  }

  /** A connection comes in by `cable`. */
  accept(channel: Channel, cable: Cable): void {
    const life = this.#life;
    if (life === undefined) return;
    if (life.shut) return channel.destroy();
    let timeout = () => {};
    const events = {
      onOpen: () => timeout(),
      onGone: (peer: AcceptedPeer | AcceptedRouter) => {
        timeout();
        life.accepted.delete(peer);
        if (life.accepted.size === 0) life.onAlone();
      },
    };
    const peer = cable.client.interior
      ? new AcceptedRouter(life.groups!, channel, cable, events)
      : new EdgePeer(life.router, channel, events);
    life.accepted.add(peer);
    timeout = this.clock.after(HANDSHAKE_MS, () => channel.destroy());
    peer.start();
  }

  /** It is killed: its kernel ends its connections. */
  die(): void {
    this.clock.die();
    this.#life = undefined;
    this.onEnd();
    for (const channel of this.channels) channel.orphan();
    this.channels.clear();
  }

  /** It stops in order, and exits; resolves when it has. One that is killed before does not. */
  stop(): Promise<void> {
    const life = this.#life;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (life === undefined) return Promise.resolve();
    this.clock.run(async () => {
      if (this.#deps.departures && life.transit !== undefined) {
        life.shut = true;
        await depart(life.router, life.transit, LEAVE_MS);
      }
      const links = life.links.stop();
      for (const { peer } of life.accepted) peer.close();
      await links;
      life.transit?.stop();
      const exit = () => {
        cancel();
        if (this.#life !== life) return;
        this.die();
        resolve();
      };
      const cancel = this.clock.after(EXIT_MS, exit);
      life.onAlone = exit;
      if (life.accepted.size === 0) exit();
    });
    return promise;
  }

  #target(cable: Cable): LinkTarget {
    const { name, cost, measured } = cable;
    return { name, cost, measured, endpoint: cable.server.id, connect: (signal) => cable.connect(signal) };
  }

  #logger(): Logger {
    const log = (level: string) => (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      const facts = Object.entries(fields).filter(([, value]) => value !== undefined);
      this.#deps.story(`${this.id} ${level} ${message} ${facts.map(([key, value]) => `${key}=${value}`).join(" ")}`);
    };
    return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  }
}
