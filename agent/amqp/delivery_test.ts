import assert from "node:assert/strict";
import fc from "fast-check";
import { openPair } from "../../tests/support/engine_pair.ts";
import type { DeliveryState } from "./codec/types.ts";
import type { IncomingDelivery } from "./incoming_delivery.ts";
import type { OutgoingDelivery, OutgoingHandler } from "./outgoing_delivery.ts";
import { ProtocolError } from "./protocol_error.ts";
import type { Receiver } from "./receiver.ts";
import type { Sender } from "./sender.ts";

const QUIET: OutgoingHandler = { onDrain() {}, onReceiverState() {}, onLost() {} };

interface Received {
  readonly delivery: IncomingDelivery;
  readonly chunks: Uint8Array[];
  readonly events: string[];
}

/** A link from client to server with credit; what arrives is recorded. */
function linked(options: { credit?: number; windowFrames?: number; maxFrameSize?: number } = {}) {
  const { credit = 10, ...limits } = options;
  const pair = openPair(limits, limits);
  const received: Received[] = [];
  let receiver!: Receiver;
  pair.server.onAttach = (link) => {
    if (link.role !== "receiver") return;
    receiver = link;
    link.accept({
      onDelivery(delivery) {
        const record: Received = { delivery, chunks: [], events: [] };
        received.push(record);
        delivery.handler = {
          onData: (piece) => record.chunks.push(piece.slice()),
          onEnd: () => record.events.push("end"),
          onAbort: () => record.events.push("abort"),
          onSenderState: (state, settled) => record.events.push(`sender ${state?.kind} ${settled}`),
        };
      },
    });
    link.keepCredit(credit);
  };
  const sender: Sender = pair.client.connection.beginSession("s").attachSender({ name: "link" }, {});
  pair.flow();
  return { ...pair, sender, receiver, received };
}

function bytesOf(record: Received): Uint8Array {
  return Uint8Array.from(record.chunks.flatMap((chunk) => [...chunk]));
}

Deno.test("a stream arrives as it is written, before it is complete", () => {
  const { sender, flow, received } = linked();
  const delivery = sender.start(false, QUIET);
  delivery.write(new Uint8Array([1, 2, 3]));
  flow();
  assert.deepEqual(bytesOf(received[0]), new Uint8Array([1, 2, 3]));
  assert.deepEqual(received[0].events, []);
  delivery.write(new Uint8Array([4]));
  delivery.end();
  flow();
  assert.deepEqual(bytesOf(received[0]), new Uint8Array([1, 2, 3, 4]));
  assert.deepEqual(received[0].events, ["end"]);
});

