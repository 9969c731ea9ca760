import assert from "node:assert/strict";
import { STREAMING } from "../../agent/router/annotations.ts";
import { LINK_CREDIT, MESH_DISCOVERY } from "../../agent/router/capabilities.ts";
import { encodeMeshId } from "../../agent/router/edge_messages.ts";
import { until } from "../../tests/support/until.ts";
import { begin, message, read, send } from "../../tests/support/wire_peer.ts";
import { TestInterior } from "./testing_interior.ts";

Deno.test("interior: an edge has credit towards an address only while another can be reached there", async () => {
  await using interior = new TestInterior();
  const [west, east] = [interior.edge("WEST"), interior.edge("EAST")];
  const producer = await west.wire.sender({ address: "web" }, false);
  assert.equal(producer.credit, 0);
  const own = await west.wire.receiver({ address: "web" });
  const other = await east.wire.receiver({ address: "web" });
  await until(() => producer.credit === LINK_CREDIT);
  own.close();
  const sent = send(producer, message({ to: "web", body: "hello" }));
  await until(() => east.wire.arrived.length === 1);
  east.wire.arrived[0]!.delivery.update({ kind: "accepted" }, true);
  await until(() => sent.states.length === 1);
  assert.equal(sent.states[0]?.state?.kind, "accepted");
  other.close();
  await until(() => interior.router.addresses.get("Mweb")?.consumers.length === 0);
  const late = send(producer, message({ to: "web", body: "credit was out" }));
  await until(() => late.states.length === 1);
  assert.equal(late.states[0]?.state?.kind, "released");
});

Deno.test("interior: tracking says what becomes reachable and what no longer is, never an edge's own", async () => {
  await using interior = new TestInterior();
  const [west, east] = [interior.edge("WEST"), interior.edge("EAST")];
  const { reports } = await west.tracking();
  await west.wire.sender({ address: "web" }, false);
  await west.wire.sender({ address: "own" }, false);
  await west.wire.receiver({ address: "own" });
  const consumer = await east.wire.receiver({ address: "web" });
  await until(() => reports().length === 1);
  consumer.close();
  await until(() => reports().length === 2);
  assert.deepEqual(reports(), ["Mweb true", "Mweb false"]);
});

Deno.test("interior: who opens the tracking link late learns everything that is reachable, once", async () => {
  await using interior = new TestInterior();
  const [west, east] = [interior.edge("WEST"), interior.edge("EAST")];
  await east.wire.receiver({ address: "a" });
  await east.wire.receiver({ address: "b" });
  for (const address of ["a", "b", "nobody"]) await west.wire.sender({ address }, address !== "nobody");
  const { reports } = await west.tracking();
  await until(() => reports().length === 2);
  assert.deepEqual(reports().sort(), ["Ma true", "Mb true"]);
});

Deno.test("interior: an edge without tracking credit hears the newest state only, and costs no queue", async () => {
  await using interior = new TestInterior();
  const [west, east] = [interior.edge("WEST"), interior.edge("EAST")];
  const { link, reports } = await west.tracking(0);
  const producer = await west.wire.sender({ address: "web" }, false);
  for (let round = 0; round < 3; round++) {
    const consumer = await east.wire.receiver({ address: "web" });
    await until(() => producer.credit > 0);
    if (round < 2) consumer.close();
    await until(() => (interior.router.addresses.get("Mweb")?.consumers.length ?? 0) === (round < 2 ? 0 : 1));
  }
  const forgotten = await west.wire.sender({ address: "gone" }, false);
  const consumer = await east.wire.receiver({ address: "gone" });
  forgotten.close();
  await until(() => ![...interior.router.addresses.watchedKeys()].includes("Mgone"));
  link.keepCredit(10);
  await until(() => reports().length === 1);
  assert.deepEqual(reports(), ["Mweb true"]);
  consumer.close();
});

