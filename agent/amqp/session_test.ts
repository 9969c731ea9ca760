import assert from "node:assert/strict";
import { openPair } from "../../tests/support/engine_pair.ts";
import type { AmqpError, DeliveryState, Flow } from "./codec/types.ts";
import type { IncomingDelivery } from "./incoming_delivery.ts";
import type { OutgoingHandler } from "./outgoing_delivery.ts";
import { OUTPUT_HARD_LIMIT } from "./output.ts";
import { ProtocolError } from "./protocol_error.ts";
import type { Receiver } from "./receiver.ts";
import type { Session } from "./session.ts";

const QUIET: OutgoingHandler = { onDrain() {}, onReceiverState() {}, onLost() {} };
const GONE: AmqpError = { condition: "amqp:resource-deleted", description: "the queue is gone" };
const FLOW: Flow = { type: "flow", nextIncomingId: 0, nextOutgoingId: 0, incomingWindow: 100, outgoingWindow: 100 };

/** A sender at the client, its receiver with credit at the server, and what both were told. */
function linked(credit = 10) {
  const pair = openPair();
  const deliveries: IncomingDelivery[] = [];
  const told: string[] = [];
  let receiver!: Receiver;
  pair.server.onAttach = (link) => {
    if (link.role !== "receiver") return;
    receiver = link;
    link.accept({
      onDelivery(delivery) {
        deliveries.push(delivery);
        delivery.handler = {
          onData() {},
          onEnd: () => told.push("end"),
          onAbort: () => told.push("abort"),
          onSenderState: (state, settled) => told.push(`sender ${state?.kind} ${settled}`),
        };
      },
      onDetached: (error) => told.push(`receiver detached ${error?.condition}`),
    });
    link.keepCredit(credit);
  };
  const session = pair.client.connection.beginSession("s");
  const sender = session.attachSender({ name: "l" }, {
    onDetached: (error) => told.push(`sender detached ${error?.condition}`),
    onDrainRequest: () => told.push("drain"),
  });
  pair.flow();
  return { ...pair, session, sender, receiver, deliveries, told };
}

Deno.test("a refused link is detached with the reason, and its handle and name can be used again", () => {
  const { client, server, flow } = openPair();
  const reasons: (string | undefined)[] = [];
  server.onAttach = (link) => link.refuse(GONE);
  const session = client.connection.beginSession("s");
  const onDetached = (error: AmqpError | undefined) => reasons.push(error?.description);
  session.attachSender({ name: "l" }, { onDetached });
  session.attachReceiver({ name: "l" }, { onDelivery() {}, onDetached });
  flow();
  assert.deepEqual(reasons, ["the queue is gone", "the queue is gone"]);
  assert.equal(session.linkCount, 0);
  server.onAttach = (link) => link.role === "receiver" && link.accept({ onDelivery() {} });
  assert.equal(session.attachSender({ name: "l" }, {}).handle < 2, true);
  flow();
  assert.deepEqual([session.linkCount, client.closes, server.closes], [1, [], []]);
});

Deno.test("a detach with an error tells the other side why, and this side nothing", () => {
  const { sender, receiver, flow, told } = linked();
  receiver.close(GONE);
  receiver.close(GONE);
  flow();
  assert.deepEqual(told, ["receiver detached undefined", "sender detached amqp:resource-deleted"]);
  sender.close();
  assert.equal(told.length, 2, "a link ends once");
  assert.throws(() => sender.start(false, QUIET), /link l is not ready/);
});

Deno.test("ending a session loses its links on both sides and leaves other sessions alone", () => {
  const { client, session, sender, flow, told, deliveries } = linked();
  const other = client.connection.beginSession("other");
  let lost = 0;
  const delivery = sender.start(false, { ...QUIET, onLost: () => lost++ });
  delivery.write(Uint8Array.of(1));
  flow();
  session.end(GONE);
  session.end(GONE);
  flow();
  assert.deepEqual(told, ["sender detached undefined", "abort", "receiver detached undefined"]);
  assert.deepEqual([lost, session.open, other.open, client.closes], [1, false, true, []]);
  // What comes too late is dropped without a word.
  delivery.write(Uint8Array.of(1));
  delivery.finish(Uint8Array.of(1));
  delivery.end();
  delivery.abort();
  deliveries[0].update({ kind: "accepted" }, true);
  session.sendDetach(0);
  session.sendFlow(0, 0, 1);
  flow();
  assert.equal(client.connection.output.length, 0);
  assert.equal(client.closes.length, 0);
});

