/** `$management` of edges and interiors, asked from anywhere in a network in one process. */

import assert from "node:assert/strict";
import type { DeliveryState } from "../../agent/amqp/codec/types.ts";
import type { Receiver } from "../../agent/amqp/receiver.ts";
import type { Sender } from "../../agent/amqp/sender.ts";
import { LOCAL_PROGRAM } from "../../agent/lib/endpoint.ts";
import { TendrilError } from "../../agent/lib/errors.ts";
import { LiveRouter } from "../../agent/management/live_router.ts";
import { ManagementNode, MAX_REQUEST_OCTETS } from "../../agent/management/management_node.ts";
import { MAX_WAITING_OCTETS, MAX_WAITING_PER_ASKER } from "../../agent/management/waiting_answers.ts";
import { managementAddress, ManagementClient } from "../../agent/management/client.ts";
import { decodeAnswer, encodeRequest } from "../../agent/management/message.ts";
import { plain } from "../../agent/management/values.ts";
import { ClientPeer } from "../../agent/router/client_peer.ts";
import { EdgeLinks } from "../../agent/router/edge_links.ts";
import { Router } from "../../agent/router/router.ts";
import { silentLogger } from "../../agent/telemetry/log.ts";
import type { Channel } from "../../agent/transport/channel.ts";
import { EdgePeer } from "../../interior/edges/edge_peer.ts";
import { AcceptedRouter } from "../../interior/transit/accepted_router.ts";
import { ConnectionGroups } from "../../interior/transit/connection_groups.ts";
import { InteriorLinks } from "../../interior/transit/interior_links.ts";
import { networkView } from "../../interior/transit/network_view.ts";
import { Transit } from "../../interior/transit/transit.ts";
import { channelPair } from "../support/channel_pair.ts";
import { until } from "../support/until.ts";
import { send, WirePeer } from "../support/wire_peer.ts";

const RETRY = () => ({ next: () => 5, reset() {} });
const EVENTS = { onOpen() {}, onGone() {} };
const TIMEOUT_MS = 10_000;

/** What has to be stopped, in order. */
type Stops = (() => Promise<void> | void)[];

/** Two interiors over a link of cost 3, with an edge at each: WEST - A - B - EAST. */
class TestNetwork implements AsyncDisposable {
  readonly #stops: Stops = [];
  readonly a = new Interior("A", this.#stops);
  readonly b = new Interior("B", this.#stops);
  readonly west: Router;
  readonly east: Router;

  constructor() {
    const { router, groups } = this.b;
    const target = {
      name: "b",
      cost: 3,
      measured: false,
      endpoint: "memory",
      connect: () => {
        const [client, server] = channelPair();
        new AcceptedRouter(groups, server, { cost: 1, measured: false }, EVENTS).start();
        return Promise.resolve(client);
      },
    };
    const links = new InteriorLinks(this.a.router, this.a.transit, RETRY, silentLogger, () => {});
    links.add(target);
    this.#stops.unshift(() => links.stop());
    this.west = this.#edge("WEST", this.a.router);
    this.east = this.#edge("EAST", router);
  }

  #edge(id: string, interior: Router): Router {
    const router = new Router({ id, role: "edge" });
    const connect = () => Promise.resolve(accept((channel) => new EdgePeer(interior, channel, EVENTS)));
    const target = { name: "up", cost: 1, measured: false, endpoint: "memory", connect };
    const links = new EdgeLinks(router, [target], RETRY, silentLogger, () => {});
    this.#stops.unshift(new ManagementNode(router, new LiveRouter(router)).start());
    this.#stops.unshift(() => links.stop());
    return router;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops) await stop();
    await until(() => [this.a, this.b].every(({ router }) => router.peers.size === 0));
  }
}

class Interior {
  readonly router: Router;
  readonly transit: Transit;
  readonly groups: ConnectionGroups;

  constructor(id: string, stops: Stops) {
    this.router = new Router({ id, role: "interior" });
    this.transit = new Transit(this.router, 1, silentLogger, () => {});
    this.transit.start();
    this.groups = new ConnectionGroups(this.router, this.transit, silentLogger);
    const live = new LiveRouter(this.router, networkView(this.router, this.transit));
    stops.push(new ManagementNode(this.router, live).start(), () => this.transit.stop());
  }
}

