import assert from "node:assert/strict";
import { openPair } from "../../tests/support/engine_pair.ts";
import { begin, joinBytes, message, send } from "../../tests/support/wire_peer.ts";
import type { DeliveryState } from "../amqp/codec/types.ts";
import type { Receiver } from "../amqp/receiver.ts";
import type { Sender } from "../amqp/sender.ts";
import { encodeAnnotations, NO_ANNOTATIONS, STREAMING } from "./annotations.ts";
import { STREAM_HOLD_OCTETS } from "./flow.ts";
import { COLLECT_OCTETS, type IngressRules, receive } from "./ingress.ts";
import { origin, type Taken, Taker } from "./testing_consumer.ts";

/** A link whose messages are routed to one consumer, or to nobody. */
function linked(rules: Partial<IngressRules> = {}, nobody = false) {
  const pair = openPair({}, { windowFrames: 64 });
  const taker = new Taker();
  let receiver!: Receiver;
  pair.server.onAttach = (link) => {
    if (link.role !== "receiver") return;
    receiver = link;
    const all: IngressRules = { origin: origin(), target: undefined, client: false, ...rules };
    link.accept({
      onDelivery: (delivery) =>
        receive(delivery, all, (routed, upstream) => nobody ? undefined : taker.deliver(routed, upstream)),
    });
    link.keepCredit(100);
  };
  const sender: Sender = pair.client.connection.beginSession("s").attachSender({ name: "link" }, {});
  pair.flow();
  return { ...pair, sender, receiver, taken: taker.taken };
}

const kinds = (sent: { states: { state: DeliveryState | undefined; settled: boolean }[] }) =>
  sent.states.map(({ state, settled }) => `${state?.kind}${settled ? " settled" : ""}`);

Deno.test("ingress: a whole message is routed by properties.to, without its annotations", () => {
  const { sender, flow, taken } = linked();
  send(sender, message({ to: "web", body: "hi", annotations: { ingress: "0/A" } }));
  flow();
  assert.equal(taken.length, 1);
  const { message: routed, events } = taken[0]!;
  assert.equal(routed.address, "web");
  assert.equal(routed.overridden, false);
  assert.equal(routed.complete, true);
  assert.equal(routed.annotations.ingress, "0/A");
  assert.deepEqual(routed.start, message({ to: "web", body: "hi" }));
  assert.deepEqual(events, ["end"]);
});

Deno.test("ingress: the link's target comes before an override, an override before properties.to", () => {
  const octets = message({ to: "web", annotations: { toOverride: "over" } });
  const routedBy = (rules: Partial<IngressRules>) => {
    const { sender, flow, taken } = linked(rules);
    send(sender, octets);
    flow();
    return [taken[0]!.message.address, taken[0]!.message.overridden];
  };
  assert.deepEqual(routedBy({}), ["over", true]);
  assert.deepEqual(routedBy({ target: "fixed" }), ["fixed", true]);
  assert.deepEqual(routedBy({ target: "web" }), ["web", false]);
  assert.deepEqual(routedBy({ client: true }), ["web", false], "what a client annotates is not believed");
});

Deno.test("ingress: a stream that comes whole in one frame is routed as complete, and ends once", () => {
  const { sender, flow, taken } = linked();
  begin(sender, new Uint8Array(0)).delivery.finish(
    message({ to: "web", body: "all of it", annotations: { flags: STREAMING } }),
  );
  flow();
  assert.equal(taken[0]?.message.complete, true);
  assert.deepEqual(taken[0].events, ["end"]);
});

Deno.test("ingress: a stream is routed as soon as its head is there, the rest follows", () => {
  const { sender, flow, taken } = linked();
  const octets = message({ to: "web", body: "begin", annotations: { flags: STREAMING } });
  const sent = begin(sender, octets.subarray(0, 12));
  flow();
  assert.equal(taken.length, 0, "the head is cut");
  sent.delivery.write(octets.subarray(12));
  flow();
  assert.equal(taken[0]?.message.complete, false);
  sent.delivery.write(new TextEncoder().encode(" and on"));
  flow();
  assert.ok(taken[0]?.text.endsWith("begin and on"));
  assert.deepEqual(taken[0].events, []);
  sent.delivery.end();
  flow();
  assert.deepEqual(taken[0].events, ["end"]);
});

Deno.test("ingress: a message that is no stream is gathered up to a limit, then goes on as it comes", () => {
  const { sender, flow, taken } = linked();
  const octets = message({ to: "web", body: new Uint8Array(2 * COLLECT_OCTETS) });
  const sent = begin(sender, octets.subarray(0, 60_000));
  flow();
  assert.equal(taken.length, 0);
  sent.delivery.write(octets.subarray(60_000, 90_000));
  flow();
  assert.equal(taken.length, 1);
  sent.delivery.write(octets.subarray(90_000));
  sent.delivery.end();
  flow();
  assert.equal(taken[0]?.text.length, octets.length);
});

Deno.test("ingress: what nobody takes is released, and the rest of it swallowed", () => {
  const { sender, flow } = linked({}, true);
  const whole = send(sender, message({ to: "web" }));
  const stream = begin(sender, message({ to: "web", annotations: { flags: STREAMING } }));
  flow();
  stream.delivery.write(new Uint8Array(100_000));
  stream.delivery.end();
  flow();
  assert.deepEqual([kinds(whole), kinds(stream)], [["released settled"], ["released", "released settled"]]);
  assert.equal(sender.unsettledCount, 0);
});

