/** Frames that a peer must not send where it sends them: each closes the connection with the condition of its fault. */

import assert from "node:assert/strict";
import { type EnginePair, enginePair, openPair } from "../../tests/support/engine_pair.ts";
import { encodeFrame, encodeSaslFrame } from "../../tests/support/frames.ts";
import type { Attach, Begin, Performative, Transfer } from "./codec/types.ts";
import { Writer } from "./codec/writer.ts";
import type { IncomingDelivery } from "./incoming_delivery.ts";
import { OUTPUT_HARD_LIMIT } from "./output.ts";
import { ProtocolError } from "./protocol_error.ts";
import type { ReceiverHandler } from "./receiver.ts";
import { MAX_LINKS_PER_SESSION } from "./link_table.ts";

const BEGIN: Begin = { type: "begin", nextOutgoingId: 0, incomingWindow: 100, outgoingWindow: 100 };
const ATTACH: Attach = { type: "attach", name: "l", handle: 0, role: "sender", initialDeliveryCount: 0 };
const TRANSFER: Transfer = { type: "transfer", handle: 0, deliveryId: 0, deliveryTag: Uint8Array.of(1), settled: true };
const DETACH: Performative = { type: "detach", handle: 0, closed: true };
const END: Performative = { type: "end" };
const FLOW: Performative = { type: "flow", nextOutgoingId: 0, incomingWindow: 10, outgoingWindow: 10 };
const QUIET: ReceiverHandler = { onDelivery() {} };

function frame(performative: Performative, channel = 0, payload = new Uint8Array(0)): Uint8Array {
  const writer = new Writer();
  encodeFrame(writer, channel, performative, performative.type === "transfer" ? payload : undefined);
  return writer.bytes().slice();
}

/** An open server to which a test sends frames by hand; links of the peer get `credit`. */
function server(credit = 0, limits: Parameters<typeof openPair>[1] = {}): EnginePair["server"] {
  const side = openPair({}, limits).server;
  side.onAttach = (link) => {
    if (link.role === "sender") return link.accept({});
    link.accept(QUIET);
    link.keepCredit(credit);
  };
  return side;
}

function say(side: EnginePair["server"], ...performatives: Performative[]): void {
  for (const performative of performatives) side.connection.feed(frame(performative));
}

function conditionOf(side: EnginePair["server"]): string | undefined {
  assert.equal(side.closes.length, 1, "closed once");
  const [error] = side.closes;
  assert.ok(error instanceof ProtocolError);
  return error.condition;
}

const FAULTS: Record<string, [condition: string, ...Performative[]]> = {
  "a second open": ["amqp:illegal-state", { type: "open", containerId: "again" }],
  "an attach without begin": ["amqp:not-allowed", ATTACH],
  "a transfer without begin": ["amqp:not-allowed", TRANSFER],
  "a channel begun twice": ["amqp:not-allowed", BEGIN, BEGIN],
  "an answer to a session nobody began": ["amqp:not-allowed", { ...BEGIN, remoteChannel: 5 }],
  "a handle in use": ["amqp:session:handle-in-use", BEGIN, ATTACH, { ...ATTACH, name: "other" }],
  "a handle above the limit": [
    "amqp:resource-limit-exceeded",
    BEGIN,
    { ...ATTACH, handle: MAX_LINKS_PER_SESSION },
  ],
  "a transfer on a handle without link": ["amqp:session:unattached-handle", BEGIN, TRANSFER],
  "a transfer on a link that we send on": [
    "amqp:session:unattached-handle",
    BEGIN,
    { type: "attach", name: "l", handle: 0, role: "receiver" },
    TRANSFER,
  ],
  "a flow on a handle without link": ["amqp:session:unattached-handle", BEGIN, { ...FLOW, type: "flow", handle: 3 }],
  "a detach of a handle without link": ["amqp:session:unattached-handle", BEGIN, DETACH],
  "a detach twice": ["amqp:session:unattached-handle", BEGIN, ATTACH, DETACH, DETACH],
  "a transfer after the detach": ["amqp:session:unattached-handle", BEGIN, ATTACH, DETACH, TRANSFER],
  "an end twice": ["amqp:not-allowed", BEGIN, END, END],
  "a delivery without credit": ["amqp:link:transfer-limit-exceeded", BEGIN, ATTACH, TRANSFER],
};

