import assert from "node:assert/strict";
import type { AmqpValue } from "../amqp/codec/types.ts";
import { until } from "../../tests/support/until.ts";
import { message, read, send } from "../../tests/support/wire_peer.ts";
import { TestInterior } from "../../interior/edges/testing_interior.ts";

Deno.test("clients: a request to a service and its answer to a dynamic source", async () => {
  await using interior = new TestInterior();
  const [asker, server] = [interior.client("asker"), interior.client("server")];
  await server.receiver({ address: "service" });
  const answers = await asker.receiver({ dynamic: true });
  const replyTo = answers.remote?.source?.address ?? "";
  assert.match(replyTo, /^amqp:\/_topo\/0\/R1\/temp\.[\w+]{15}$/);
  send(await asker.sender({ address: "service" }), message({ to: "service", body: "ask" }));
  await until(() => server.arrived.length === 1);
  const sent = send(await server.sender({}), message({ to: replyTo, body: "answer" }));
  await until(() => asker.arrived.length === 1);
  assert.equal(read(asker.arrived[0]!.octets).body, "answer");
  asker.arrived[0]!.delivery.update({ kind: "accepted" }, true);
  await until(() => sent.states.length === 1);
});

Deno.test("clients: a dynamic target is an address that others can consume", async () => {
  await using interior = new TestInterior();
  const [one, two] = [interior.client("one"), interior.client("two")];
  const link = await one.sender({ dynamic: true }, false);
  const target = link.remote?.target;
  const address = target !== undefined && "address" in target ? target.address : undefined;
  assert.match(address ?? "", /^amqp:\/_\$temp\./);
  assert.equal(link.credit, 0);
  await two.receiver({ address: address! });
  await until(() => link.ready);
  send(link, message({ body: "x" }));
  await until(() => two.arrived.length === 1);
});

Deno.test("clients: the anonymous relay takes messages to anywhere, and releases those for nobody", async () => {
  await using interior = new TestInterior();
  const [one, two] = [interior.client("one"), interior.client("two")];
  await two.receiver({ address: "a" });
  const relay = await one.sender({});
  const lost = send(relay, message({ to: "nobody" }));
  const found = send(relay, message({ to: "a", body: "found" }));
  await until(() => two.arrived.length === 1 && lost.states.length === 1);
  assert.equal(lost.states[0]?.state?.kind, "released");
  assert.equal(found.states.length, 0);
  const without = send(relay, message({ body: "no address" }));
  await until(() => without.states.length === 1);
  assert.equal(without.states[0]?.state?.kind, "rejected");
});

Deno.test("clients: what a client writes where annotations stand changes no route, and it gets none", async () => {
  await using interior = new TestInterior();
  const [liar, reader] = [interior.client("liar"), interior.client("reader")];
  await reader.receiver({ address: "true" });
  await reader.receiver({ address: "false" });
  const octets = message({ to: "true", body: "x", annotations: { toOverride: "false", ingress: "0/NOBODY" } });
  send(await liar.sender({}), octets);
  await until(() => reader.arrived.length === 1);
  assert.deepEqual(reader.arrived[0]!.octets, message({ to: "true", body: "x" }));
});

Deno.test("clients: receivers of one address share its messages; a client may talk to itself", async () => {
  await using interior = new TestInterior();
  const clients = [interior.client("a"), interior.client("b")];
  for (const client of clients) await client.receiver({ address: "work" });
  const link = await clients[0]!.sender({ address: "work" });
  for (let at = 0; at < 10; at++) send(link, message({ to: "work" }));
  await until(() => clients.reduce((sum, { arrived }) => sum + arrived.length, 0) === 10);
  assert.deepEqual(clients.map(({ arrived }) => arrived.length), [5, 5]);
});

Deno.test("clients: sources that belong to routers are refused, and so are transactions", async () => {
  await using interior = new TestInterior();
  const client = interior.client("c");
  for (
    const address of ["_topo/0/OTHER/x", "_topo/0/all/x", "_edge/OTHER/x", "$management", "_local/$management", ""]
  ) {
    const link = await client.receiver({ address });
    await until(() => !link.attached);
  }
  assert.deepEqual([...interior.router.addresses.ownKeys()], []);
  const { connection } = client.peer;
  const coordinator: AmqpValue = {
    type: "described",
    descriptor: { type: "ulong", value: 0x30n },
    value: { type: "list", value: [] },
  };
  connection.send(connection.beginSession("tx").channel, {
    type: "attach",
    name: "coordinator",
    handle: 0,
    role: "sender",
    initialDeliveryCount: 0,
    target: { other: coordinator },
  });
  // The engine did not send that attach itself: it takes the answer for a link of the interior.
  await until(() => client.opened.length === 1 && !client.opened[0]!.link.attached);
});

Deno.test("clients: one that leaves takes its addresses along", async () => {
  await using interior = new TestInterior();
  const [stays, goes] = [interior.client("stays"), interior.client("goes")];
  await goes.receiver({ address: "web" });
  await goes.receiver({ dynamic: true });
  const link = await stays.sender({ address: "web" });
  const sent = send(link, message({ to: "web" }));
  await until(() => goes.arrived.length === 1);
  goes.peer.channel.destroy();
  await until(() => sent.states.length === 1);
  assert.equal(sent.states[0]?.state?.kind, "modified");
  assert.deepEqual([...interior.router.addresses.ownKeys()], []);
  assert.deepEqual([...interior.router.addresses.watchedKeys()], ["Mweb"]);
});
