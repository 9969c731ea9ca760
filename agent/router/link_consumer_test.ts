/** Also tests `egress.ts`, which every message takes on its way out. */

import assert from "node:assert/strict";
import { until } from "../../tests/support/until.ts";
import { message, read } from "../../tests/support/wire_peer.ts";
import type { DeliveryState } from "../amqp/codec/types.ts";
import type { Receiver } from "../amqp/receiver.ts";
import { NO_ANNOTATIONS, STREAMING } from "./annotations.ts";
import { type Annotate, LinkConsumer, MAX_QUEUED_PER_LINK } from "./link_consumer.ts";
import { StreamLinks } from "./stream_links.ts";
import { HOLD_OCTETS, type Upstream } from "./flow.ts";
import { connected } from "./testing_peers.ts";
import { listening, routed } from "./testing_consumer.ts";

const ANNOTATED: Annotate = () => ({ ...NO_ANNOTATIONS, ingress: "0/NEAR" });
const STRIPPED: Annotate = () => undefined;

/** A consumer behind one link, with `credit` from the far side. */
async function consuming({ credit = 100, annotate = STRIPPED, streams = false } = {}) {
  let consumer!: LinkConsumer;
  let gone = 0;
  const peers = await connected((link) => {
    if (link.role !== "sender") return link.refuse({ condition: "amqp:not-allowed" });
    consumer = new LinkConsumer(peers.peer, streams ? new StreamLinks(peers.peer) : undefined, annotate, false);
    consumer.link = link;
    consumer.onGone = () => gone++;
    link.accept(consumer);
  });
  const link: Receiver = await peers.wire.receiver({ address: "web" }, credit);
  if (credit > 0) await until(() => consumer.link?.ready === true);
  return { ...peers, peers, link, consumer, gone: () => gone, [Symbol.asyncDispose]: peers[Symbol.asyncDispose] };
}

const whole = (body: string) => routed({ start: message({ to: "web", body }), complete: true });
const stream = (body: string) => routed({ start: message({ to: "web", body }), complete: false });
const bodies = (arrived: readonly { octets: Uint8Array }[]) => arrived.map(({ octets }) => read(octets).body);

Deno.test("link consumer: a message arrives annotated for routers, stripped for clients", async () => {
  for (const annotate of [ANNOTATED, STRIPPED]) {
    await using near = await consuming({ annotate });
    near.consumer.deliver(whole("hello"), listening());
    await until(() => near.wire.arrived[0]?.events.includes("end") === true);
    const { annotations, to } = read(near.wire.arrived[0]!.octets);
    assert.equal(annotations.ingress, annotate === ANNOTATED ? "0/NEAR" : undefined);
    assert.equal(to, "web");
  }
});

Deno.test("link consumer: messages wait for credit in order, and leave as it comes", async () => {
  await using near = await consuming({ credit: 0 });
  const upstream = listening();
  for (let at = 0; at < 5; at++) near.consumer.deliver(whole(`message ${at}`), upstream);
  assert.equal(near.consumer.outstanding, 5);
  near.link.keepCredit(2);
  await until(() => near.wire.arrived.length === 5);
  assert.deepEqual(bodies(near.wire.arrived), [0, 1, 2, 3, 4].map((at) => `message ${at}`));
});

Deno.test("link consumer: producers that go on while others leave get their own messages through", async () => {
  await using near = await consuming({ credit: 0, annotate: ANNOTATED });
  const once = (action: () => void) => {
    const upstream = listening();
    let done = false;
    return {
      ...upstream,
      drained() {
        if (!done) action();
        done = true;
      },
    };
  };
  const send = (body: string, upstream = listening() as Upstream) => near.consumer.deliver(whole(body), upstream);
  send("first", once(() => send("third, which is longer")));
  send("second", once(() => send("fourth")));
  near.link.keepCredit(10);
  await until(() => near.wire.arrived.length === 4);
  assert.deepEqual(bodies(near.wire.arrived), ["first", "second", "fourth", "third, which is longer"]);
});

Deno.test("link consumer: every outcome of the far side reaches the producer, and the load counts down", async () => {
  await using near = await consuming();
  const states: DeliveryState[] = [
    { kind: "accepted" },
    { kind: "released" },
    { kind: "rejected", error: { condition: "app:no" } },
    { kind: "modified", deliveryFailed: true, undeliverableHere: true },
  ];
  const upstreams = states.map(() => listening());
  for (const upstream of upstreams) near.consumer.deliver(whole("x"), upstream);
  assert.equal(near.consumer.outstanding, 4);
  await until(() => near.wire.arrived.length === 4);
  const report: DeliveryState = { kind: "received", sectionNumber: 0, sectionOffset: 77n };
  near.wire.arrived.forEach(({ delivery }, at) => {
    delivery.update(report, false);
    delivery.update(states[at]!, true);
  });
  await until(() => upstreams.every(({ heard }) => heard.length === 2));
  assert.deepEqual(upstreams.map(({ heard }) => heard[1]), states.map((state) => [state, true]));
  assert.deepEqual(upstreams.map(({ heard }) => heard[0]), states.map(() => [report, false]));
  assert.equal(near.consumer.outstanding, 0);
});