Deno.test("ingress: malformed messages are rejected with the reason, and the link goes on", () => {
  const { sender, flow, taken } = linked();
  const annotations = encodeAnnotations({ ...NO_ANNOTATIONS, toOverride: "x" });
  annotations[19] = 0xa1;
  const cases: [Uint8Array, string][] = [
    [joinBytes(annotations, message({ to: "web" })), "amqp:invalid-field"],
    [message({ to: "web" }).subarray(0, 6), "amqp:invalid-field"],
    [new Uint8Array(0), "amqp:invalid-field"],
    [message({ body: "for nobody" }), "amqp:precondition-failed"],
  ];
  for (const [octets, condition] of cases) {
    const sent = send(sender, octets);
    flow();
    // What is told before the end has come is settled with it.
    const { state, settled } = sent.states.at(-1)!;
    assert.ok(state?.kind === "rejected" && settled);
    assert.equal(state.error?.condition, condition);
    assert.ok(state.error?.description);
  }
  assert.equal(taken.length, 0);
  send(sender, message({ to: "web" }));
  flow();
  assert.equal(taken.length, 1);
});

Deno.test("ingress: every state of the consumer reaches the producer as it is", () => {
  const states: DeliveryState[] = [
    { kind: "accepted" },
    { kind: "released" },
    { kind: "rejected", error: { condition: "app:no", description: "not today" } },
    { kind: "modified", deliveryFailed: true, undeliverableHere: true },
  ];
  for (const state of states) {
    const { sender, flow, taken } = linked();
    const sent = begin(sender, message({ to: "web", annotations: { flags: STREAMING } }));
    flow();
    const report: DeliveryState = { kind: "received", sectionNumber: 0, sectionOffset: 521_216n };
    taken[0]!.upstream.consumerState(report, false);
    sent.delivery.end();
    flow();
    taken[0]!.upstream.consumerState(state, true);
    flow();
    assert.deepEqual(sent.states, [{ state: report, settled: false }, { state, settled: true }]);
  }
});

Deno.test("ingress: a consumer that settles without a state has taken nothing", () => {
  const { sender, flow, taken } = linked();
  const sent = send(sender, message({ to: "web" }));
  flow();
  taken[0]!.upstream.consumerState(undefined, true);
  flow();
  assert.deepEqual(kinds(sent), ["released settled"]);
});

Deno.test("ingress: the producer's settlement and abort reach the consumer", () => {
  const { sender, flow, taken } = linked();
  const settled = begin(sender, message({ to: "web", annotations: { flags: STREAMING } }));
  flow();
  settled.delivery.settle({ kind: "accepted" });
  flow();
  assert.deepEqual(taken[0]?.events, ["settled accepted"]);
  settled.delivery.end();
  const aborted = begin(sender, message({ to: "web", annotations: { flags: STREAMING } }));
  flow();
  aborted.delivery.abort();
  flow();
  assert.deepEqual(taken[1]?.events, ["abort"]);
  const early = begin(sender, message({ to: "web" }).subarray(0, 3));
  flow();
  early.delivery.abort();
  flow();
  assert.equal(taken.length, 2, "what was aborted before its head was known is never routed");
});

Deno.test("ingress: a lost link aborts what was coming, and settles what had come", () => {
  const { sender, flow, taken, receiver } = linked();
  send(sender, message({ to: "web" }));
  begin(sender, message({ to: "web", annotations: { flags: STREAMING } }));
  flow();
  receiver.close();
  assert.deepEqual(taken.map(({ events }) => events), [["end", "settled -"], ["abort"]]);
});

Deno.test("ingress: presettled messages are routed as such and owe no outcome", () => {
  const { sender, flow, taken, receiver } = linked();
  send(sender, message({ to: "web" }), true);
  flow();
  assert.equal(taken[0]?.message.presettled, true);
  taken[0]!.upstream.consumerState({ kind: "accepted" }, true);
  assert.equal(receiver.unsettledCount, 0);
});

Deno.test("ingress: a consumer that can't keep up stops its producer until it can", () => {
  const { sender, flow, taken } = linked();
  const sent = begin(sender, message({ to: "web", annotations: { flags: STREAMING } }));
  flow();
  const first: Taken = taken[0]!;
  first.pending = STREAM_HOLD_OCTETS + 1;
  for (let step = 0; step < 40; step++) {
    sent.delivery.write(new Uint8Array(50_000));
    flow();
  }
  const stuck = first.text.length;
  assert.ok(sent.delivery.pending > 1_000_000, "the producer's side fills up");
  flow();
  assert.equal(first.text.length, stuck);
  first.pending = 0;
  first.upstream.drained(0);
  flow();
  assert.equal(sent.delivery.pending, 0);
  assert.ok(first.text.length > 2_000_000);
});

Deno.test("ingress: a consumer that ends a held message lets its session go on, also where no outcome is wanted", () => {
  for (const presettled of [false, true]) {
    const { sender, flow, taken } = linked();
    const octets = message({ to: "web", annotations: { flags: STREAMING } });
    const sent = begin(sender, octets, presettled);
    flow();
    taken[0]!.pending = STREAM_HOLD_OCTETS + 1;
    const total = 1_000_000;
    sent.delivery.write(new Uint8Array(total));
    flow();
    assert.ok(sent.delivery.pending > 0, "the window is shut");
    taken[0]!.pending = 0;
    taken[0]!.upstream.consumerState({ kind: "modified", deliveryFailed: true, undeliverableHere: false }, true);
    flow();
    assert.equal(sent.delivery.pending, 0, `presettled: ${presettled}`);
  }
});
