import assert from "node:assert/strict";
import { AmqpSymbol, type AmqpValue, type Attach } from "../../agent/amqp/codec/types.ts";
import type { Link } from "../../agent/amqp/link_table.ts";
import { SYSTEM_CLOCK } from "../../agent/lib/clock.ts";
import { DISABLE_Q2, STREAMING } from "../../agent/router/annotations.ts";
import {
  CONNECTION_TRUNKING,
  ROUTER_CONTROL,
  routerConnectionOptions,
  terminus,
} from "../../agent/router/capabilities.ts";
import { Peer } from "../../agent/router/peer.ts";
import { Router } from "../../agent/router/router.ts";
import { Taker } from "../../agent/router/testing_consumer.ts";
import { silentLogger } from "../../agent/telemetry/log.ts";
import { channelPair } from "../../tests/support/channel_pair.ts";
import { until } from "../../tests/support/until.ts";
import { begin, message } from "../../tests/support/wire_peer.ts";
import type { Channel } from "../../agent/transport/channel.ts";
import { AcceptedRouter } from "./accepted_router.ts";
import { ConnectionGroups } from "./connection_groups.ts";
import { CORRELATOR_PROPERTY, DATA_ROLE, ORDINAL_PROPERTY, ROLE_PROPERTY } from "./interior_options.ts";
import { Transit } from "./transit.ts";

/** How a connection differs from the control connection of a C router. */
interface Connecting {
  readonly data?: boolean;
  readonly id?: string;
  readonly certificate?: string;
  /** Common name in that. */
  readonly commonName?: string;
  readonly trunking?: boolean;
}

/** An interior that accepts, and a C router played by hand that opens connections to it as wire-protocol A.6 has it. */
class Network {
  readonly router = new Router({ id: "near", role: "interior" });
  readonly transit = new Transit(this.router, 1, silentLogger, () => {});
  readonly groups = new ConnectionGroups(this.router, this.transit, silentLogger);
  readonly #peers: Peer[] = [];

