import assert from "node:assert/strict";
import { openPair } from "../../tests/support/engine_pair.ts";
import { begin, send } from "../../tests/support/wire_peer.ts";
import type { Sender } from "../amqp/sender.ts";
import { collect } from "./collect.ts";

function collecting() {
  const pair = openPair();
  const messages: Uint8Array[] = [];
  pair.server.onAttach = (link) => {
    if (link.role !== "receiver") return;
    link.accept({
      onDelivery: (delivery) =>
        collect(delivery, (bytes) => {
          messages.push(bytes);
          delivery.update({ kind: "accepted" }, true);
        }),
    });
    link.keepCredit(10);
  };
  const sender: Sender = pair.client.connection.beginSession("s").attachSender({ name: "link" }, {});
  pair.flow();
  return { ...pair, sender, messages };
}

Deno.test("collect: a message in many frames is handed over once, whole", () => {
  const { sender, flow, messages } = collecting();
  const octets = Uint8Array.from({ length: 20_000 }, (_, at) => at);
  const sent = send(sender, octets);
  flow(777);
  assert.deepEqual(messages, [octets]);
  assert.deepEqual(sent.states.map(({ state }) => state?.kind), ["accepted"]);
});

Deno.test("collect: a message above the limit is rejected at once, and nothing of it kept", () => {
  const { sender, flow, messages } = collecting();
  const sent = begin(sender, new Uint8Array(65_000));
  flow();
  assert.deepEqual(sent.states, []);
  sent.delivery.write(new Uint8Array(1000));
  flow();
  assert.deepEqual(sent.states, [{
    state: { kind: "rejected", error: { condition: "amqp:link:message-size-exceeded" } },
    settled: false,
  }]);
  sent.delivery.write(new Uint8Array(1000));
  sent.delivery.end();
  flow();
  assert.deepEqual(sent.states.slice(1).map(({ settled }) => settled), [true]);
  assert.deepEqual(messages, []);
  send(sender, Uint8Array.of(1));
  flow();
  assert.deepEqual(messages, [Uint8Array.of(1)], "the link goes on");
});

Deno.test("collect: an aborted message is no message", () => {
  const { sender, flow, messages } = collecting();
  const sent = begin(sender, new Uint8Array(10));
  flow();
  sent.delivery.abort();
  flow();
  assert.deepEqual(messages, []);
});