Deno.test("interior: messages of an edge are annotated on their way, and none returns to its edge", async () => {
  await using interior = new TestInterior();
  const [west, east] = [interior.edge("WEST"), interior.edge("EAST")];
  await west.wire.receiver({ address: "mc/all" });
  await east.wire.receiver({ address: "mc/all" });
  const uplink = await west.uplink();
  const annotations = { ingressMesh: "mesh-w", trace: ["0/X"] };
  const passedOn = { ...annotations, toOverride: "mc/all", ingress: "0/X" };
  send(uplink, message({ to: "mc/all", body: "first", annotations }));
  send(uplink, message({ to: "x", body: "second", annotations: passedOn }));
  await until(() => east.wire.arrived.length === 2 && east.wire.arrived[1]!.events.includes("end"));
  const [first, second] = east.wire.arrived.map(({ octets }) => read(octets));
  assert.deepEqual(first!.annotations, {
    flags: 0,
    toOverride: undefined,
    ingress: "0/R1",
    trace: ["0/X", "0/R1"],
    ingressMesh: "mesh-w",
  });
  assert.equal(second!.annotations.toOverride, "mc/all");
  assert.equal(second!.annotations.ingress, "0/X", "where it entered the network stays");
  assert.equal(west.wire.arrived.length, 0, "no echo");
});

Deno.test("interior: edges of one mesh are one place: neither echo nor reachability between them", async () => {
  await using interior = new TestInterior();
  const [one, two, other] = [interior.edge("E1"), interior.edge("E2"), interior.edge("E3")];
  await two.wire.receiver({ address: "web" });
  const { reports } = await one.tracking();
  await one.wire.sender({ address: "web" });
  await until(() => reports().length === 1);
  await one.meshId("mesh");
  await two.meshId("mesh");
  await until(() => reports().length === 2);
  assert.deepEqual(reports(), ["Mweb true", "Mweb false"]);
  await other.wire.receiver({ address: "web" });
  await until(() => reports().length === 3);
  const sent = send(await one.uplink(), message({ to: "web", annotations: { ingressMesh: "mesh" } }));
  await until(() => other.wire.arrived.length === 1);
  assert.equal(two.wire.arrived.length, 0);
  assert.equal(sent.states.length, 0);
});

Deno.test("interior: a mesh message that is none is rejected; the address is answered as the source", async () => {
  await using interior = new TestInterior();
  const edge = interior.edge("E1");
  const link = await edge.wire.sender({ address: MESH_DISCOVERY });
  assert.equal(link.remote?.source?.address, MESH_DISCOVERY);
  const sent = send(link, message({ to: "x", body: "?" }));
  await until(() => sent.states.length === 1);
  assert.equal(sent.states[0]?.state?.kind, "rejected");
});

Deno.test("interior: a mesh id that is too long is rejected, and the last one stays", async () => {
  await using interior = new TestInterior();
  const edge = interior.edge("E1");
  const link = await edge.wire.sender({ address: MESH_DISCOVERY });
  for (const [length, kind] of [[64, "accepted"], [65, "rejected"]] as const) {
    const sent = send(link, encodeMeshId("m".repeat(length)));
    await until(() => sent.states.length === 1);
    assert.equal(sent.states[0]?.state?.kind, kind);
  }
  assert.deepEqual([...interior.peers].map(({ peer }) => peer.origin.meshId), ["m".repeat(64)]);
});

Deno.test("interior: an edge that names its mesh often is heard once a second, and the last of it counts", async () => {
  await using interior = new TestInterior();
  const edge = interior.edge("E1");
  const [{ peer: { origin } }] = interior.peers;
  const { addresses } = interior.router;
  const looks: number[] = [];
  const refresh = addresses.refresh.bind(addresses);
  addresses.refresh = () => {
    looks.push(performance.now());
    refresh();
  };
  const link = await edge.wire.sender({ address: MESH_DISCOVERY });
  const name = async (id: string) => {
    const sent = send(link, encodeMeshId(id));
    await until(() => sent.states.length === 1);
    assert.equal(sent.states[0]?.state?.kind, "accepted");
  };
  for (const id of ["one", "one", "two", "one", "two", "three"]) await name(id);
  assert.equal(origin.meshId, "one");
  await until(() => origin.meshId === "three");
  await until(() => performance.now() - looks[1]! > 1000);
  await name("three"); // It has said so.
  assert.equal(looks.length, 2);
  assert.ok(looks[1]! - looks[0]! > 990);
});