  /** Opens a connection of the group `correlator` with `certificate`; resolves once it is open. */
  async connect(
    correlator: string,
    ordinal: number,
    { data = false, id = "far", certificate, commonName, trunking = true }: Connecting = {},
  ): Promise<Peer> {
    const [plain, far] = channelPair();
    const subject = commonName === undefined ? undefined : `CN=${commonName}`;
    const peer = { ...plain.peer, fingerprint: certificate, subject, commonName };
    const near: Channel = Object.assign(plain, { peer });
    const accepted = new AcceptedRouter(this.groups, near, { cost: 1, measured: false }, { onOpen() {}, onGone() {} });
    accepted.start();
    const properties: [AmqpValue, AmqpValue][] = [
      [new AmqpSymbol(CORRELATOR_PROPERTY), correlator],
      [new AmqpSymbol(ORDINAL_PROPERTY), { type: "ulong", value: BigInt(ordinal) }],
    ];
    if (data) properties.push([new AmqpSymbol(ROLE_PROPERTY), { type: "int", value: DATA_ROLE }]);
    const more = { capabilities: trunking ? [CONNECTION_TRUNKING] : [], properties };
    const options = routerConnectionOptions("client", id, subject !== undefined, "near", more);
    const wire = new Peer(far, options, false, SYSTEM_CLOCK, {
      onOpen() {},
      onAttach: (link: Link, _attach: Attach) => {
        if (link.role === "sender") return link.accept({});
        link.accept({ onDelivery() {} });
        link.keepCredit(10);
      },
      onGone: () => this.#peers.splice(this.#peers.indexOf(wire), 1),
    });
    this.#peers.push(wire);
    wire.start();
    await until(() => wire.connection.isOpen || !this.#peers.includes(wire));
    return wire;
  }

  /** Opens the control link pair of `peer`; resolves once the neighbour is up. */
  async control(peer: Peer): Promise<void> {
    const end = terminus(undefined, ROUTER_CONTROL);
    const session = peer.connection.beginSession("control");
    session.attachReceiver({ name: "c-in", source: end, target: end }, { onDelivery() {} }).keepCredit(100);
    session.attachSender({ name: "c-out", source: end, target: end }, {});
    const before = this.transit.neighbours.size;
    await until(() => this.transit.neighbours.size > before);
  }

  open(peer: Peer): boolean {
    return this.#peers.includes(peer);
  }

  async stop(): Promise<void> {
    for (const peer of [...this.#peers]) peer.close();
    await until(() => this.#peers.length === 0);
  }
}

Deno.test("a link that is up already is not opened twice with the same credentials", async () => {
  const network = new Network();
  const first = await network.connect("link", 3);
  const second = await network.connect("link", 3);
  await until(() => !network.open(second));
  assert.ok(network.open(first));
  await network.stop();
});

Deno.test("newer credentials open the link once more, and take over", async () => {
  const network = new Network();
  await network.control(await network.connect("link", 3));
  await network.control(await network.connect("link", 4));
  const [older, newer] = [...network.transit.neighbours.keys()];
  const { engine } = network.transit;
  const hello = (link: number) =>
    engine.received({ opcode: "HELLO", id: "far", instance: 1, seen: ["near"] }, link, 1, 0);
  hello(older);
  hello(newer);
  assert.equal(engine.adjacencies.get("far")?.link, newer);
  await network.stop();
});

Deno.test("streams come in by data connections, whether their control connection is there or not", async () => {
  const network = new Network();
  const taker = new Taker();
  const withdraw = network.router.addresses.add("Mkey", taker);
  const data = await network.connect("link", 1, { data: true });
  const link = data.connection.beginSession("streams").attachSender({ name: "s", source: {}, target: {} }, {});
  await until(() => link.ready);
  const annotations = { flags: STREAMING | DISABLE_Q2, ingress: "0/far", trace: ["0/far"] };
  begin(link, message({ to: "key", body: "hello", annotations }));
  await until(() => taker.taken.length === 1);
  assert.match(taker.taken[0].text, /hello/);
  withdraw();
  await network.stop();
});

Deno.test("nobody gets the streams of a neighbour by naming its link", async () => {
  const network = new Network();
  await network.control(await network.connect("link", 3, { certificate: "far's" }));
  const [neighbour] = network.transit.neighbours.values();
  const joined: string[] = [];
  const add = neighbour!.streams.add.bind(neighbour!.streams);
  neighbour!.streams.add = (peer) => {
    joined.push(`${peer.containerId} ${peer.channel.peer.fingerprint}`);
    add(peer);
  };
  await network.connect("link", 3, { data: true, id: "stranger", certificate: "far's" });
  await network.connect("link", 3, { data: true, certificate: "another" });
  assert.deepEqual(joined, []);
  await network.connect("link", 3, { data: true, certificate: "far's" });
  assert.deepEqual(joined, ["far far's"]);
  await network.stop();
});

Deno.test("nobody takes the link of another router over, or keeps it from being opened", async () => {
  const network = new Network();
  await network.control(await network.connect("link", 3));
  await network.connect("link", 9, { id: "stranger" });
  const [neighbour] = network.transit.neighbours.values();
  assert.equal(neighbour!.superseded, false);
  assert.ok(network.open(await network.connect("link", 4)));
  assert.equal(neighbour!.superseded, true);
  await network.stop();
});

Deno.test("a link is renewed by a certificate of the same name, and by nobody who calls itself by its router's id", async () => {
  const network = new Network();
  await network.control(await network.connect("link", 3, { certificate: "far's", commonName: "far" }));
  const [neighbour] = network.transit.neighbours.values();
  for (const other of [{ certificate: "another's", commonName: "another" }, {}]) {
    assert.ok(network.open(await network.connect("link", 9, other)));
    assert.equal(neighbour!.superseded, false);
  }
  const renewed = await network.connect("link", 4, { certificate: "far's next", commonName: "far" });
  assert.ok(network.open(renewed), "whoever took a higher ordinal does not keep it out");
  assert.equal(neighbour!.superseded, true);
  await network.stop();
});

Deno.test("nothing is kept of connections that were refused, can't take streams, or are gone", async () => {
  const network = new Network();
  const control = await network.connect("link", 3);
  const refused = await network.connect("link", 2);
  await until(() => !network.open(refused));
  const mute = await network.connect("other", 1, { data: true, trunking: false });
  assert.equal(network.groups.size, 1);
  const data = await network.connect("third", 1, { data: true });
  assert.equal(network.groups.size, 2);
  for (const peer of [control, mute, data]) peer.close();
  await until(() => network.groups.size === 0);
  await network.stop();
});

Deno.test("another router with our id is refused", async () => {
  const network = new Network();
  const [near, far] = channelPair();
  new AcceptedRouter(network.groups, near, { cost: 1, measured: false }, { onOpen() {}, onGone() {} }).start();
  let reason: string | undefined;
  const peer = new Peer(far, routerConnectionOptions("client", "near", false, "near"), false, SYSTEM_CLOCK, {
    onOpen() {},
    onAttach() {},
    onGone: ({ remote }) => reason = remote?.description ?? "closed",
  });
  peer.start();
  await until(() => reason !== undefined);
  assert.match(reason ?? "", /router id is ours/);
});
