import assert from "node:assert/strict";
import { enginePair, openPair } from "../../tests/support/engine_pair.ts";
import { ProtocolError } from "./protocol_error.ts";

Deno.test("two sides authenticate and open", () => {
  const { client, server } = openPair({ containerId: "edge", hostname: "router.example" }, { containerId: "int" });
  assert.equal(client.opens[0].containerId, "int");
  assert.equal(server.opens[0].containerId, "edge");
  assert.equal(server.opens[0].hostname, "router.example");
  assert.ok(client.connection.isOpen && server.connection.isOpen);
});

Deno.test("opening works when bytes come one at a time", () => {
  const pair = enginePair();
  pair.flow(1);
  assert.ok(pair.client.connection.isOpen && pair.server.connection.isOpen);
});

Deno.test("a client that wants EXTERNAL is refused where only ANONYMOUS is offered", () => {
  const pair = enginePair({ mechanisms: ["EXTERNAL"] });
  pair.flow();
  const [error] = pair.client.closes;
  assert.ok(error instanceof ProtocolError);
  assert.equal(error.condition, "amqp:unauthorized-access");
  assert.equal(pair.server.opens.length, 0);
});

Deno.test("a peer that leaves SASL out is refused where it is required, and admitted where it is not", () => {
  const amqpHeader = new Uint8Array([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0]);
  const strict = enginePair().server;
  strict.connection.feed(amqpHeader);
  assert.ok(strict.closes[0] instanceof ProtocolError);
  const lenient = enginePair({}, { saslOptional: true }).server;
  lenient.connection.feed(amqpHeader);
  assert.equal(lenient.closes.length, 0);
  assert.ok(lenient.connection.output.length > 8, "an Open follows the header");
});

Deno.test("something that is not AMQP closes the connection with a protocol error", () => {
  const { server } = enginePair();
  server.connection.feed(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  assert.ok(server.closes[0] instanceof ProtocolError);
});

Deno.test("a frame above the announced size closes the connection", () => {
  const { client, server, flow } = openPair();
  server.connection.feed(new Uint8Array([0, 1, 0, 0, 2, 0, 0, 0]));
  flow();
  assert.ok(server.closes[0] instanceof ProtocolError);
  const [told] = client.closes;
  assert.equal(told !== undefined && "condition" in told ? told.condition : undefined, "amqp:connection:framing-error");
});

Deno.test("a silent peer is dropped after twice the announced time-out, a talking one is kept", () => {
  const { client, server, flow } = openPair({ idleTimeoutMs: 1000 }, { idleTimeoutMs: 1000 });
  client.connection.tick(0);
  server.connection.tick(0);
  for (let now = 250; now <= 10_000; now += 250) {
    client.connection.tick(now);
    server.connection.tick(now);
    flow();
  }
  assert.equal(client.closes.length + server.closes.length, 0, "keep-alives went both ways");
  for (let now = 10_000; now <= 12_500; now += 250) client.connection.tick(now);
  assert.ok(client.closes[0] instanceof ProtocolError);
});

Deno.test("tick says when to call again", () => {
  const { client } = openPair({ idleTimeoutMs: 1000 }, { idleTimeoutMs: 600 });
  assert.equal(client.connection.tick(5000), 5300, "half of the peer's time-out");
});

Deno.test("close ends both sides and loses their links once", () => {
  const { client, server, flow } = openPair();
  server.onAttach = (link) => link.role === "receiver" && link.accept({ onDelivery() {} });
  let detached = 0;
  client.connection.beginSession("s").attachSender({ name: "l" }, { onDetached: () => detached++ });
  flow();
  client.connection.close({ condition: "amqp:connection:forced", description: "maintenance" });
  flow();
  client.connection.channelClosed();
  assert.equal(detached, 1);
  assert.equal(client.closes.length, 1);
  assert.deepEqual(server.closes, [{ condition: "amqp:connection:forced", description: "maintenance" }]);
});

Deno.test("links may be opened and closed thousands of times without handles running out", () => {
  const { client, server, flow } = openPair();
  server.onAttach = (link) => link.role === "receiver" && link.accept({ onDelivery() {} });
  const session = client.connection.beginSession("s");
  for (let round = 0; round < 3000; round++) {
    const link = session.attachSender({ name: `l${round}` }, {});
    flow();
    link.close();
    flow();
  }
  assert.equal(client.closes.length, 0);
  assert.equal(session.linkCount, 0);
});

Deno.test("an answer to a link that was closed meanwhile is not taken for a new link of the peer", () => {
  const { client, server, flow } = openPair();
  const opened: string[] = [];
  client.onAttach = (link) => opened.push(link.name);
  server.onAttach = (link) => link.role === "receiver" ? link.accept({ onDelivery() {} }) : link.accept({});
  const session = client.connection.beginSession("s");
  session.attachSender({ name: "out" }, {}).close();
  session.attachReceiver({ name: "in" }, { onDelivery() {} }).close();
  const stays = session.attachSender({ name: "stays" }, {});
  flow();
  assert.deepEqual(opened, []);
  assert.ok(stays.remote !== undefined);
  assert.equal(session.linkCount, 1);
  assert.deepEqual(client.closes, []);
});