Deno.test("link consumer: a link that detaches releases what waits and fails what was sent", async () => {
  await using near = await consuming({ credit: 1 });
  const sent = listening();
  const waiting = listening();
  near.consumer.deliver(stream("sent"), sent);
  await until(() => near.wire.arrived.length === 1);
  near.consumer.deliver(whole("waiting"), waiting);
  near.link.close();
  await until(() => near.gone() === 1);
  assert.deepEqual(waiting.heard, [[{ kind: "released" }, true]]);
  assert.deepEqual(sent.heard.map(([state, settled]) => [state?.kind, settled]), [["modified", true]]);
  assert.equal(near.consumer.outstanding, 0);
  const late = listening();
  near.consumer.deliver(whole("late"), late);
  assert.deepEqual(late.heard, [], "the producer hears of it after it has its downstream");
  await until(() => late.heard.length === 1);
  assert.deepEqual(late.heard, [[{ kind: "released" }, true]]);
});

Deno.test("link consumer: a lost connection counts as a failure of what was under way", async () => {
  await using near = await consuming();
  const upstream = listening();
  near.consumer.deliver(whole("x"), upstream);
  await until(() => near.wire.arrived.length === 1);
  near.wire.peer.channel.destroy();
  await until(() => upstream.heard.length === 1);
  assert.deepEqual(upstream.heard, [[{ kind: "modified", deliveryFailed: true, undeliverableHere: false }, true]]);
  assert.equal(near.consumer.outstanding, 0);
});

Deno.test("link consumer: the line for credit has an end, behind which messages are released", async () => {
  await using near = await consuming({ credit: 0 });
  for (let at = 0; at < MAX_QUEUED_PER_LINK; at++) near.consumer.deliver(whole("x"), listening());
  const tooMuch = listening();
  near.consumer.deliver(whole("y"), tooMuch).end();
  await until(() => tooMuch.heard.length === 1);
  assert.deepEqual(tooMuch.heard, [[{ kind: "released" }, true]]);
  assert.equal(near.consumer.outstanding, MAX_QUEUED_PER_LINK);
});

Deno.test("link consumer: who has given up stands in nobody's way in the line for credit", async () => {
  await using near = await consuming({ credit: 0 });
  for (let at = 0; at < MAX_QUEUED_PER_LINK; at++) near.consumer.deliver(whole("x"), listening()).abort();
  const wanted = listening();
  near.consumer.deliver(whole("y"), wanted).end();
  near.link.keepCredit(1);
  await until(() => near.wire.arrived.length === 1);
  assert.deepEqual([bodies(near.wire.arrived), wanted.heard], [["y"], []]);
});

Deno.test("link consumer: who gives up before there is credit leaves no trace", async () => {
  await using near = await consuming({ credit: 0 });
  near.consumer.deliver(stream("gives up"), listening()).abort();
  near.consumer.deliver(whole("settles first"), listening()).producerSettled(undefined);
  near.consumer.deliver(whole("stays"), listening());
  near.link.keepCredit(10);
  await until(() => near.wire.arrived.length === 1);
  assert.deepEqual(bodies(near.wire.arrived), ["stays"]);
  assert.equal(near.consumer.outstanding, 1);
});

Deno.test("link consumer: an abort under way reaches the far side and frees the link for the next", async () => {
  await using near = await consuming();
  const downstream = near.consumer.deliver(stream("begun"), listening());
  await until(() => near.wire.arrived.length === 1);
  near.consumer.deliver(whole("next"), listening());
  downstream.abort();
  downstream.write(new Uint8Array(10));
  downstream.abort();
  await until(() => near.wire.arrived[1]?.events.includes("end") === true);
  assert.deepEqual(near.wire.arrived[0]?.events, ["abort"]);
  assert.equal(near.consumer.outstanding, 1);
});

Deno.test("link consumer: a receiver that settles early cuts the message off, and the next one gets through", async () => {
  await using near = await consuming();
  const upstream = listening();
  const downstream = near.consumer.deliver(stream("begun"), upstream);
  await until(() => near.wire.arrived.length === 1);
  // As no router does, but anybody may.
  const { delivery, link } = near.wire.arrived[0]!;
  link.session.deliveries.sendDisposition("receiver", delivery.id, true, { kind: "released" });
  await until(() => upstream.heard.length === 1);
  downstream.write(new Uint8Array(1000));
  downstream.end();
  near.consumer.deliver(whole("next"), listening());
  await until(() => near.wire.arrived.length === 2 && near.wire.arrived[1]!.events.includes("end"));
  assert.deepEqual(near.wire.arrived[0]?.events, ["abort"]);
});

