import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ProtocolError } from "../protocol_error.ts";
import {
  ATTACH,
  BEGIN,
  CLOSE,
  DETACH,
  DISPOSITION,
  ERROR,
  FLOW,
  MODIFIED,
  OPEN,
  RECEIVED,
  REJECTED,
  SASL_INIT,
  SOURCE,
  TARGET,
  TRANSFER,
} from "./descriptors.ts";
import { decodePerformative, encodePerformative } from "./performatives.ts";
import { performatives } from "./testing_performatives.ts";
import { type AmqpMap, AmqpSymbol, type AmqpValue, type Attach, type Performative } from "./types.ts";
import { Writer } from "./writer.ts";

function encode(performative: Performative): Uint8Array {
  const writer = new Writer();
  encodePerformative(writer, performative);
  return writer.bytes();
}

function decode(bytes: Uint8Array): Performative {
  const { performative, end } = decodePerformative(bytes, 0, bytes.length);
  assert.equal(end, bytes.length);
  return performative;
}

function composite(descriptor: number, fields: AmqpValue[]): AmqpValue {
  return {
    type: "described",
    descriptor: { type: "ulong", value: BigInt(descriptor) },
    value: { type: "list", value: fields },
  };
}

/** A performative from generic values: what the standard calls its fields, without our code for them. */
function fromFields(descriptor: number, fields: AmqpValue[]): Uint8Array {
  const writer = new Writer();
  writer.value(composite(descriptor, fields));
  return writer.bytes();
}

function uint(value: number): AmqpValue {
  return { type: "uint", value };
}

for (const [type, arbitrary] of Object.entries(performatives())) {
  Deno.test(`${type} survives encoding and decoding whichever of its fields are there`, () => {
    fc.assert(
      fc.property(arbitrary, fc.boolean(), (performative: Performative, wide: boolean) => {
        const writer = new Writer();
        writer.wide = wide;
        encodePerformative(writer, performative);
        assert.deepEqual(decode(writer.bytes()), performative);
      }),
      { numRuns: 400 },
    );
  });
}

/** Fields by position, each of a type that no two neighbours share, and the performative they make. */
const MAP: AmqpMap = [[new AmqpSymbol("k"), { type: "int", value: 1 }]];
const MAP_VALUE: AmqpValue = { type: "map", value: MAP };
const ONE = new AmqpSymbol("one");
const SEVERAL: AmqpValue = { type: "array", value: [ONE, new AmqpSymbol("two")] };
const ERROR_VALUE = composite(ERROR, [new AmqpSymbol("amqp:not-found"), "gone", MAP_VALUE]);
const ERROR_READ = { condition: "amqp:not-found", description: "gone", info: MAP };
const OUTCOME = composite(0x24, []);