Deno.test("frames that were on their way when a session ended are dropped", () => {
  const { client, server, session, sender, flow } = linked();
  sender.start(true, QUIET).finish(new Uint8Array(10));
  const late = client.connection.take().slice();
  const sessions: Session[] = [];
  server.onAttach = (link) => sessions.push(link.session);
  session.attachSender({ name: "second" }, {});
  flow();
  sessions[0].end();
  server.connection.feed(late);
  flow();
  assert.deepEqual([server.closes, client.closes, session.open], [[], [], false]);
});

Deno.test("a delivery whose link is lost settles both ways", () => {
  const { sender, receiver, flow, told, deliveries } = linked();
  sender.start(false, QUIET).finish(Uint8Array.of(1));
  flow();
  assert.deepEqual([receiver.unsettledCount, deliveries[0].settled], [1, false]);
  sender.close();
  flow();
  assert.deepEqual(told, ["end", "sender detached undefined", "sender undefined true", "receiver detached undefined"]);
  assert.equal(receiver.unsettledCount, 0);
});

Deno.test("an outcome for a hostile range of deliveries costs no more than what is held", () => {
  const { client, sender, flow } = linked();
  const states: (DeliveryState | undefined)[] = [];
  for (let at = 0; at < 3; at++) {
    sender.start(false, { ...QUIET, onReceiverState: (state) => states.push(state) }).finish(Uint8Array.of(1));
  }
  flow();
  sender.session.onDisposition({
    type: "disposition",
    role: "receiver",
    first: 1,
    last: 0xfffffffe,
    settled: true,
    state: { kind: "released" },
  });
  assert.deepEqual(states, [{ kind: "released" }, { kind: "released" }]);
  assert.equal(sender.unsettledCount, 1);
  assert.deepEqual(client.closes, []);
});

Deno.test("an echo is answered with the state of the link, or of the session", () => {
  const { client, session, sender, flow } = linked(4);
  flow();
  assert.equal(client.connection.output.length, 0);
  session.onFlow({ ...FLOW, echo: true });
  const ofSession = client.connection.take().length;
  assert.ok(ofSession > 0);
  session.onFlow({ ...FLOW, handle: 0, deliveryCount: 0, linkCredit: 4, echo: true });
  assert.ok(client.connection.take().length > ofSession, "with handle, count and credit");
  assert.equal(sender.credit, 4);
  const receiver = session.attachReceiver({ name: "back" }, { onDelivery() {} });
  client.connection.take();
  receiver.close();
  assert.equal(session.linkCount, 1);
});

Deno.test("a peer owes a detach until it has confirmed that a link is gone", () => {
  const { server, receiver, flow } = linked();
  assert.equal(receiver.session.owesDetach, false);
  receiver.close();
  assert.equal(receiver.session.owesDetach, true);
  flow();
  assert.equal(receiver.session.owesDetach, false);
  const unanswered = server.connection.beginSession("own").attachReceiver({ name: "own" }, { onDelivery() {} });
  unanswered.close();
  assert.equal(unanswered.session.owesDetach, true);
});

Deno.test("a drain with nothing under way is answered at once and told", () => {
  const { client, session, sender, told } = linked(5);
  session.onFlow({ ...FLOW, handle: 0, deliveryCount: 0, linkCredit: 5, drain: true });
  assert.deepEqual([sender.credit, sender.ready, told], [0, false, ["drain"]]);
  assert.ok(client.connection.output.length > 0);
});

