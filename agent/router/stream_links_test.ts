import assert from "node:assert/strict";
import { until } from "../../tests/support/until.ts";
import { message } from "../../tests/support/wire_peer.ts";
import type { Receiver } from "../amqp/receiver.ts";
import { Egress } from "./egress.ts";
import { IDLE_STREAM_LINKS, MAX_STREAM_LINKS, MAX_WAITING_OCTETS, StreamLinks } from "./stream_links.ts";
import { connected, type Peers } from "./testing_peers.ts";
import { listening, routed, Taker } from "./testing_consumer.ts";

/** A pool towards a peer that accepts every link with `credit`. */
async function pool(credit = 10) {
  const peers: Peers = await connected();
  const links: Receiver[] = [];
  peers.wire.onAttach = (link) => {
    if (link.role !== "receiver") return;
    links.push(link);
    link.accept(peers.wire.receive());
    if (credit > 0) link.keepCredit(credit);
  };
  const consumer = new Taker();
  const streams = new StreamLinks(peers.peer);
  const begin = (body = "x") => {
    const upstream = listening();
    const start = message({ to: "web", body });
    const egress = new Egress(consumer, routed({ start, complete: false }), start, upstream);
    streams.send(egress);
    return { egress, upstream };
  };
  return {
    ...peers,
    links,
    streams,
    consumer,
    begin,
    open: () => links.filter(({ attached }) => attached).length,
    [Symbol.asyncDispose]: peers[Symbol.asyncDispose],
  };
}

Deno.test("stream links: streams at once have a link each, on a session apart; one after the other share one", async () => {
  await using near = await pool();
  for (let round = 0; round < 5; round++) {
    const { egress, upstream } = near.begin();
    await until(() => near.wire.arrived.length === round + 1);
    egress.end();
    await until(() => near.wire.arrived[round]!.events.includes("end"));
    near.wire.arrived[round]!.delivery.update({ kind: "accepted" }, true);
    await until(() => upstream.heard.length === 1);
  }
  assert.equal(near.links.length, 1);
  const three = [near.begin(), near.begin(), near.begin()];
  await until(() => near.wire.arrived.length === 8);
  assert.equal(near.links.length, 3);
  assert.equal(new Set(near.links.map(({ session }) => session)).size, 1);
  for (const { egress } of three) egress.abort();
});

Deno.test("stream links: idle ones beyond the bound are closed, those in use and those owed an outcome are not", async () => {
  await using near = await pool();
  const count = IDLE_STREAM_LINKS + 60;
  const streams = Array.from({ length: count }, () => near.begin());
  await until(() => near.wire.arrived.length === count);
  for (const { egress } of streams) egress.end();
  await until(() => near.wire.arrived.every(({ events }) => events.includes("end")));
  // Every stream has ended, none has its outcome: to close any link would lose one.
  assert.equal(near.open(), count);
  for (const { delivery } of near.wire.arrived) delivery.update({ kind: "accepted" }, true);
  await until(() => streams.every(({ upstream }) => upstream.heard.length === 1));
  assert.deepEqual(new Set(streams.map(({ upstream }) => upstream.heard[0]![0]?.kind)), new Set(["accepted"]));
  // The pool shrinks as links fall idle again.
  for (let round = 0; near.open() > IDLE_STREAM_LINKS && round < count; round++) {
    const before = near.wire.arrived.length;
    const { egress } = near.begin();
    await until(() => near.wire.arrived.length === before + 1);
    egress.end();
    await until(() => near.wire.arrived[before]!.events.includes("end"));
    near.wire.arrived[before]!.delivery.update({ kind: "accepted" }, true);
  }
  assert.equal(near.open(), IDLE_STREAM_LINKS);
});

Deno.test("stream links: credit that comes to an idle link does not make it two", async () => {
  await using near = await pool();
  const { egress, upstream } = near.begin();
  await until(() => near.wire.arrived.length === 1);
  egress.end();
  await until(() => near.wire.arrived[0]!.events.includes("end"));
  near.wire.arrived[0]!.delivery.update({ kind: "accepted" }, true);
  await until(() => upstream.heard.length === 1);
  near.links[0]!.keepCredit(100);
  // What is sent behind the credit has its outcome only after the credit was seen.
  const probe = await near.wire.sender({ address: "probe" }, false);
  assert.equal(probe.attached, false);
  const two = [near.begin(), near.begin()];
  await until(() => near.wire.arrived.length === 3);
  assert.notEqual(near.wire.arrived[1]!.link, near.wire.arrived[2]!.link);
  for (const { egress } of two) egress.abort();
});