for (const [fault, [condition, ...performatives]] of Object.entries(FAULTS)) {
  Deno.test(`${fault} closes the connection with ${condition}`, () => {
    const side = server();
    say(side, ...performatives);
    assert.equal(conditionOf(side), condition);
    assert.ok(!side.connection.isOpen);
  });
}

Deno.test("a first transfer without delivery id, and another id inside a delivery, are refused", () => {
  const first = server(10);
  const { deliveryId: _id, ...withoutId } = TRANSFER;
  say(first, BEGIN, ATTACH, withoutId);
  assert.equal(conditionOf(first), "amqp:invalid-field");
  const inside = server(10);
  say(inside, BEGIN, ATTACH, { ...TRANSFER, more: true }, { ...TRANSFER, deliveryId: 1 });
  assert.equal(conditionOf(inside), "amqp:illegal-state");
});

Deno.test("the number of a delivery without outcome can't be that of another, and is free again afterwards", () => {
  const side = server(10);
  const deliveries: IncomingDelivery[] = [];
  side.onAttach = (link) => {
    if (link.role === "sender") return;
    link.accept({ onDelivery: (delivery) => deliveries.push(delivery) });
    link.keepCredit(10);
  };
  const transfer: Transfer = { ...TRANSFER, deliveryId: 0xffffffff, settled: false };
  say(side, BEGIN, ATTACH, transfer);
  deliveries[0]!.update({ kind: "accepted" }, true);
  say(side, transfer, { ...transfer, deliveryId: 0 });
  assert.equal(side.closes.length, 0);
  say(side, transfer);
  assert.equal(conditionOf(side), "amqp:invalid-field");
});

Deno.test("a peer that overruns the session window is cut off", () => {
  const side = server(100, { windowFrames: 4 });
  side.onAttach = (link) => {
    if (link.role !== "receiver") return;
    link.accept({ onDelivery: (delivery) => delivery.hold() });
    link.keepCredit(100);
  };
  say(side, BEGIN, ATTACH);
  for (let frames = 0; frames < 4; frames++) say(side, { ...TRANSFER, more: true });
  assert.equal(side.closes.length, 0);
  say(side, { ...TRANSFER, more: true });
  assert.equal(conditionOf(side), "amqp:session:window-violation");
});

Deno.test("session frames, transfers and SASL frames out of their time are refused", () => {
  const header = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0);
  for (const early of [BEGIN, TRANSFER]) {
    const { server: side } = enginePair({}, { saslOptional: true });
    side.connection.feed(header);
    side.connection.feed(frame(early));
    assert.equal(conditionOf(side), "amqp:illegal-state");
  }
  const late = server();
  const writer = new Writer();
  encodeSaslFrame(writer, { type: "sasl-init", mechanism: "ANONYMOUS" });
  late.connection.feed(writer.bytes().slice());
  assert.equal(conditionOf(late), "amqp:not-allowed");
});

Deno.test("more sessions than allowed are refused, and there is room for our own until then", () => {
  const side = server();
  for (let channel = 0; channel < 192; channel++) side.connection.feed(frame(BEGIN, channel));
  assert.equal(side.closes.length, 0);
  for (let own = 0; own < 64; own++) side.connection.beginSession("own");
  assert.equal(side.connection.isOpen, true);
  side.connection.feed(frame(BEGIN, 192));
  assert.equal(conditionOf(side), "amqp:resource-limit-exceeded");
});

