import { SYSTEM_CLOCK } from "../lib/clock.ts";
import assert from "node:assert/strict";
import { channelPair } from "../../tests/support/channel_pair.ts";
import { until } from "../../tests/support/until.ts";
import { begin, send } from "../../tests/support/wire_peer.ts";
import { TendrilError } from "../lib/errors.ts";
import type { Sender } from "../amqp/sender.ts";
import type { Channel, ChannelHandler } from "../transport/channel.ts";
import { routerConnectionOptions } from "./capabilities.ts";
import { Peer, type PeerLoss } from "./peer.ts";
import { connected, type Peers } from "./testing_peers.ts";

/** A link on which the product's side can send; what arrives is recorded. */
async function readySender({ peer, wire }: Peers): Promise<Sender> {
  wire.onAttach = (link) => {
    if (link.role !== "receiver") return;
    link.accept(wire.receive());
    link.keepCredit(100);
  };
  const sender = peer.connection.beginSession("s").attachSender({ name: "link", target: { address: "a" } }, {});
  await until(() => sender.ready);
  return sender;
}

Deno.test("peer: both sides learn who the other is", async () => {
  await using pair = await connected();
  assert.equal(pair.peer.containerId, "FAR");
  assert.equal(pair.wire.peer.containerId, "NEAR");
});

Deno.test("peer: an orderly close has no reason, on either side", async () => {
  const { peer, wire, losses } = await connected();
  peer.close();
  await until(() => wire.gone !== undefined && losses.length > 0);
  assert.deepEqual([wire.gone, losses], [{}, [{}]]);
});

Deno.test("peer: an error that is told on closing is the other side's reason", async () => {
  const { peer, wire, losses } = await connected();
  peer.close({ condition: "amqp:connection:forced", description: "maintenance" });
  await until(() => wire.gone !== undefined && losses.length > 0);
  assert.equal(wire.gone?.remote?.description, "maintenance");
});

Deno.test("peer: a peer that breaks the protocol is told so, and that is the reason", async () => {
  const { peer, wire, losses } = await connected();
  // A flow for a link that never was.
  const { channel } = wire.peer.connection.beginSession("s");
  const windows = { incomingWindow: 1, nextOutgoingId: 0, outgoingWindow: 1 };
  wire.peer.connection.send(channel, { type: "flow", handle: 7, ...windows });
  await until(() => losses.length > 0 && wire.gone !== undefined);
  assert.ok(losses[0]?.protocol !== undefined);
  assert.equal(wire.gone?.remote?.condition, losses[0].protocol.condition);
  assert.equal(peer.connection.isOpen, false);
});

Deno.test("peer: who waits for what is in the output hears of it when that has been written, not of the write before", async () => {
  await using pair = await connected();
  const { peer } = pair;
  const events: string[] = [];
  const write = peer.channel.write.bind(peer.channel);
  peer.channel.write = (chunk, done) =>
    write(chunk, (ok) => {
      events.push("written");
      done(ok);
    });
  peer.connection.beginSession("one");
  await Promise.resolve(); // What one turn has gathered is under way.
  peer.connection.beginSession("two");
  peer.afterWrite(() => events.push("heard"));
  await until(() => events.includes("heard"));
  assert.deepEqual(events, ["written", "written", "heard"]);
});

Deno.test("peer: who waits for what has left already hears of it when that write is done, or at once", async () => {
  await using pair = await connected();
  const { peer } = pair;
  const sender = await readySender(pair);
  await new Promise((resolve) => setTimeout(resolve, 10)); // No write is under way any more.
  const events: string[] = [];
  peer.afterWrite(() => events.push("nothing to write"));
  assert.deepEqual(events, ["nothing to write"]);
  send(sender, new Uint8Array(10_000));
  peer.afterWrite(() => events.push("heard"));
  assert.equal(events.length, 1);
  await until(() => events.length === 2);
});

Deno.test("peer: of many messages in one turn the first leave before it is over; what is not complete gathers", async () => {
  await using pair = await connected();
  const { peer, wire } = pair;
  const sender = await readySender(pair);
  const writes: number[] = [];
  const write = peer.channel.write.bind(peer.channel);
  peer.channel.write = (chunk, done) => {
    writes.push(chunk.length);
    write(chunk, done);
  };
  const stream = begin(sender, new Uint8Array(10_000));
  assert.deepEqual(writes, []);
  await until(() => writes.length === 1);
  stream.delivery.end();
  await until(() => wire.arrived[0]?.events.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 10)); // No write is under way any more.
  writes.length = 0;
  for (let messages = 0; messages < 50; messages++) send(sender, new Uint8Array(200));
  assert.equal(writes.length, 1);
  assert.ok(writes[0]! >= 1024 && writes[0]! < 5000, `${writes[0]}`);
  await until(() => wire.arrived.length === 51);
  assert.equal(writes.length, 2);
});