Deno.test("stream links: a stream that gives up while its link opens leaves the link to the next", async () => {
  await using near = await pool(0);
  const first = near.begin("gives up");
  const second = near.begin("stays");
  await until(() => near.links.length === 2);
  first.egress.abort();
  near.links[0]!.keepCredit(1);
  await until(() => near.wire.arrived.length === 1);
  assert.ok(new TextDecoder("latin1").decode(near.wire.arrived[0]!.octets).endsWith("stays"));
  assert.equal(second.upstream.heard.length, 0);
});

Deno.test("stream links: a lost connection releases what waits and fails what was sent", async () => {
  await using near = await pool(0);
  const waiting = near.begin();
  const sent = near.begin();
  await until(() => near.links.length === 2);
  near.links[0]!.keepCredit(1);
  await until(() => near.wire.arrived.length === 1);
  near.wire.peer.channel.destroy();
  await until(() => waiting.upstream.heard.length + sent.upstream.heard.length === 2);
  const outcomes = [waiting, sent].map(({ upstream }) => upstream.heard[0]![0]?.kind).sort();
  assert.deepEqual(outcomes, ["modified", "released"]);
  assert.equal(near.consumer.outstanding, 0);
});

Deno.test("stream links: a peer that refuses them has the streams released, not kept waiting", async () => {
  await using near = await pool();
  near.wire.onAttach = (link) => link.refuse({ condition: "amqp:resource-limit-exceeded" });
  const { upstream } = near.begin();
  await until(() => upstream.heard.length === 1);
  assert.deepEqual(upstream.heard, [[{ kind: "released" }, true]]);
  assert.equal(near.consumer.outstanding, 0);
});

Deno.test("stream links: a peer that ends their session gets another", async () => {
  await using near = await pool();
  const first = near.begin();
  await until(() => near.wire.arrived.length === 1);
  near.links[0]!.session.end();
  await until(() => first.upstream.heard.length === 1);
  assert.equal(first.upstream.heard[0]![0]?.kind, "modified");
  near.begin("again");
  await until(() => near.wire.arrived.length === 2);
});

Deno.test("stream links: a stream for a connection that has just gone is released after its producer knows it", async () => {
  await using near = await pool();
  near.peer.channel.destroy();
  const { upstream } = near.begin();
  assert.deepEqual(upstream.heard, []);
  await until(() => upstream.heard.length === 1);
  assert.deepEqual(upstream.heard, [[{ kind: "released" }, true]]);
});

Deno.test("stream links: what waits for links has a bound, and who gives up makes room", async () => {
  await using near = await pool(0);
  const body = "x".repeat(128 * 1024);
  const streams = Array.from({ length: MAX_WAITING_OCTETS / body.length }, () => near.begin(body));
  await until(() => streams.some(({ upstream }) => upstream.heard.length > 0));
  const refused = streams.filter(({ upstream }) => upstream.heard.length > 0);
  assert.deepEqual(refused.map(({ upstream }) => upstream.heard), refused.map(() => [[{ kind: "released" }, true]]));
  assert.equal(refused.at(-1), streams.at(-1), "the first come first");
  for (const { egress } of streams) egress.abort();
  const last = near.begin(body);
  await until(() => near.links.length > 0);
  for (const link of near.links) link.keepCredit(1);
  await until(() => near.wire.arrived.length === 1);
  assert.deepEqual(last.upstream.heard, []);
});

Deno.test("stream links: beyond the bound of links, streams wait for one to fall idle", async () => {
  await using near = await pool();
  const streams = Array.from({ length: MAX_STREAM_LINKS + 2 }, () => near.begin());
  await until(() => near.wire.arrived.length === MAX_STREAM_LINKS, 60_000);
  assert.equal(near.links.length, MAX_STREAM_LINKS);
  streams[0]!.egress.end();
  await until(() => near.wire.arrived[0]!.events.includes("end"));
  near.wire.arrived[0]!.delivery.update({ kind: "accepted" }, true);
  await until(() => near.wire.arrived.length === MAX_STREAM_LINKS + 1);
  assert.equal(near.links.length, MAX_STREAM_LINKS);
  near.wire.peer.channel.destroy();
  await until(() => streams.every(({ upstream }) => upstream.heard.length === 1));
  assert.deepEqual(streams.at(-1)!.upstream.heard, [[{ kind: "released" }, true]]);
});