Deno.test("a drain while a message is under way is answered with its end", () => {
  const { session, sender, told } = linked(5);
  const delivery = sender.start(false, QUIET);
  delivery.write(Uint8Array.of(1));
  session.onFlow({ ...FLOW, handle: 0, deliveryCount: 0, linkCredit: 5, drain: true });
  assert.deepEqual([sender.credit, told], [4, []]);
  delivery.end();
  assert.deepEqual([sender.credit, sender.ready, told], [0, false, ["drain"]]);
  session.onFlow({ ...FLOW, handle: 0, deliveryCount: 5, linkCredit: 2 });
  sender.start(false, QUIET).finish(Uint8Array.of(1));
  assert.deepEqual([sender.credit, told], [1, ["drain"]], "what was drained once is not drained again");
});

Deno.test("windows and credit as large as their fields are windows and credit", () => {
  const { session, sender } = linked(0);
  const most = 0xffffffff;
  session.onFlow({ ...FLOW, incomingWindow: most, handle: 0, deliveryCount: 0, linkCredit: most });
  for (let at = 0; at < 2; at++) {
    assert.equal(sender.credit, most - at);
    const delivery = sender.start(false, QUIET);
    delivery.finish(Uint8Array.of(1));
    assert.ok(delivery.finished);
    session.onFlow({ ...FLOW, incomingWindow: most, handle: 0, deliveryCount: 0, linkCredit: most });
  }
});

Deno.test("a shut window keeps an ended message, and an abort, until it opens", () => {
  const { session, sender, flow, told } = linked();
  const delivery = sender.start(false, QUIET);
  delivery.write(Uint8Array.of(1));
  flow();
  const shut = { ...FLOW, nextIncomingId: 1, incomingWindow: 0 };
  session.onFlow(shut);
  delivery.end();
  flow();
  assert.deepEqual([told, delivery.finished], [[], false]);
  session.onFlow({ ...shut, incomingWindow: 5 });
  flow();
  assert.deepEqual([told, delivery.finished], [["end"], true]);
  const second = sender.start(false, QUIET);
  second.write(Uint8Array.of(1));
  flow();
  session.onFlow({ ...shut, nextIncomingId: 3 });
  second.abort();
  flow();
  assert.equal(second.finished, false);
  session.onFlow({ ...shut, nextIncomingId: 3, incomingWindow: 5 });
  flow();
  assert.deepEqual(told, ["end", "abort"]);
});

Deno.test("a peer that reads nothing while it makes us answer is given up", () => {
  const { client, session } = linked();
  const sends = () => session.deliveries.sendDisposition("receiver", 1, true, { kind: "accepted" });
  for (let octets = 0; octets <= OUTPUT_HARD_LIMIT; octets += 20) sends();
  assert.deepEqual(client.closes, []);
  client.connection.tick(0);
  assert.equal(client.closes.length, 1, "although not even the close fits");
  const error: unknown = client.closes[0];
  assert.ok(error instanceof ProtocolError && error.condition === "amqp:resource-limit-exceeded");
});

Deno.test("both sides drop a silent peer, and each tells the other why", () => {
  for (const side of ["client", "server"] as const) {
    const pair = openPair({ idleTimeoutMs: 500 }, { idleTimeoutMs: 500 });
    const { connection, closes } = pair[side];
    assert.equal(connection.tick(0), 250, "half of the peer's time-out");
    assert.ok(connection.tick(999) > 999);
    assert.equal(closes.length, 0);
    assert.equal(connection.tick(1000), Infinity);
    assert.ok(closes[0] instanceof ProtocolError && closes[0].condition === "amqp:resource-limit-exceeded");
    pair.flow();
    const [told] = pair[side === "client" ? "server" : "client"].closes;
    assert.equal(told !== undefined && "condition" in told && told.condition, "amqp:resource-limit-exceeded");
    assert.equal(connection.tick(2000), Infinity);
  }
});

Deno.test("after its end a connection sends, says and reads nothing more", () => {
  const { client, sender, flow } = linked();
  client.connection.close();
  flow();
  client.connection.close();
  client.connection.fail(new ProtocolError("amqp:not-allowed", "too late"));
  client.connection.send(0, { type: "close" });
  client.connection.feed(Uint8Array.of(1, 2, 3));
  client.connection.drained();
  assert.deepEqual([client.connection.output.length, client.closes, sender.attached], [0, [undefined], false]);
});
