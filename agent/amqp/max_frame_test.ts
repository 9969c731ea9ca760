/** A peer whose frames are small: nothing above its max-frame-size is ever sent to it. */

import assert from "node:assert/strict";
import { openPair } from "../../tests/support/engine_pair.ts";
import { decodePerformative } from "./codec/performatives.ts";
import type { Attach, Performative } from "./codec/types.ts";
import { ProtocolError } from "./protocol_error.ts";
import type { Connection } from "./connection.ts";

const SMALLEST = 512;
const LONG = "x".repeat(2000);

/** A client whose peer takes the smallest frames. */
function smallPair() {
  return openPair({}, { maxFrameSize: SMALLEST });
}

/** Sizes and contents of the frames in the output, which it empties. */
function sent(connection: Connection): { size: number; performative: Performative }[] {
  const bytes = connection.take().slice();
  const view = new DataView(bytes.buffer);
  const frames = [];
  for (let at = 0; at < bytes.length; at += view.getUint32(at)) {
    const end = at + view.getUint32(at);
    frames.push({ size: end - at, performative: decodePerformative(bytes, at + 8, end).performative });
  }
  return frames;
}

Deno.test("errors too long for the peer's frames arrive as conditions", () => {
  const { client, server, flow } = smallPair();
  server.onAttach = (link) => link.role === "receiver" && link.accept({ onDelivery() {} });
  const session = client.connection.beginSession("s");
  const link = session.attachSender({ name: "l" }, {});
  flow();
  const error = { condition: "amqp:internal-error", description: LONG };
  link.close(error);
  session.end(error);
  client.connection.close(error);
  const frames = sent(client.connection);
  assert.deepEqual(frames.map(({ performative }) => performative), [
    { type: "detach", handle: 0, closed: true, error: { condition: "amqp:internal-error" } },
    { type: "end", error: { condition: "amqp:internal-error" } },
    { type: "close", error: { condition: "amqp:internal-error" } },
  ]);
  assert.ok(frames.every(({ size }) => size <= SMALLEST));
});

Deno.test("errors that fit keep their words", () => {
  const { client } = smallPair();
  client.connection.close({ condition: "amqp:connection:forced", description: "maintenance" });
  const [{ performative }] = sent(client.connection);
  assert.deepEqual(performative, {
    type: "close",
    error: { condition: "amqp:connection:forced", description: "maintenance" },
  });
});

Deno.test("outcomes too long for the peer's frames keep their kind", () => {
  const { client } = smallPair();
  const session = client.connection.beginSession("s");
  sent(client.connection);
  session.deliveries.sendDisposition("receiver", 7, true, {
    kind: "rejected",
    error: { condition: "amqp:not-allowed", description: LONG },
  });
  session.deliveries.sendDisposition("receiver", 8, true, {
    kind: "modified",
    deliveryFailed: true,
    messageAnnotations: [["why", LONG]],
  });
  const frames = sent(client.connection);
  assert.deepEqual(frames.map(({ performative }) => performative.type === "disposition" && performative.state), [
    { kind: "rejected", error: { condition: "amqp:not-allowed" } },
    { kind: "modified", deliveryFailed: true },
  ]);
  assert.ok(frames.every(({ size }) => size <= SMALLEST));
});

Deno.test("a link that can't be told to the peer ends the connection at its next turn, with the reason", () => {
  const { client, server, flow } = smallPair();
  const attached: Attach[] = [];
  server.onAttach = (_link, attach) => attached.push(attach);
  let detached = 0;
  const session = client.connection.beginSession("s");
  const link = session.attachSender({ name: LONG }, { onDetached: () => detached++ });
  assert.deepEqual([link.attached, detached], [true, 0], "the caller is not interrupted");
  flow();
  const [error] = client.closes;
  assert.ok(error instanceof ProtocolError);
  assert.equal(error.condition, "amqp:frame-size-too-small");
  assert.deepEqual([link.attached, detached, attached.length], [false, 1, 0]);
  const [told] = server.closes;
  assert.equal(told !== undefined && "condition" in told && told.condition, "amqp:frame-size-too-small");
});

Deno.test("the answer to a link that does not fit ends the connection before anything else is read", () => {
  const { client, server, flow } = openPair({ maxFrameSize: SMALLEST }, {});
  server.onAttach = (link) =>
    link.role === "receiver" && link.accept({ onDelivery() {} }, { target: { address: LONG } });
  const session = client.connection.beginSession("s");
  session.attachSender({ name: "first" }, {});
  session.attachSender({ name: "second" }, {});
  flow();
  const [error] = server.closes;
  assert.ok(error instanceof ProtocolError && error.condition === "amqp:frame-size-too-small");
  assert.equal(client.closes.length, 1);
});