Deno.test("interior: nothing is left of an edge that goes before the mesh id counts that it named last", async () => {
  await using interior = new TestInterior();
  const edge = interior.edge("E1");
  const [{ peer: { origin } }] = interior.peers;
  for (const id of ["one", "two"]) await edge.meshId(id);
  assert.equal(origin.meshId, "one"); // The test fails when a timer outlives it.
});

Deno.test("interior: messages to an edge by name take its downlink, streams a link beside it", async () => {
  await using interior = new TestInterior();
  const [west, east] = [interior.edge("WEST"), interior.edge("EAST")];
  const downlink = await east.downlink("EAST");
  const uplink = await west.uplink();
  const to = "amqp:/_edge/EAST/temp.1";
  send(uplink, message({ to, body: "whole" }));
  await until(() => east.wire.arrived.length === 1);
  const stream = begin(uplink, message({ to, body: "stream", annotations: { flags: STREAMING } }));
  await until(() => east.wire.arrived.length === 2);
  assert.equal(east.wire.arrived[0]!.link, downlink);
  assert.match(east.wire.arrived[1]!.link.name, /^stream\./);
  stream.delivery.end();
  await until(() => east.wire.arrived[1]!.events.includes("end"));
});

Deno.test("interior: the newest connection of an edge gets what is for it; when that ends, one of another process does", async () => {
  await using interior = new TestInterior();
  const west = interior.edge("WEST");
  const [first, second, third] = ["a", "b", "b"].map((process) => interior.edge("EAST", true, process));
  const uplink = await west.uplink();
  const say = async (edge: typeof first, count: number) => {
    send(uplink, message({ to: "amqp:/_edge/EAST/temp.1", body: "x" }));
    await until(() => edge!.wire.arrived.length === count);
  };
  for (const edge of [first, second, third]) {
    await edge!.downlink("EAST");
    await say(edge, 1);
  }
  const close = async (edge: typeof first, left: number) => {
    edge!.wire.peer.close();
    await until(() => edge!.wire.gone !== undefined && interior.peers.size === left);
  };
  await close(third, 3);
  await say(first, 2); // That of the same process may be dead.
  await close(first, 2);
  send(uplink, message({ to: "amqp:/_edge/EAST/temp.1", body: "x" }));
  await close(second, 1);
  assert.deepEqual([first, second, third].map((edge) => edge!.wire.arrived.length), [2, 1, 1]);
  assert.equal(interior.router.addresses.get("HEAST"), undefined);
});

Deno.test("interior: an edge that knows no streaming links gets its streams on the link itself", async () => {
  await using interior = new TestInterior();
  const [west, east] = [interior.edge("WEST"), interior.edge("EAST", false)];
  const link = await east.wire.receiver({ address: "web" });
  const stream = begin(await west.uplink(), message({ to: "web", annotations: { flags: STREAMING } }));
  await until(() => east.wire.arrived.length === 1);
  assert.equal(east.wire.arrived[0]!.link, link);
  stream.delivery.end();
  await until(() => east.wire.arrived[0]!.events.includes("end"));
});

Deno.test("interior: an edge that is lost aborts what it was sending and releases or fails what it was to get", async () => {
  await using interior = new TestInterior();
  const [west, east, south] = [interior.edge("WEST"), interior.edge("EAST"), interior.edge("SOUTH")];
  await east.wire.receiver({ address: "web" });
  await south.wire.receiver({ address: "data" });
  const octets = (to: string) => message({ to, annotations: { flags: STREAMING } });
  const toLost = begin(await west.uplink(), octets("web"));
  begin(await east.uplink(), octets("data"));
  await until(() => east.wire.arrived.length === 1 && south.wire.arrived.length === 1);
  east.wire.peer.channel.destroy();
  await until(() => toLost.states.length === 1 && south.wire.arrived[0]!.events.length === 1);
  assert.equal(toLost.states[0]?.state?.kind, "modified");
  assert.deepEqual(south.wire.arrived[0]!.events, ["abort"]);
  await until(() => interior.router.addresses.get("Mweb") === undefined);
});

Deno.test("interior: a source without a name is refused", async () => {
  await using interior = new TestInterior();
  const edge = interior.edge("E1");
  const link = await edge.wire.receiver({});
  await until(() => !link.attached);
});