Deno.test("whatever the chunks and frame sizes, octets arrive in order and whole", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 9000 }), { maxLength: 12 }),
      fc.integer({ min: 512, max: 8192 }),
      fc.integer({ min: 2, max: 40 }),
      fc.integer({ min: 1, max: 5000 }),
      (chunks, maxFrameSize, windowFrames, chunkOctets) => {
        const { sender, flow, received } = linked({ maxFrameSize, windowFrames });
        const delivery = sender.start(false, QUIET);
        for (const chunk of chunks) delivery.write(chunk);
        delivery.end();
        flow(chunkOctets);
        const expected = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
        assert.deepEqual(bytesOf(received[0]), expected);
        assert.deepEqual(received[0].events, ["end"]);
        assert.equal(delivery.pending, 0);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("what is written while the frame before has not left goes into that frame, up to the peer's largest", () => {
  const { client, sender, flow, received } = linked({ maxFrameSize: 2048 });
  const delivery = sender.start(false, QUIET);
  const octets = Uint8Array.from({ length: 5000 }, (_, at) => at * 7 & 0xff);
  for (let at = 0; at < octets.length; at += 100) delivery.write(octets.subarray(at, at + 100));
  const waiting = client.connection.output.length;
  flow();
  assert.deepEqual(received[0].chunks.map((chunk) => chunk.length), [2023, 2028, 949]);
  assert.ok(waiting < 5000 + 3 * 40);
  assert.deepEqual(bytesOf(received[0]), octets);
  delivery.write(octets.subarray(0, 10));
  delivery.end();
  flow();
  assert.deepEqual(received[0].events, ["end"]);
  assert.equal(bytesOf(received[0]).length, 5010);
});

Deno.test("a frame behind which another has been written stays as it is", () => {
  const { client, sender, flow, received } = linked();
  const other = sender.session.attachSender({ name: "other" }, {});
  flow();
  const [one, two] = [sender.start(false, QUIET), other.start(false, QUIET)];
  one.write(new Uint8Array([1]));
  two.write(new Uint8Array([2]));
  one.write(new Uint8Array([3]));
  client.connection.output.append(new Uint8Array([0, 0, 0, 8, 2, 0, 0, 0]));
  one.write(new Uint8Array([4]));
  one.write(new Uint8Array([5]));
  one.abort();
  flow();
  assert.deepEqual(received.map(({ chunks }) => chunks.map((chunk) => [...chunk])), [[[1], [3], [4, 5]], [[2]]]);
  assert.deepEqual(received[0].events, ["abort"]);
});

Deno.test("an aborted stream reaches the receiver as abort and blocks nothing after it", () => {
  const { sender, flow, received, receiver } = linked();
  const first = sender.start(false, QUIET);
  first.write(new Uint8Array(100));
  flow();
  first.abort();
  const second = sender.start(false, QUIET);
  second.finish(new Uint8Array([9]));
  flow();
  assert.deepEqual(received.map((record) => record.events), [["abort"], ["end"]]);
  assert.equal(receiver.unsettledCount, 1, "an abort settles: only the second delivery still wants an outcome");
});

Deno.test("a delivery that is aborted before its first frame left is never heard of", () => {
  const { sender, flow, received } = linked();
  sender.start(false, QUIET).abort();
  sender.start(false, QUIET).finish(new Uint8Array([1]));
  flow();
  assert.equal(received.length, 1);
});

Deno.test("a delivery that nobody heard of has cost no credit, whatever the receiver granted meanwhile", () => {
  const { sender, flow, receiver, received } = linked({ credit: 4 });
  for (let times = 0; times < 10; times++) sender.start(false, QUIET).abort();
  assert.deepEqual([sender.credit, sender.counts.deliveries], [4, 0]);
  const waiting = sender.start(false, QUIET);
  receiver.drain();
  flow();
  waiting.abort();
  flow();
  assert.equal(sender.ready, false, "all of it was taken back");
  receiver.keepCredit(4);
  flow();
  for (let times = 0; times < 4; times++) sender.start(false, QUIET).finish(new Uint8Array(1));
  flow();
  assert.equal(received.length, 4);
});

Deno.test("a message without a single octet waits for the window like any other", () => {
  const { sender, flow, received, client, server } = linked({ windowFrames: 4, maxFrameSize: 1024 });
  const other = sender.session.attachSender({ name: "other" }, {});
  const stalled = sender.start(false, QUIET);
  stalled.write(new Uint8Array(10));
  flow();
  received[0].delivery.hold();
  stalled.write(new Uint8Array(50_000));
  other.start(false, QUIET).finish(new Uint8Array(0));
  flow();
  assert.equal(received.length, 1);
  received[0].delivery.release();
  flow();
  assert.deepEqual(received[1]?.events, ["end"]);
  assert.equal(client.closes.length + server.closes.length, 0);
});

Deno.test("states travel back: window reports, then an outcome that settles", () => {
  const { sender, flow, received } = linked();
  const states: [DeliveryState | undefined, boolean][] = [];
  const delivery = sender.start(false, {
    ...QUIET,
    onReceiverState: (state, settled) => states.push([state, settled]),
  });
  delivery.write(new Uint8Array(10));
  flow();
  received[0].delivery.update({ kind: "received", sectionNumber: 0, sectionOffset: 521_216n }, false);
  delivery.end();
  flow();
  received[0].delivery.update({ kind: "modified", deliveryFailed: true, undeliverableHere: false }, true);
  received[0].delivery.update({ kind: "accepted" }, true);
  flow();
  assert.deepEqual(states, [
    [{ kind: "received", sectionNumber: 0, sectionOffset: 521_216n }, false],
    [{ kind: "modified", deliveryFailed: true, undeliverableHere: false }, true],
  ], "nothing is said after settlement");
  assert.equal(sender.unsettledCount, 0);
});

Deno.test("an outcome before the end is told at once, and settled with the end", () => {
  for (const ending of ["end", "abort"] as const) {
    const { sender, flow, received, receiver } = linked();
    const states: [string | undefined, boolean][] = [];
    const delivery = sender.start(false, {
      ...QUIET,
      onReceiverState: (state, settled) => states.push([state?.kind, settled]),
    });
    delivery.write(new Uint8Array(10));
    flow();
    received[0].delivery.update({ kind: "released" }, true);
    received[0].delivery.update({ kind: "accepted" }, true);
    flow();
    assert.deepEqual(states, [["released", false]]);
    delivery[ending]();
    flow();
    // What is aborted is settled by that, on both sides.
    assert.deepEqual(states.slice(1), ending === "end" ? [["released", true]] : []);
    assert.deepEqual([sender.unsettledCount, receiver.unsettledCount], [0, 0]);
    assert.deepEqual(received[0].events, [ending]);
  }
});

Deno.test("a sender may settle first", () => {
  const { sender, flow, received, receiver } = linked();
  const delivery = sender.start(false, QUIET);
  delivery.finish(new Uint8Array([1]));
  flow();
  assert.equal(receiver.unsettledCount, 1);
  delivery.settle({ kind: "modified", deliveryFailed: true });
  flow();
  assert.deepEqual(received[0].events, ["end", "sender modified true"]);
  assert.equal(receiver.unsettledCount, 0);
});

Deno.test("delivery ids follow each other on the wire, in whatever order deliveries were started", () => {
  // qpid-proton closes the session on any other order.
  const { sender, flow, received } = linked({ windowFrames: 4, maxFrameSize: 1024 });
  const [second, third, fourth] = ["second", "third", "fourth"].map((name) =>
    sender.session.attachSender({ name }, {})
  );
  flow();
  const first = sender.start(false, QUIET);
  first.write(new Uint8Array(50_000));
  const waits = second.start(false, QUIET);
  waits.write(new Uint8Array(10));
  third.start(false, QUIET).abort();
  fourth.start(false, QUIET).finish(new Uint8Array(10));
  first.end();
  waits.end();
  flow();
  assert.deepEqual(received.map(({ delivery }) => delivery.id), [0, 1, 2]);
});

Deno.test("a sender that settles while the end still waits is heard behind the end", () => {
  const { sender, flow, received } = linked({ windowFrames: 4, maxFrameSize: 1024 });
  const delivery = sender.start(false, QUIET);
  delivery.write(new Uint8Array(50_000));
  delivery.end();
  delivery.settle({ kind: "accepted" });
  flow();
  assert.equal(bytesOf(received[0]).length, 50_000);
  assert.deepEqual(received[0].events, ["end", "sender accepted true"]);
});

Deno.test("credit is topped up with every stream, and for whole messages when half of it is used", () => {
  const { sender, flow } = linked({ credit: 8 });
  sender.start(true, QUIET).finish(new Uint8Array([1]));
  flow();
  assert.equal(sender.credit, 7);
  const stream = sender.start(false, QUIET);
  stream.write(new Uint8Array([1]));
  flow();
  assert.equal(sender.credit, 8);
  stream.end();
});

Deno.test("credit limits how many deliveries are started, and is topped up as they arrive", () => {
  const { sender, flow, received } = linked({ credit: 4 });
  let sent = 0;
  while (sender.ready) {
    sender.start(true, QUIET).finish(new Uint8Array([1]));
    sent++;
  }
  assert.equal(sent, 4);
  flow();
  assert.equal(received.length, 4);
  assert.ok(sender.ready);
});

Deno.test("a peer that sends without credit is cut off", () => {
  const { sender, server, flow } = linked({ credit: 1 });
  sender.start(true, QUIET).finish(new Uint8Array([1]));
  // A second delivery, forged: the receiver tops up only when this frame has been read.
  sender.session.sendTransfer(sender.handle, 1, true, true, false, 1);
  sender.session.sendTransfer(sender.handle + 7, 2, true, false, false, 1);
  flow();
  assert.ok(server.closes[0] instanceof ProtocolError);
});

Deno.test("a held delivery shuts the session window and bounds what its sender can push", () => {
  const { sender, flow, received, client } = linked({ windowFrames: 8, maxFrameSize: 1024 });
  const delivery: OutgoingDelivery = sender.start(false, QUIET);
  delivery.write(new Uint8Array(1));
  flow();
  received[0].delivery.hold();
  delivery.write(new Uint8Array(100_000));
  flow();
  assert.ok(bytesOf(received[0]).length <= 9 * 1024);
  assert.ok(delivery.pending > 90_000);
  received[0].delivery.release();
  flow();
  assert.equal(bytesOf(received[0]).length, 100_001);
  assert.equal(client.closes.length, 0);
});

Deno.test("a held delivery whose link is detached holds up the others of its session no more", () => {
  for (const whole of [true, false]) {
    const { sender, flow, received } = linked({ windowFrames: 4 });
    const other = sender.session.attachSender({ name: "other" }, {});
    const delivery = sender.start(false, QUIET);
    delivery.write(new Uint8Array(10));
    if (whole) delivery.end();
    flow();
    received[0].delivery.hold();
    sender.close();
    other.start(false, QUIET).finish(new Uint8Array(50_000));
    flow();
    assert.equal(bytesOf(received[1]).length, 50_000);
    assert.ok(received[0].delivery.settled, "nothing more can be said of it");
  }
});

Deno.test("a stalled stream in one session leaves another session alone", () => {
  const { sender, flow, received, client } = linked({ windowFrames: 4, maxFrameSize: 1024 });
  const stalled = sender.start(false, QUIET);
  stalled.write(new Uint8Array(10));
  flow();
  received[0].delivery.hold();
  stalled.write(new Uint8Array(50_000));
  const other = client.connection.beginSession("other").attachSender({ name: "other" }, {});
  flow();
  other.start(false, QUIET).finish(new Uint8Array(20_000));
  flow();
  assert.equal(bytesOf(received[1]).length, 20_000);
});

Deno.test("streams that wait take turns: none is starved by another", () => {
  const { sender, flow, received, client } = linked({ windowFrames: 4, maxFrameSize: 1024 });
  const second = sender.session.attachSender({ name: "second" }, {});
  flow();
  const order: string[] = [];
  const a = sender.start(false, { ...QUIET, onDrain: () => order.push("a") });
  const b = second.start(false, { ...QUIET, onDrain: () => order.push("b") });
  a.write(new Uint8Array(40_000));
  b.write(new Uint8Array(40_000));
  flow();
  assert.equal(client.closes.length, 0);
  assert.equal(received.reduce((sum, record) => sum + bytesOf(record).length, 0), 80_000);
  const longestRun = order.join("").match(/a+|b+/g)!.reduce((longest, run) => Math.max(longest, run.length), 0);
  assert.ok(longestRun <= 12, `one stream sent ${longestRun} frames in a row: ${order.join("")}`);
});

Deno.test("losing the connection tells both ends of every open delivery", () => {
  const { sender, flow, received, client, server } = linked();
  let lost = 0;
  const open = sender.start(false, { ...QUIET, onLost: () => lost++ });
  open.write(new Uint8Array([1]));
  flow();
  client.connection.channelClosed();
  server.connection.channelClosed();
  assert.equal(lost, 1);
  assert.deepEqual(received[0].events, ["abort"]);
});

Deno.test("a detach by the receiver loses what the sender had under way", () => {
  const { sender, flow, receiver } = linked();
  let lost = 0;
  sender.start(false, { ...QUIET, onLost: () => lost++ }).write(new Uint8Array([1]));
  flow();
  receiver.close({ condition: "amqp:resource-limit-exceeded" });
  flow();
  assert.equal(lost, 1);
  assert.ok(!sender.attached && !sender.ready);
});

Deno.test("drain gives unused credit back at once", () => {
  const { sender } = linked({ credit: 5 });
  sender.flow({
    type: "flow",
    incomingWindow: 16,
    nextOutgoingId: 0,
    outgoingWindow: 1,
    deliveryCount: 0,
    linkCredit: 5,
    drain: true,
  });
  assert.equal(sender.credit, 0);
});

Deno.test("a receiver that drains takes what was on its way, and hears when nothing more can come", () => {
  const { client, sender, receiver, flow, received } = linked({ credit: 5 });
  const [open, crossing] = [sender.start(false, QUIET), () => sender.start(false, QUIET)];
  open.write(new Uint8Array([1]));
  flow();
  receiver.drain();
  open.end();
  crossing().finish(new Uint8Array([2])); // The sender has not heard of it.
  assert.equal(receiver.drained, false);
  flow();
  assert.deepEqual(received.map((record) => [...bytesOf(record), ...record.events]), [[1, "end"], [2, "end"]]);
  assert.deepEqual([receiver.drained, receiver.credit, sender.credit], [true, 0, 0]);
  receiver.keepCredit(3);
  flow();
  assert.deepEqual([receiver.drained, receiver.credit, sender.credit], [false, 3, 3]);
  crossing().finish(new Uint8Array([3]));
  flow();
  assert.deepEqual([received.length, client.connection.isOpen], [3, true]);
});

Deno.test("a link without credit is drained at once; one in the midst of a message when that is over", () => {
  const { sender, receiver, flow } = linked({ credit: 0 });
  receiver.drain();
  assert.equal(receiver.drained, true);
  receiver.keepCredit(4);
  flow();
  const open = sender.start(false, QUIET);
  open.write(new Uint8Array([1]));
  receiver.drain();
  flow();
  assert.equal(receiver.drained, false);
  open.end();
  flow();
  assert.equal(receiver.drained, true);
});

Deno.test("a stream that is silent for a day stays open, and goes on as if it had been a moment", () => {
  const { client, server, flow, sender, received } = linked();
  const delivery = sender.start(false, QUIET);
  delivery.write(new TextEncoder().encode("good "));
  flow();
  const day = 24 * 60 * 60 * 1000;
  let now = 0;
  while (now < day) {
    // Each side is called when it asked to be, as its owner does.
    now = Math.min(client.connection.tick(now), server.connection.tick(now));
    flow();
  }
  assert.deepEqual([client.closes, server.closes, received[0].events], [[], [], []]);
  delivery.write(new TextEncoder().encode("morning"));
  delivery.end();
  flow();
  assert.equal(received[0].chunks.map((chunk) => new TextDecoder().decode(chunk)).join(""), "good morning");
  assert.deepEqual(received[0].events, ["end"]);
});