const POSITIONS: ReadonlyArray<readonly [number, AmqpValue[], Performative]> = [
  [OPEN, [
    "me",
    "host",
    uint(512),
    { type: "ushort", value: 9 },
    uint(8000),
    ONE,
    SEVERAL,
    SEVERAL,
    ONE,
    MAP_VALUE,
  ], {
    type: "open",
    containerId: "me",
    hostname: "host",
    maxFrameSize: 512,
    channelMax: 9,
    idleTimeOut: 8000,
    outgoingLocales: ONE,
    incomingLocales: SEVERAL,
    offeredCapabilities: SEVERAL,
    desiredCapabilities: ONE,
    properties: MAP,
  }],
  [BEGIN, [{ type: "ushort", value: 3 }, uint(1), uint(2), uint(300), uint(4), ONE, SEVERAL, MAP_VALUE], {
    type: "begin",
    remoteChannel: 3,
    nextOutgoingId: 1,
    incomingWindow: 2,
    outgoingWindow: 300,
    handleMax: 4,
    offeredCapabilities: ONE,
    desiredCapabilities: SEVERAL,
    properties: MAP,
  }],
  [ATTACH, [
    "link",
    uint(1),
    true,
    { type: "ubyte", value: 2 },
    { type: "ubyte", value: 1 },
    composite(SOURCE, [
      "from",
      uint(2),
      new AmqpSymbol("never"),
      uint(60),
      true,
      MAP_VALUE,
      new AmqpSymbol("move"),
      MAP_VALUE,
      OUTCOME,
      SEVERAL,
      ONE,
    ]),
    composite(TARGET, ["to", uint(1), new AmqpSymbol("link-detach"), uint(0), false, MAP_VALUE, SEVERAL]),
    MAP_VALUE,
    true,
    uint(7),
    { type: "ulong", value: 1n << 40n },
    ONE,
    SEVERAL,
    MAP_VALUE,
  ], {
    type: "attach",
    name: "link",
    handle: 1,
    role: "receiver",
    sndSettleMode: 2,
    rcvSettleMode: 1,
    source: {
      address: "from",
      durable: 2,
      expiryPolicy: "never",
      timeout: 60,
      dynamic: true,
      dynamicNodeProperties: MAP,
      distributionMode: "move",
      filter: MAP_VALUE,
      defaultOutcome: OUTCOME,
      outcomes: SEVERAL,
      capabilities: ONE,
    },
    target: {
      address: "to",
      durable: 1,
      expiryPolicy: "link-detach",
      timeout: 0,
      dynamic: false,
      dynamicNodeProperties: MAP,
      capabilities: SEVERAL,
    },
    unsettled: MAP,
    incompleteUnsettled: true,
    initialDeliveryCount: 7,
    maxMessageSize: 1n << 40n,
    offeredCapabilities: ONE,
    desiredCapabilities: SEVERAL,
    properties: MAP,
  }],
  [FLOW, [uint(1), uint(2), uint(3), uint(4), uint(5), uint(6), uint(7), uint(8), true, false, MAP_VALUE], {
    type: "flow",
    nextIncomingId: 1,
    incomingWindow: 2,
    nextOutgoingId: 3,
    outgoingWindow: 4,
    handle: 5,
    deliveryCount: 6,
    linkCredit: 7,
    available: 8,
    drain: true,
    echo: false,
    properties: MAP,
  }],
  [TRANSFER, [
    uint(1),
    uint(2),
    { type: "binary", value: new Uint8Array([9]) },
    uint(0),
    true,
    false,
    { type: "ubyte", value: 1 },
    composite(RECEIVED, [uint(1), { type: "ulong", value: 2n }]),
    true,
    false,
    true,
  ], {
    type: "transfer",
    handle: 1,
    deliveryId: 2,
    deliveryTag: new Uint8Array([9]),
    messageFormat: 0,
    settled: true,
    more: false,
    rcvSettleMode: 1,
    state: { kind: "received", sectionNumber: 1, sectionOffset: 2n },
    resume: true,
    aborted: false,
    batchable: true,
  }],
  [DISPOSITION, [false, uint(1), uint(2), true, composite(MODIFIED, [true, false, MAP_VALUE]), false], {
    type: "disposition",
    role: "sender",
    first: 1,
    last: 2,
    settled: true,
    state: { kind: "modified", deliveryFailed: true, undeliverableHere: false, messageAnnotations: MAP },
    batchable: false,
  }],
  [DETACH, [uint(1), true, ERROR_VALUE], { type: "detach", handle: 1, closed: true, error: ERROR_READ }],
  [CLOSE, [ERROR_VALUE], { type: "close", error: ERROR_READ }],
];

for (const [descriptor, fields, expected] of POSITIONS) {
  Deno.test(`every field of ${expected.type} stands where the standard puts it`, () => {
    const bytes = fromFields(descriptor, fields);
    assert.deepEqual(decode(bytes), expected);
    assert.equal(encode(expected).toHex(), bytes.toHex());
  });

  Deno.test(`${expected.type} with a field of a wrong type is refused, naming the field`, () => {
    // Nothing that is checked may be a char, and fields of any type can't be wrong.
    const anyType = new Set<AmqpValue>([ONE, SEVERAL, OUTCOME]);
    for (const [at, field] of fields.entries()) {
      if (anyType.has(field)) continue;
      const damaged = fields.with(at, { type: "char", value: 65 });
      assert.throws(() => decode(fromFields(descriptor, damaged)), (error) => {
        assert.ok(error instanceof ProtocolError);
        assert.equal(error.condition, "amqp:invalid-field");
        assert.match(error.message, /^field [a-z-]+ is not /);
        return true;
      }, `field ${at}`);
    }
  });
}

Deno.test("a mandatory field that is missing or null is refused by its name", () => {
  const cases: ReadonlyArray<readonly [number, AmqpValue[], string]> = [
    [OPEN, [], "container-id"],
    [OPEN, [null, "host"], "container-id"],
    [BEGIN, [null, null, uint(1), uint(1)], "next-outgoing-id"],
    [BEGIN, [null, uint(1), null, uint(1)], "incoming-window"],
    [BEGIN, [null, uint(1), uint(1)], "outgoing-window"],
    [ATTACH, [null, uint(1), true], "name"],
    [ATTACH, ["n", null, true], "handle"],
    [ATTACH, ["n", uint(1)], "role"],
    [FLOW, [null, null, uint(1), uint(1)], "incoming-window"],
    [FLOW, [null, uint(1), null, uint(1)], "next-outgoing-id"],
    [FLOW, [null, uint(1), uint(1), null], "outgoing-window"],
    [TRANSFER, [], "handle"],
    [DISPOSITION, [], "role"],
    [DISPOSITION, [true], "first"],
    [DETACH, [], "handle"],
    [CLOSE, [composite(ERROR, [])], "condition"],
    [DISPOSITION, [true, uint(1), null, true, composite(RECEIVED, [])], "section-number"],
    [DISPOSITION, [true, uint(1), null, true, composite(RECEIVED, [uint(1)])], "section-offset"],
    [DISPOSITION, [true, uint(1), null, true, composite(REJECTED, [composite(ERROR, [null])])], "condition"],
  ];
  for (const [descriptor, fields, name] of cases) {
    assert.throws(() => decode(fromFields(descriptor, fields)), (error) => {
      assert.ok(error instanceof ProtocolError);
      assert.equal(error.condition, "amqp:invalid-field");
      assert.match(error.message, new RegExp(`mandatory field ${name} is missing`));
      return true;
    });
  }
});

