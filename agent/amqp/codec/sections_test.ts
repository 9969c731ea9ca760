import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ProtocolError } from "../protocol_error.ts";
import type { MessageProperties } from "./message_properties.ts";
import {
  decodeSections,
  encodeSections,
  type MessageBody,
  type MessageHeader,
  type MessageSections,
} from "./sections.ts";
import { leaf, value } from "./testing_values.ts";
import { AmqpSymbol } from "./types.ts";
import { Writer } from "./writer.ts";

function decode(hex: string): MessageSections {
  const bytes = Uint8Array.fromHex(hex.replaceAll(" ", ""));
  return decodeSections(bytes, 0, bytes.length);
}

function encode(sections: MessageSections): string {
  const writer = new Writer();
  encodeSections(writer, sections);
  return writer.bytes().toHex();
}

function refuse(hex: string, message: RegExp): void {
  assert.throws(() => decode(hex), (error) => {
    assert.ok(error instanceof ProtocolError);
    assert.match(error.message, message);
    return true;
  });
}

const text = () => fc.string({ unit: "grapheme", maxLength: 12 });
const uint = () => fc.integer({ min: 0, max: 0xffffffff });
const octets = () => fc.uint8Array({ maxLength: 20 }).map((bytes) => new Uint8Array(bytes));
const time = () => fc.bigInt({ min: -(1n << 62n), max: 1n << 62n });
const map = () => fc.array(fc.tuple(leaf(), value()), { maxLength: 3 });
const id = () => leaf().filter((value) => value !== null);
const contentType = () => fc.oneof(text(), text().map((text) => new AmqpSymbol(text)));

const header: fc.Arbitrary<MessageHeader> = fc.record({
  durable: fc.boolean(),
  priority: fc.nat(255),
  ttl: uint(),
  firstAcquirer: fc.boolean(),
  deliveryCount: uint(),
}, { requiredKeys: [], noNullPrototype: true });

const properties: fc.Arbitrary<MessageProperties> = fc.record({
  messageId: id(),
  userId: octets(),
  to: text(),
  subject: text(),
  replyTo: text(),
  correlationId: id(),
  contentType: contentType(),
  contentEncoding: contentType(),
  absoluteExpiryTime: time(),
  creationTime: time(),
  groupId: text(),
  groupSequence: uint(),
  replyToGroupId: text(),
}, { requiredKeys: [], noNullPrototype: true });

const body: fc.Arbitrary<MessageBody> = fc.oneof(
  value().map((value) => ({ kind: "value" as const, value })),
  fc.array(octets(), { minLength: 1, maxLength: 3 }).map((pieces) => ({ kind: "data" as const, pieces })),
  fc.array(fc.array(value(), { maxLength: 3 }), { minLength: 1, maxLength: 3 })
    .map((lists) => ({ kind: "sequence" as const, lists })),
);

const message: fc.Arbitrary<MessageSections> = fc.record({
  routerAnnotations: fc.array(value(), { maxLength: 5 }),
  header,
  deliveryAnnotations: map(),
  messageAnnotations: map(),
  properties,
  applicationProperties: map(),
  body,
  footer: map(),
}, { requiredKeys: [], noNullPrototype: true });

Deno.test("any message survives encoding and decoding", () => {
  fc.assert(
    fc.property(message, (sections) => assert.deepEqual(decode(encode(sections)), sections)),
    { numRuns: 600 },
  );
});

Deno.test("each of the thirteen properties stands where the standard puts it", () => {
  const hex = "00 53 73 d0 00000046 0000000d" +
    "53 01" + "a0 01 ff" + "a1 01 61" + "a1 01 62" + "a1 01 63" + "a1 02 6964" + "a3 03 742f70" + "a3 02 677a" +
    "83 0000000000000001" + "83 0000000000000002" + "a1 01 67" + "52 05" + "a1 01 72";
  const expected: MessageProperties = {
    messageId: { type: "ulong", value: 1n },
    userId: new Uint8Array([0xff]),
    to: "a",
    subject: "b",
    replyTo: "c",
    correlationId: "id",
    contentType: new AmqpSymbol("t/p"),
    contentEncoding: new AmqpSymbol("gz"),
    absoluteExpiryTime: 1n,
    creationTime: 2n,
    groupId: "g",
    groupSequence: 5,
    replyToGroupId: "r",
  };
  const octets = (hex.replaceAll(" ", "").length / 2) - 8;
  const sized = hex.replace("00000046", octets.toString(16).padStart(8, "0"));
  assert.deepEqual(decode(sized), { properties: expected });
});