Deno.test("peer: a transport that fails is the reason, told once, after every link was lost", async () => {
  const [near, far] = channelPair();
  let handler!: ChannelHandler;
  const failing: Channel = {
    peer: near.peer,
    start: (given) => near.start(handler = given),
    write: (chunk, done) => near.write(chunk, done),
    pause() {},
    resume() {},
    close: () => near.close(),
    destroy: () => near.destroy(),
  };
  const events: string[] = [];
  let loss: PeerLoss | undefined;
  const peer = new Peer(failing, routerConnectionOptions("client", "NEAR", false), false, SYSTEM_CLOCK, {
    onOpen() {},
    onAttach() {},
    onGone: (given) => {
      loss = given;
      events.push("gone");
    },
  });
  peer.start();
  const other = new Peer(far, routerConnectionOptions("server", "FAR", false), false, SYSTEM_CLOCK, {
    onOpen() {},
    onAttach(link) {
      if (link.role !== "receiver") return;
      link.accept({ onDelivery: (delivery) => delivery.handler = { ...SILENT } });
      link.keepCredit(1);
    },
    onGone: () => events.push("other gone"),
  });
  other.start();
  await until(() => peer.connection.isOpen);
  const link = peer.connection.beginSession("s").attachSender({ name: "x" }, { onDetached: () => events.push("link") });
  await until(() => link.ready);
  const sent = begin(link, new Uint8Array(1));
  handler.onClose(new TendrilError("LINK_RESET", "reset by peer"));
  handler.onClose(undefined);
  assert.equal(loss?.transport?.code, "LINK_RESET");
  assert.equal(sent.lost, true);
  assert.deepEqual(events, ["link", "gone"]);
  far.destroy();
  await until(() => events.length === 3);
  assert.deepEqual(events, ["link", "gone", "other gone"], "exactly once each");
});

const SILENT = { onData() {}, onEnd() {}, onAbort() {}, onSenderState() {} };

/** Two peers that have begun; what the first one says goes to the other by `write`. */
function peersBy(write: (near: Channel) => Channel["write"]): { peer: Peer; other: Peer; gone(): number } {
  const [near, far] = channelPair();
  const channel: Channel = {
    peer: near.peer,
    start: (handler) => near.start(handler),
    write: write(near),
    pause() {},
    resume() {},
    close: () => near.close(),
    destroy: () => near.destroy(),
  };
  let gone = 0;
  const handler = { onOpen() {}, onAttach() {}, onGone: () => gone++ };
  const peer = new Peer(channel, routerConnectionOptions("client", "NEAR", false), false, SYSTEM_CLOCK, handler);
  const other = new Peer(far, routerConnectionOptions("server", "FAR", false), false, SYSTEM_CLOCK, handler);
  peer.start();
  other.start();
  return { peer, other, gone: () => gone };
}

Deno.test("peer: what is said in one turn leaves in one write, and one write at a time", async () => {
  const writes: number[] = [];
  let inFlight = 0;
  const { peer, gone } = peersBy((near) => (chunk, done) => {
    assert.equal(++inFlight, 1, "one write at a time");
    writes.push(chunk.length);
    near.write(chunk, (ok) => {
      inFlight--;
      done(ok);
    });
  });
  await until(() => peer.connection.isOpen && inFlight === 0);
  const before = writes.length;
  const session = peer.connection.beginSession("s");
  for (let at = 0; at < 50; at++) session.attachSender({ name: `link ${at}` }, {});
  await until(() => writes.length > before);
  assert.equal(writes.length, before + 1);
  peer.close();
  await until(() => gone() === 2);
});

Deno.test("peer: one that never reads our last words is dropped", async () => {
  let stuck = false;
  // Once stuck, a write never ends: the other side's TCP window is shut.
  const { peer, other, gone } = peersBy((near) => (chunk, done) => stuck ? undefined : near.write(chunk, done));
  await until(() => peer.connection.isOpen && other.connection.isOpen);
  stuck = true;
  peer.close();
  // Long before silence would end it, after 16 s.
  await until(() => gone() === 2, 12_000);
});
