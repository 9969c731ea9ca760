import assert from "node:assert/strict";
import { DISABLE_Q2, NO_ANNOTATIONS, STREAMING } from "../../agent/router/annotations.ts";
import type { Downstream } from "../../agent/router/flow.ts";
import type { OutboundLink } from "../../agent/router/outbound_link.ts";
import { Router } from "../../agent/router/router.ts";
import { routed, Taker } from "../../agent/router/testing_consumer.ts";
import { silentLogger } from "../../agent/telemetry/log.ts";
import type { Channel } from "../../agent/transport/channel.ts";
import { channelPair } from "../../tests/support/channel_pair.ts";
import { until } from "../../tests/support/until.ts";
import { message as messageTo } from "../../tests/support/wire_peer.ts";
import { AcceptedRouter } from "./accepted_router.ts";
import { ConnectionGroups } from "./connection_groups.ts";
import { InteriorLinks } from "./interior_links.ts";
import { Transit } from "./transit.ts";

/** A client of `router` begins a stream to `key`. */
function begin(router: Router): Downstream {
  const annotations = { ...NO_ANNOTATIONS, flags: STREAMING | DISABLE_Q2 };
  const message = routed({ start: messageTo({ to: "key", body: "hello" }), complete: false, annotations });
  const downstream = router.route(message, { drained() {}, consumerState() {} });
  assert.ok(downstream !== undefined);
  return downstream;
}

/** A connection as the test sees it: this end of it, and who is at the other. */
interface Dialled {
  readonly channel: Channel;
  readonly accepted: AcceptedRouter;
}

/** Two interiors, of which `near` dials `far`; `third` answers data connections instead, where a test wants that. */
class Network {
  readonly near = new Router({ id: "near", role: "interior" });
  readonly far = new Router({ id: "far", role: "interior" });
  readonly #third = new Router({ id: "third", role: "interior" });
  readonly dialled: Dialled[] = [];
  readonly link: OutboundLink;
  readonly #links: InteriorLinks;
  readonly #transits: Transit[] = [];

  constructor(misled = false) {
    const [near, far, third] = [this.near, this.far, this.#third].map((router) => {
      const transit = new Transit(router, 1, silentLogger, () => {});
      transit.start();
      this.#transits.push(transit);
      return { transit, groups: new ConnectionGroups(router, transit, silentLogger) };
    });
    const retry = () => ({ next: () => 10, reset() {} });
    this.#links = new InteriorLinks(this.near, near!.transit, retry, silentLogger, () => {});
    this.link = this.#links.add({
      name: "far",
      cost: 1,
      measured: false,
      endpoint: "memory",
      connect: (_signal, address) => {
        const [channel, other] = channelPair();
        const { groups } = address !== undefined && misled ? third! : far!;
        const accepted = new AcceptedRouter(groups, other, { cost: 1, measured: false }, { onOpen() {}, onGone() {} });
        accepted.start();
        this.dialled.push({ channel, accepted });
        return Promise.resolve(channel);
      },
    });
  }

  /** Roles of the connections that `far` has accepted and that are up. */
  get roles(): string[] {
    return [...this.far.peers.all].map(({ role }) => role);
  }

  /** Sends the beginning of a stream from one router to the other; resolves with the connection that carries it. */
  async stream(from: Router, to: Router): Promise<string> {
    const taker = new Taker();
    const withdraw = to.addresses.add("Mkey", taker);
    await until(() => from.addresses.get("Mkey") !== undefined);
    const downstream = begin(from);
    await until(() => taker.taken.length === 1);
    const carriers = [...from.peers.all].filter(({ peer }) =>
      [...peer.connection.links()].some((link) => link.role === "sender" && link.busy)
    );
    downstream.abort();
    withdraw();
    await until(() => from.addresses.get("Mkey") === undefined);
    return carriers.map(({ role }) => role).join(" ");
  }

  async stop(): Promise<void> {
    await this.#links.stop();
    await until(() => this.far.peers.size === 0);
    for (const transit of this.#transits) transit.stop();
  }
}

Deno.test("streams of both sides take the data connection, and the control connection while there is none", async () => {
  const network = new Network();
  const { near, far } = network;
  await until(() => network.roles.length === 2);
  assert.deepEqual(network.roles, ["inter-router", "inter-router-data"]);
  assert.equal(await network.stream(near, far), "inter-router-data");
  assert.equal(await network.stream(far, near), "inter-router-data");

  network.dialled[1]!.channel.destroy();
  await until(() => network.roles.length === 1);
  await until(() => network.roles.length === 2);
  assert.equal(network.dialled.length, 3, "it was dialled again");
  assert.equal(await network.stream(near, far), "inter-router-data");
  await network.stop();
});

Deno.test("a data connection ends with its control connection, and comes back with the next one", async () => {
  const network = new Network();
  await until(() => network.roles.length === 2);
  network.dialled[0]!.channel.destroy();
  await until(() => network.roles.length === 0);
  await until(() => network.roles.length === 2);
  assert.equal(network.dialled.length, 4);
  assert.equal(await network.stream(network.near, network.far), "inter-router-data");
  await network.stop();
});

Deno.test("a data connection that is being closed gets no stream any more", async () => {
  const network = new Network();
  await until(() => network.roles.length === 2);
  const taker = new Taker();
  network.near.addresses.add("Mkey", taker);
  await until(() => network.far.addresses.get("Mkey") !== undefined);
  network.dialled[1]!.accepted.peer.close();
  assert.deepEqual(network.roles, ["inter-router", "inter-router-data"]);
  const downstream = begin(network.far);
  await until(() => taker.taken.length === 1);
  downstream.abort();
  await network.stop();
});

Deno.test("a data connection that leads to another router is given up, and streams go on without", async () => {
  const network = new Network(true);
  await until(() => network.dialled.length > 3);
  assert.deepEqual(network.roles, ["inter-router"]);
  assert.equal(await network.stream(network.near, network.far), "inter-router");
  await network.stop();
});

Deno.test("what a data connection carries counts as carried by its link", async () => {
  const network = new Network();
  await until(() => network.roles.length === 2);
  const taker = new Taker();
  network.far.addresses.add("Mkey", taker);
  await until(() => network.near.addresses.get("Mkey") !== undefined);
  const downstream = begin(network.near);
  await until(() => taker.taken.length === 1);
  assert.equal(network.link.status(true).connections, 1);
  const retired = network.link.retire(60_000, () => true);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(network.roles.length, 2, "the link waits for it");
  downstream.abort();
  await retired;
  await network.stop();
});