/** The near end of a connection, the far end of which `serve` takes as one from `address`. */
function accept(serve: (channel: Channel) => { start(): void }, address = "memory:2"): Channel {
  const [near, far] = channelPair(["memory:1", address]);
  serve(far).start();
  return near;
}

function connect(router: Router, address?: string): Promise<ManagementClient> {
  const channel = accept((channel) => new ClientPeer(router, channel, EVENTS), address);
  return ManagementClient.connect(channel, TIMEOUT_MS);
}

/** Runs `body` with a client at `router`. */
async function asking(
  router: Router,
  body: (client: ManagementClient) => Promise<void>,
  address?: string,
): Promise<void> {
  const client = await connect(router, address);
  try {
    await body(client);
  } finally {
    await client.close();
  }
}

/** Waits until both interiors have a path to each other, and both edges are linked. */
async function settled({ a, b, west, east }: TestNetwork): Promise<void> {
  const linked = (router: Router) => router.uplink !== undefined;
  await until(() => a.transit.engine.paths.knows("B") && b.transit.engine.paths.knows("A"));
  await until(() => linked(west) && linked(east) && a.router.addresses.get("HEAST") !== undefined);
  await until(() => b.router.addresses.get("HWEST") !== undefined);
}

const identity = (id: string, role: "interior" | "edge") => managementAddress({ id, role });

Deno.test("every router answers every other one, edges and interiors alike", async () => {
  await using network = new TestNetwork();
  await settled(network);
  const nodes = [
    [identity("A", "interior"), "A"],
    [identity("B", "interior"), "B"],
    [identity("WEST", "edge"), "WEST"],
    [identity("EAST", "edge"), "EAST"],
    ["_topo/0/B/$management", "B"],
    ["_edge/EAST/$management", "EAST"],
  ];
  const { a, b, west, east } = network;
  for (const router of [a.router, b.router, west, east]) {
    await asking(router, async (client) => {
      const { id, role } = router.identity;
      for (const [to, expected] of [...nodes, ["$management", id], ["_local/$management", id]]) {
        assert.deepEqual((await client.query(to!, "router", ["id"])).map((row) => row["id"]), [expected], to);
      }
      assert.equal((await client.read(identity(id, role), "router", `router/${id}`))["mode"], role);
    });
  }
});

Deno.test("what is told of routers, connections, links and addresses is what there is", async () => {
  await using network = new TestNetwork();
  await settled(network);
  const { a, b } = network;
  await asking(a.router, async (client) => {
    const here = managementAddress();
    const nodes = await client.query(here, "router.node", ["id", "nextHop", "cost", "linkState", "validOrigins"]);
    assert.deepEqual(nodes, [
      { id: "A", nextHop: "(self)", cost: null, linkState: ["B"], validOrigins: [] },
      { id: "B", nextHop: null, cost: 3, linkState: ["A"], validOrigins: [] },
    ]);
    const connections = await client.query(here, "connection", ["container", "role", "dir", "cost", "active"]);
    const to = (container: string) => connections.find((row) => row["container"] === container);
    assert.deepEqual(to("B"), { container: "B", role: "inter-router", dir: "out", cost: 3, active: true });
    assert.deepEqual(to("WEST"), { container: "WEST", role: "edge", dir: "in", cost: null, active: true });
    const links = await client.query(here, "router.link", ["linkType", "linkDir", "owningAddr", "priority"]);
    const has = (wanted: Record<string, unknown>) =>
      links.some((link) => Object.entries(wanted).every(([name, value]) => link[name] === value));
    assert.ok(has({ linkType: "router-control", linkDir: "in", priority: 9 }));
    for (let priority = 0; priority < 10; priority++) assert.ok(has({ linkType: "inter-router", priority }));
    assert.ok(has({ linkType: "edge-downlink", linkDir: "out", owningAddr: "HWEST" }));
    const remote = identity("B", "interior");
    const before = await client.query(remote, "router.address", ["name", "remoteHostRouters", "deliveriesToContainer"]);
    const address = (name: string) => before.find((row) => row["name"] === name);
    assert.deepEqual(address("HWEST")?.["remoteHostRouters"], ["A"]);
    assert.equal(address("L$management")?.["deliveriesToContainer"], 1);
    assert.equal(b.router.addresses.get("M$management"), undefined);
  });
});