Deno.test("described values of the wrong kind are refused where only one kind may stand", () => {
  const wrongSource = ["n", uint(1), true, null, null, composite(TARGET, [])];
  assert.throws(() => decode(fromFields(ATTACH, wrongSource)), /field source is not a source/);
  assert.throws(() => decode(fromFields(CLOSE, [composite(SASL_INIT, [])])), /field error is not an error/);
  assert.throws(() => decode(fromFields(CLOSE, [composite(RECEIVED, [])])), /field error is not an error/);
});

Deno.test("a target that is no target, and an unknown state, are kept as they came", () => {
  const coordinator = composite(0x30, [ONE]);
  const attach = fromFields(ATTACH, ["n", uint(1), false, null, null, null, coordinator]);
  assert.deepEqual((decode(attach) as Attach).target, { other: coordinator });
  assert.equal(encode(decode(attach)).toHex(), attach.toHex());
  const transactional = composite(0x34, [{ type: "binary", value: new Uint8Array([1]) }, OUTCOME]);
  const disposition = fromFields(DISPOSITION, [true, uint(1), null, true, transactional]);
  assert.equal(encode(decode(disposition)).toHex(), disposition.toHex());
  const symbolic: AmqpValue = { type: "described", descriptor: new AmqpSymbol("amqp:accepted:list"), value: null };
  const named = fromFields(DISPOSITION, [true, uint(1), null, true, symbolic]);
  assert.equal(encode(decode(named)).toHex(), named.toHex());
});

Deno.test("a uint is read in each of its three encodings", () => {
  for (const handle of ["43", "52 00", "70 00000000"]) {
    const fields = `${handle} 41`.replaceAll(" ", "");
    const bytes = Uint8Array.fromHex(`005316c0${(fields.length / 2 + 1).toString(16).padStart(2, "0")}02${fields}`);
    assert.deepEqual(decode(bytes), { type: "detach", handle: 0, closed: true });
  }
});

Deno.test("names that come as symbols instead of strings, or the other way round, are read", () => {
  const open = decode(fromFields(OPEN, [new AmqpSymbol("me")]));
  assert.deepEqual(open, { type: "open", containerId: "me" });
  const close = decode(fromFields(CLOSE, [composite(ERROR, ["amqp:not-found"])]));
  assert.deepEqual(close, { type: "close", error: { condition: "amqp:not-found" } });
});

Deno.test("fields that a later version may add are read over, if they are well-formed", () => {
  assert.deepEqual(decode(fromFields(DETACH, [uint(1), null, null, MAP_VALUE, "new"])), { type: "detach", handle: 1 });
  assert.throws(() => decode(Uint8Array.fromHex("005316c006045201404099")), /unknown constructor/);
});

Deno.test("octets behind a performative are the payload of a transfer, and refused behind anything else", () => {
  const transfer = Uint8Array.fromHex("005314c0030152 07 cafe".replaceAll(" ", ""));
  assert.deepEqual(decodePerformative(transfer, 0, transfer.length), {
    performative: { type: "transfer", handle: 7 },
    end: transfer.length - 2,
  });
  const close = Uint8Array.fromHex("00531845ff");
  assert.throws(() => decodePerformative(close, 0, close.length), /octets behind close/);
});

Deno.test("absent fields at the end are left out, explicit defaults are kept", () => {
  assert.equal(encode({ type: "close" }).toHex(), "00531845");
  assert.equal(encode({ type: "transfer", handle: 0 }).toHex(), "005314c0020143");
  assert.equal(encode({ type: "transfer", handle: 0, more: false }).toHex(), "005314c00706434040404042");
  assert.equal(
    encode({ type: "attach", name: "", handle: 0, role: "sender", source: {}, target: {} }).toHex(),
    "005312c00f07a10043424040005328450053 2945".replaceAll(" ", ""),
  );
});

Deno.test("a list of more than 255 octets or with many fields takes 32-bit sizes", () => {
  const bytes = encode({ type: "open", containerId: "c".repeat(260) });
  assert.equal(bytes[3], 0xd0);
  assert.deepEqual(decode(bytes), { type: "open", containerId: "c".repeat(260) });
});
