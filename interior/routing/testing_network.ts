/** Several engines that talk to each other directly: every message arrives at once, over links that a test makes. */

import type { AdvertisedAddress, ControlMessage } from "./control_message.ts";
import { RoutingEngine } from "./engine.ts";

interface TestLink {
  readonly number: number;
  readonly ends: readonly [TestRouter, TestRouter];
  cost: number;
  up: boolean;
}

/** One router of a {@link TestNetwork}. */
export class TestRouter {
  readonly id: string;
  readonly engine: RoutingEngine;
  /** Addresses of other routers, as told by the engine: `key router`. */
  readonly remote = new Set<string>();
  readonly problems: string[] = [];
  /** Control links of those who have the id of another router, and that id. */
  readonly rivals: [number, string][] = [];
  /** Everything said, by opcode. */
  readonly said: ControlMessage[] = [];
  /** False: what is sent to it is lost. */
  deaf = false;
  readonly #network: TestNetwork;

  constructor(network: TestNetwork, id: string, instance: number) {
    this.id = id;
    this.#network = network;
    this.engine = new RoutingEngine({ id, instance }, {
      hello: (message) => this.#say(message, (link) => network.deliver(this, link, message)),
      flood: (message) => this.#say(message, () => {}, () => network.toAll(this, message)),
      multicast: (message) => this.#say(message, () => {}, () => network.toAll(this, message)),
      unicast: (router, message) => this.#say(message, () => {}, () => network.toOne(this, router, message)),
      topologyChanged: () => {},
      addressesChanged: (router, added: readonly AdvertisedAddress[], removed) => {
        for (const key of removed) this.remote.delete(`${key} ${router}`);
        for (const { key } of added) this.remote.add(`${key} ${router}`);
      },
      rival: (link, router) => this.rivals.push([link, router]),
      problem: (code) => this.problems.push(code),
    });
  }

  /** How often `opcode` was said. */
  count(opcode: ControlMessage["opcode"]): number {
    return this.said.filter((message) => message.opcode === opcode).length;
  }

  #say(message: ControlMessage, perLink: (link: TestLink) => void, once: () => void = () => {}): void {
    this.said.push(message);
    for (const link of this.#network.linksOf(this)) perLink(link);
    once();
  }
}

/** See the head of the file. */
export class TestNetwork {
  readonly routers = new Map<string, TestRouter>();
  now = 1_000_000;
  readonly #links: TestLink[] = [];
  readonly #queue: (() => void)[] = [];
  #draining = false;

  /** Adds a router, or starts it anew. */
  start(id: string, instance = 1): TestRouter {
    const router = new TestRouter(this, id, instance);
    const old = this.routers.get(id);
    this.routers.set(id, router);
    for (const link of old === undefined ? [] : this.linksOf(old)) this.link(id, other(link, old!).id, link.cost);
    if (old !== undefined) { for (const link of this.linksOf(old)) this.cut(link); }
    return router;
  }

  /** Joins two routers. */
  link(one: string, two: string, cost = 1): TestLink {
    const ends: [TestRouter, TestRouter] = [this.routers.get(one)!, this.routers.get(two)!];
    const link = { number: this.#links.length + 1, ends, cost, up: true };
    this.#links.push(link);
    for (const end of ends) end.engine.sayHello(this.now);
    this.#drain();
    return link;
  }

  /** Ends a link, in a way that both ends notice. */
  cut(link: TestLink): void {
    link.up = false;
    for (const end of link.ends) end.engine.linkLost(link.number, this.now);
    this.#drain();
  }

  linksOf(router: TestRouter): TestLink[] {
    return this.#links.filter(({ ends, up }) => up && ends.includes(router));
  }

  /** Lets `ms` pass. */
  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now += 1000;
      for (const router of this.routers.values()) router.engine.tick(this.now);
      this.#drain();
    }
  }

  deliver(from: TestRouter, link: TestLink, message: ControlMessage): void {
    const to = other(link, from);
    this.#queue.push(() => {
      if (link.up && !to.deaf) to.engine.received(message, link.number, link.cost, this.now);
    });
    if (!this.#draining) this.#drain();
  }

  /** To whoever is joined to `from`, over any number of links. */
  toAll(from: TestRouter, message: ControlMessage): void {
    const reached = new Set([from]);
    for (const router of reached) for (const link of this.linksOf(router)) reached.add(other(link, router));
    for (const router of reached) if (router !== from) this.#hand(router, message);
  }

  toOne(from: TestRouter, id: string, message: ControlMessage): void {
    const router = this.routers.get(id);
    if (router !== undefined && from.engine.paths.nextHop(id) !== undefined) this.#hand(router, message);
  }

  #hand(to: TestRouter, message: ControlMessage): void {
    this.#queue.push(() => {
      if (!to.deaf) to.engine.received(message, -1, 1, this.now);
    });
    if (!this.#draining) this.#drain();
  }

  #drain(): void {
    this.#draining = true;
    for (let step = this.#queue.shift(); step !== undefined; step = this.#queue.shift()) step();
    this.#draining = false;
  }
}

function other(link: TestLink, router: TestRouter): TestRouter {
  return link.ends[0] === router ? link.ends[1] : link.ends[0];
}