Deno.test("management is nobody's routing key: no router tells another of it", async () => {
  await using network = new TestNetwork();
  await settled(network);
  const { a, b } = network;
  await asking(b.router, async (client) => {
    const addresses = await client.query(managementAddress(), "router.address", ["key", "remoteCount"]);
    assert.deepEqual(addresses.filter(({ key }) => `${key}`.includes("management")), [
      { key: "L$management", remoteCount: 0 },
    ]);
  });
  assert.ok(![...a.transit.engine.nodes.values()].some((node) => [...node.addresses.keys()].includes("M$management")));
});

Deno.test("a router that nobody knows is told at once, one that does not know the operation says so", async () => {
  await using network = new TestNetwork();
  await settled(network);
  await asking(network.west, async (client) => {
    const code = (expected: string) => (error: unknown) => error instanceof TendrilError && error.code === expected;
    const nowhere = client.query(identity("NOPE", "interior"), "router");
    await assert.rejects(nowhere, code("MANAGEMENT_UNREACHABLE"));
    await assert.rejects(client.ask(identity("B", "interior"), "GET-LOG"), code("MANAGEMENT_REFUSED"));
  });
});

Deno.test("an answer of many frames comes whole, and so do many answers at once", async () => {
  await using network = new TestNetwork();
  await settled(network);
  const consumer = { origin: undefined, cost: 0, remote: true, outstanding: 0 };
  const keys = Array.from({ length: 3000 }, (_, at) => `Mservice-${at}-${"x".repeat(50)}`);
  const { addresses } = network.b.router;
  for (const key of keys) addresses.add(key, { ...consumer, deliver: () => assert.fail("nothing is sent there") });
  await asking(network.west, async (client) => {
    const ask = () => client.query(identity("B", "interior"), "router.address");
    const answers = await Promise.all([ask(), ask(), ask(), ask()]);
    for (const rows of answers) {
      assert.deepEqual(rows.map(({ key }) => key).filter((key) => `${key}`.startsWith("Mservice")), keys);
    }
  });
});

Deno.test("thousands of questions at once are all answered: they wait their turn", async () => {
  await using network = new TestNetwork();
  await settled(network);
  await asking(network.west, async (client) => {
    const ask = () => client.query(identity("B", "interior"), "router", ["id"]);
    const answers = await Promise.all(Array.from({ length: 5000 }, ask));
    assert.ok(answers.every(([row]) => row?.["id"] === "B"));
  });
});

Deno.test("requests that are too large, malformed or want no answer are refused, and cost nothing", async () => {
  await using network = new TestNetwork();
  const { router } = network.a;
  const wire = new WirePeer(accept((channel) => new ClientPeer(router, channel, EVENTS)), "client", "asker", false);
  const answers = await wire.receiver({ dynamic: true });
  const replyTo = answers.remote?.source?.address ?? "";
  const request = (body: string, back: string) =>
    encodeRequest({ properties: [["operation", "QUERY"]], body }, "$management", { replyTo: back, correlationId: "1" });
  const outcome = async (bytes: Uint8Array) => {
    const sent = send(await wire.sender({ address: "$management" }), bytes);
    await until(() => sent.states.length > 0);
    return sent.states[0]?.state;
  };
  const large = await outcome(request("x".repeat(MAX_REQUEST_OCTETS * 3), replyTo));
  assert.ok(large?.kind === "rejected" && large.error?.condition === "amqp:link:message-size-exceeded");
  await until(() => wire.arrived.length === 1);
  assert.equal(decodeAnswer(wire.arrived[0]!.octets.subarray())?.status, 400);
  assert.equal(plain(decodeAnswer(wire.arrived[0]!.octets)?.correlationId ?? null), "1");
  for (const bytes of [new TextEncoder().encode("rubbish"), request("", "").subarray(0, 30)]) {
    assert.equal((await outcome(bytes))?.kind, "rejected");
  }
  // Nobody is there to read it: the request is taken all the same.
  assert.equal((await outcome(request("", "amqp:/_topo/0/A/temp.gone")))?.kind, "accepted");
  await wire.close();
});

Deno.test("answers that nobody fetches are bounded: requests are rejected until they are", async () => {
  await using network = new TestNetwork();
  const { router } = network.a;
  await using idle = await IdleAsker.connect(router);
  await idle.askUntilFull();
  // The link for answers goes away: what waited for it is forgotten.
  idle.answers.close();
  await until(async () => (await idle.ask())?.kind === "accepted");
});