Deno.test("what real senders get wrong is read: a message-id of any type, a content-type that is a string", () => {
  assert.deepEqual(decode("00 53 73 c0 03 01 55 05"), { properties: { messageId: { type: "long", value: 5n } } });
  assert.deepEqual(decode("00 53 73 c0 03 01 54 05"), { properties: { messageId: { type: "int", value: 5 } } });
  assert.deepEqual(decode("00 53 73 c0 0a 07 40404040 4040 a1 01 74"), { properties: { contentType: "t" } });
  assert.deepEqual(decode("00 53 73 c0 07 03 40 40 a3 02 746f"), { properties: { to: "to" } });
});

Deno.test("descriptors of one and of eight octets are read, and no others", () => {
  const expected: MessageSections = { body: { kind: "value", value: true } };
  assert.deepEqual(decode("00 53 77 41"), expected);
  assert.deepEqual(decode("00 80 0000000000000077 41"), expected);
  refuse("00 a3 0c 616d71703a76616c75653a2a 41", /unknown first section/);
  refuse("00 53 70 45 00 a3 01 41 41", /unknown descriptor/);
  refuse("00 44 41", /unknown first section/);
});

Deno.test("sections that are unknown, out of order or repeated are refused", () => {
  refuse("00 53 79 41", /unknown section 0x79/);
  refuse("00 53 30 45", /unknown section 0x30/);
  refuse("00 53 73 45 00 53 70 45", /section 0x70 out of order/);
  refuse("00 53 70 45 00 53 70 45", /section 0x70 out of order/);
  refuse("00 53 77 41 00 53 77 41", /section 0x77 out of order/);
  refuse("00 53 77 41 00 53 75 a0 00", /section 0x75 out of order/);
  refuse("00 53 75 a0 00 00 53 77 41", /two kinds of body/);
  refuse("00 53 78 c1 01 00 00 53 77 41", /section 0x77 out of order/);
  refuse("00 53 70 45 00 80 534b50522d2d5241 45", /unknown descriptor/);
  refuse("00 80 534b50522d2d5242 45", /unknown first section/);
  refuse("00 80 534b50522d2d5241 41", /unknown first section/);
});

Deno.test("sections of a wrong type are refused", () => {
  refuse("00 53 70 c1 01 00", /list expected/);
  refuse("00 53 71 45", /not a map/);
  refuse("00 53 74 c0 01 00", /not a map/);
  refuse("00 53 75 a1 00", /not binary/);
  refuse("00 53 76 c1 01 00", /not a list/);
  refuse("00 53 70 c0 03 01 52 01", /field durable is not a boolean/);
  refuse("00 53 73 c0 05 02 40 a1 01 61", /field user-id is not binary/);
  refuse("00 53 73 c0 09 07 40404040 4040 52 01", /field content-type is not a string or symbol/);
  refuse("41", /described type expected/);
});

Deno.test("an empty message has no sections", () => {
  assert.deepEqual(decode(""), {});
  assert.equal(encode({}), "");
});

Deno.test("a message of many small pieces is read in time that grows with its length", () => {
  const pieces = 200_000;
  const bytes = new Uint8Array(pieces * 5);
  for (let at = 0; at < bytes.length; at += 5) bytes.set([0, 0x53, 0x75, 0xa0, 0], at);
  const { body } = decodeSections(bytes, 0, bytes.length);
  assert.equal(body?.kind === "data" && body.pieces.length, pieces);
});