Deno.test("a peer without room for a session of ours is cut off at its next turn: who wanted the session gets one", () => {
  const side = server();
  for (let own = 0; own < 256; own++) side.connection.beginSession("own");
  assert.equal(side.closes.length, 0);
  side.connection.beginSession("one more").attachSender({ name: "link" }, {});
  assert.equal(side.closes.length, 0);
  side.connection.feed(frame(BEGIN));
  assert.equal(conditionOf(side), "amqp:resource-limit-exceeded");
});

Deno.test("frames whose sizes contradict each other are refused", () => {
  const broken: Record<string, [string, string]> = {
    "data offset below the header": ["0000000901000000", "amqp:connection:framing-error"],
    "data offset above the frame": ["0000000803000000", "amqp:connection:framing-error"],
    "a transfer list above its frame": ["0000001002000000" + "005314c0ff024343", "amqp:decode-error"],
  };
  for (const [fault, [hex, condition]] of Object.entries(broken)) {
    const side = server();
    say(side, BEGIN);
    side.connection.feed(Uint8Array.fromHex(hex));
    assert.equal(conditionOf(side), condition, fault);
  }
});

Deno.test("an extended frame header is passed over, in one piece and octet by octet", () => {
  const plain = frame(BEGIN);
  const bytes = new Uint8Array([
    0,
    0,
    0,
    plain.length + 4,
    3,
    ...plain.subarray(5, 8),
    1,
    2,
    3,
    4,
    ...plain.subarray(8),
  ]);
  for (const step of [bytes.length, 1]) {
    const side = server();
    let attached = 0;
    side.onAttach = () => void attached++;
    for (let at = 0; at < bytes.length; at += step) side.connection.feed(bytes.slice(at, at + step));
    side.connection.feed(frame(ATTACH));
    assert.deepEqual([side.closes.length, attached], [0, 1]);
  }
});

Deno.test("a transfer in an unusual encoding is understood, in one piece and octet by octet", () => {
  // A 32-bit list and wide numbers, which only the general codec knows.
  const body = "005314d0000000170000000570000000007000000000a00101700000000041";
  const bytes = Uint8Array.fromHex(`${(8 + body.length / 2 + 3).toString(16).padStart(8, "0")}02000000${body}0a0b0c`);
  for (const step of [bytes.length, 1]) {
    const received: number[] = [];
    const side = server();
    side.onAttach = (link) => {
      if (link.role !== "receiver") return;
      const onData = (piece: Uint8Array) => void received.push(...piece);
      link.accept({
        onDelivery: (delivery) => delivery.handler = { onData, onEnd() {}, onAbort() {}, onSenderState() {} },
      });
      link.keepCredit(5);
    };
    say(side, BEGIN, ATTACH);
    for (let at = 0; at < bytes.length; at += step) side.connection.feed(bytes.slice(at, at + step));
    assert.deepEqual([side.closes, received], [[], [10, 11, 12]]);
  }
});

Deno.test("a peer that does not read what it is told is given up at the next turn, whoever had something to tell it", () => {
  for (const kind of ["accepted", "released"] as const) {
    const side = openPair().server;
    const deliveries: IncomingDelivery[] = [];
    side.onAttach = (link) => {
      if (link.role === "sender") return;
      link.accept({ onDelivery: (delivery) => deliveries.push(delivery) });
      link.keepCredit(10);
    };
    say(side, BEGIN, ATTACH, { ...TRANSFER, settled: false });
    const { output } = side.connection;
    output.append(new Uint8Array(OUTPUT_HARD_LIMIT - output.length - 10));
    deliveries[0]!.update({ kind }, true);
    assert.deepEqual(side.closes, [], "not inside the call of somebody else");
    side.connection.take();
    side.connection.tick(0);
    const error: unknown = side.closes[0];
    assert.ok(error instanceof ProtocolError, kind);
    assert.match(error.message, /unread/);
  }
});