Deno.test("one that fetches no answers keeps nobody else from theirs, wherever it asks", async () => {
  await using network = new TestNetwork();
  await settled(network);
  const { a, b, west } = network;
  for (const from of [a.router, b.router]) {
    await using idle = await IdleAsker.connect(a.router, from);
    await idle.askUntilFull();
    for (const router of [a.router, b.router, west]) {
      await asking(router, async (client) => {
        const [row] = await client.query(identity("A", "interior"), "router", ["id"]);
        assert.equal(row?.["id"], "A", `asked at ${router.identity.id}`);
      });
    }
  }
});

Deno.test("programs of this machine are answered, whatever others leave waiting", async () => {
  await using network = new TestNetwork();
  const { router } = network.a;
  await using idle = new AsyncDisposableStack();
  // So many that what waits for all of them is bounded, too.
  const askers = [];
  for (let count = 0; count <= MAX_WAITING_OCTETS / MAX_WAITING_PER_ASKER; count++) {
    askers.push(idle.use(await IdleAsker.connect(router)));
  }
  await Promise.all(askers.map((asker) => asker.askUntilFull()));
  const look = async (client: ManagementClient) => void await client.query(managementAddress(), "router", ["id"]);
  await assert.rejects(asking(router, look), /too many answers wait/);
  await asking(router, look, LOCAL_PROGRAM);
});

/** A client that asks long questions, and fetches no answers. */
class IdleAsker implements AsyncDisposable {
  readonly answers: Receiver;
  readonly #wires: readonly WirePeer[];
  readonly #questions: Sender;
  readonly #question: Uint8Array;

  private constructor(wires: readonly WirePeer[], questions: Sender, answers: Receiver, to: string) {
    this.#wires = wires;
    this.#questions = questions;
    this.answers = answers;
    // What it says comes back with the answer.
    const back = { replyTo: answers.remote?.source?.address ?? "", correlationId: "x".repeat(60_000) };
    this.#question = encodeRequest({ properties: [["operation", "GET-SCHEMA"]], body: null }, to, back);
  }

  /** Has its answers at `router`, which it asks by way of `from`. */
  static async connect(router: Router, from: Router = router): Promise<IdleAsker> {
    const connect = (at: Router) =>
      new WirePeer(accept((channel) => new ClientPeer(at, channel, EVENTS)), "client", "idle", false);
    const receiving = connect(router);
    const asking = router === from ? receiving : connect(from);
    const to = identity(router.identity.id, "interior");
    const answers = await receiving.receiver({ dynamic: true }, 0);
    return new IdleAsker([receiving, asking], await asking.sender({ address: to }), answers, to);
  }

  async ask(): Promise<DeliveryState | undefined> {
    const sent = send(this.#questions, this.#question);
    await until(() => sent.states.length > 0);
    return sent.states[0]?.state;
  }

  async askUntilFull(): Promise<void> {
    for (let taken = 0; taken < 1000; taken++) {
      const state = await this.ask();
      if (state?.kind === "accepted") continue;
      assert.ok(state?.kind === "rejected" && state.error?.condition === "amqp:resource-limit-exceeded");
      return;
    }
    assert.fail("its answers pile up");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of new Set(this.#wires)) await wire.close();
  }
}

Deno.test("whoever gets no answer hears so when its time is over, or when the connection is", async () => {
  const router = new Router({ id: "A", role: "interior" });
  router.addresses.add("L$management", {
    origin: undefined,
    cost: 0,
    remote: false,
    outstanding: 0,
    deliver: () => ({ pending: 0, write() {}, end() {}, abort() {}, producerSettled() {} }),
  });
  const peers: ClientPeer[] = [];
  const serve = (channel: Channel) => peers[peers.push(new ClientPeer(router, channel, EVENTS)) - 1]!;
  const code = (expected: string) => (error: unknown) => error instanceof TendrilError && error.code === expected;
  const hasty = await ManagementClient.connect(accept(serve), 200);
  await assert.rejects(hasty.query("$management", "router"), code("MANAGEMENT_TIMEOUT"));
  await hasty.close();
  const patient = await ManagementClient.connect(accept(serve), TIMEOUT_MS);
  const asked = patient.query("$management", "router");
  peers[1]!.peer.close();
  await assert.rejects(asked, code("MANAGEMENT_LOST"));
  await assert.rejects(patient.query("$management", "router"), code("MANAGEMENT_LOST"));
  await patient.close();
});