Deno.test("link consumer: a producer that settles before the end cuts its message off, state first", async () => {
  await using near = await consuming();
  const downstream = near.consumer.deliver(stream("begun"), listening());
  await until(() => near.wire.arrived.length === 1);
  downstream.producerSettled({ kind: "modified", deliveryFailed: true, undeliverableHere: false });
  near.consumer.deliver(whole("next"), listening());
  await until(() => near.wire.arrived[1]?.events.includes("end") === true);
  assert.deepEqual(near.wire.arrived[0]?.events, ["modified settled", "abort"]);
  assert.equal(near.consumer.outstanding, 1);
});

Deno.test("link consumer: presettled messages are no load once they have left", async () => {
  await using near = await consuming();
  near.consumer.deliver({ ...whole("a"), presettled: true }, listening());
  const downstream = near.consumer.deliver({ ...stream("b"), presettled: true }, listening());
  assert.equal(near.consumer.outstanding, 1);
  downstream.end();
  assert.equal(near.consumer.outstanding, 0);
  await until(() => near.wire.arrived[1]?.events.includes("end") === true);
  assert.ok(near.wire.arrived.every(({ delivery }) => delivery.presettled));
});

Deno.test("link consumer: a stream that waited for its link is told when it may go on", async () => {
  await using near = await consuming({ credit: 0 });
  const upstream = listening();
  const downstream = near.consumer.deliver(stream("x"), upstream);
  downstream.write(new Uint8Array(500_000));
  assert.ok(downstream.pending > 500_000);
  near.link.keepCredit(1);
  await until(() => upstream.drains.at(-1) === 0);
  downstream.end();
  await until(() => near.wire.arrived[0]?.events.includes("end") === true);
  assert.ok(near.wire.arrived[0]!.octets.length > 500_000);
});

Deno.test("link consumer: it is told so even when all that waited leaves at once", async () => {
  await using near = await consuming({ credit: 0 });
  const upstream = listening();
  near.consumer.deliver(stream("small"), upstream);
  assert.deepEqual(upstream.drains, []);
  near.link.keepCredit(1);
  await until(() => near.wire.arrived.length === 1);
  assert.deepEqual(upstream.drains, [0]);
});

Deno.test("link consumer: streams go beside the link where the peer takes that, whole messages never", async () => {
  await using near = await consuming({ credit: 0, streams: true });
  near.wire.onAttach = (link) => {
    if (link.role !== "receiver") return;
    link.accept(near.wire.receive());
    link.keepCredit(10);
  };
  near.consumer.deliver(whole("waits for the link"), listening());
  near.consumer.deliver(stream("needs no link"), listening());
  await until(() => near.wire.arrived.length === 1);
  assert.deepEqual(bodies(near.wire.arrived), ["needs no link"]);
  assert.match(near.wire.opened[0]!.link.name, /^stream\./);
});

Deno.test("link consumer: a stream that is complete already goes beside the link, too, and ends", async () => {
  await using near = await consuming({ credit: 0, streams: true });
  near.wire.onAttach = (link) => {
    if (link.role !== "receiver") return;
    link.accept(near.wire.receive());
    link.keepCredit(10);
  };
  const annotations = { ...NO_ANNOTATIONS, flags: STREAMING };
  near.consumer.deliver({ ...whole("all of it"), annotations }, listening());
  await until(() => near.wire.arrived[0]?.events.includes("end") === true);
  assert.deepEqual(bodies(near.wire.arrived), ["all of it"]);
});

Deno.test("link consumer: a producer that is held up goes on when the link is gone, though nothing more can be said to it", async () => {
  for (const presettled of [true, false]) {
    await using near = await consuming();
    near.wire.peer.channel.pause();
    const upstream = listening();
    const start = message({ to: "web" });
    const downstream = near.consumer.deliver(routed({ start, complete: false, presettled }), upstream);
    for (let at = 0; at < 40; at++) downstream.write(new Uint8Array(100_000));
    downstream.end();
    if (!presettled) downstream.producerSettled(undefined);
    assert.ok(downstream.pending > HOLD_OCTETS);
    upstream.drains.length = 0;
    near.peer.channel.destroy();
    await until(() => near.losses.length > 0);
    assert.equal(downstream.pending, 0);
    assert.deepEqual(upstream.drains.slice(-1), [0]);
  }
});
