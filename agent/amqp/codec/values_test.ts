import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ProtocolError } from "../protocol_error.ts";
import { Reader } from "./reader.ts";
import { leafArray, value } from "./testing_values.ts";
import { AmqpSymbol, type AmqpValue } from "./types.ts";
import { Writer } from "./writer.ts";

function encode(value: AmqpValue, wide = false): Uint8Array {
  const writer = new Writer();
  writer.wide = wide;
  writer.value(value);
  return writer.bytes();
}

function decode(bytes: Uint8Array): AmqpValue {
  const reader = new Reader(bytes, 0, bytes.length);
  const decoded = reader.value();
  assert.equal(reader.hasMore, false);
  return decoded;
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

Deno.test("any value survives encoding and decoding, with sizes as small as possible and with wide ones", () => {
  fc.assert(
    fc.property(value(), fc.boolean(), (original, wide) => {
      assert.deepEqual(decode(encode(original, wide)), original);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("values behind each other in a larger window are read one by one", () => {
  fc.assert(
    fc.property(fc.array(value(), { maxLength: 4 }), fc.nat(9), (originals, gap) => {
      const writer = new Writer();
      writer.raw(new Uint8Array(gap));
      for (const original of originals) writer.value(original);
      writer.raw(new Uint8Array(gap));
      const reader = new Reader(writer.bytes(), gap, writer.length - gap);
      for (const original of originals) assert.deepEqual(reader.value(), original);
      assert.equal(reader.hasMore, false);
    }),
    { numRuns: 300 },
  );
});

Deno.test("what was read keeps no hold on the bytes it came from", () => {
  fc.assert(
    fc.property(value(), (original) => {
      const bytes = encode(original);
      const decoded = decode(bytes);
      bytes.fill(0xff);
      assert.deepEqual(decoded, original);
    }),
    { numRuns: 300 },
  );
});

Deno.test("an array of leaves survives whatever its elements are", () => {
  fc.assert(fc.property(leafArray(), (original) => assert.deepEqual(decode(encode(original)), original)));
});

/** Every constructor of the standard: bytes as they are on the wire, the value, and the bytes we would write. */
const CONSTRUCTORS: ReadonlyArray<readonly [string, string, AmqpValue, string?]> = [
  ["null", "40", null],
  ["true", "41", true],
  ["false", "42", false],
  ["boolean true", "56 01", true, "41"],
  ["boolean false", "56 00", false, "42"],
  ["ubyte", "50 ff", { type: "ubyte", value: 255 }],
  ["ushort", "60 fffe", { type: "ushort", value: 65534 }],
  ["uint0", "43", { type: "uint", value: 0 }],
  ["smalluint", "52 ff", { type: "uint", value: 255 }],
  ["uint", "70 80000001", { type: "uint", value: 0x80000001 }],
  ["uint, wider than it must be", "70 00000007", { type: "uint", value: 7 }, "52 07"],
  ["ulong0", "44", { type: "ulong", value: 0n }],
  ["smallulong", "53 ff", { type: "ulong", value: 255n }],
  ["ulong", "80 ffffffffffffffff", { type: "ulong", value: 0xffffffffffffffffn }],
  ["byte", "51 80", { type: "byte", value: -128 }],
  ["short", "61 fffe", { type: "short", value: -2 }],
  ["smallint", "54 80", { type: "int", value: -128 }],
  ["int", "71 ffffff7f", { type: "int", value: -129 }],
  ["smalllong", "55 ff", { type: "long", value: -1n }],
  ["long", "81 8000000000000000", { type: "long", value: -0x8000000000000000n }],
  ["float", "72 c0200000", { type: "float", value: -2.5 }],
  ["double", "82 c004000000000000", { type: "double", value: -2.5 }],
  ["decimal32", "74 01020304", { type: "decimal32", value: fromHex("01020304") }],
  ["decimal64", "84 0102030405060708", { type: "decimal64", value: fromHex("0102030405060708") }],
  ["decimal128", `94 ${"0a".repeat(16)}`, { type: "decimal128", value: fromHex("0a".repeat(16)) }],
  ["char", "73 0001f600", { type: "char", value: 0x1f600 }],
  ["timestamp", "83 0000018bcfe56800", { type: "timestamp", value: 1700000000000n }],
  ["uuid", `98 ${"0b".repeat(16)}`, { type: "uuid", value: fromHex("0b".repeat(16)) }],
  ["vbin8", "a0 02 fffe", { type: "binary", value: fromHex("fffe") }],
  ["vbin32", "b0 00000001 ff", { type: "binary", value: fromHex("ff") }, "a0 01 ff"],
  ["str8", "a1 03 e282ac", "€"],
  ["str32", "b1 00000001 41", "A", "a1 01 41"],
  ["sym8", "a3 01 41", new AmqpSymbol("A")],
  ["sym32", "b3 00000001 41", new AmqpSymbol("A"), "a3 01 41"],
  ["list0", "45", { type: "list", value: [] }],
  ["list8", "c0 02 01 41", { type: "list", value: [true] }],
  ["list32", "d0 00000005 00000001 41", { type: "list", value: [true] }, "c0 02 01 41"],
  ["empty list8", "c0 01 00", { type: "list", value: [] }, "45"],
  ["map8", "c1 03 02 41 43", { type: "map", value: [[true, { type: "uint", value: 0 }]] }],
  ["map32", "d1 00000006 00000002 41 42", { type: "map", value: [[true, false]] }, "c1 03 02 41 42"],
  ["array8", "e0 04 02 56 0100", { type: "array", value: [true, false] }],
  ["array32", "f0 00000007 00000002 56 0100", { type: "array", value: [true, false] }, "e0 04 02 56 0100"],
  ["array of sym32", "e0 07 01 b3 00000001 41", { type: "array", value: [new AmqpSymbol("A")] }],
  ["array of sym8", "e0 04 01 a3 01 41", { type: "array", value: [new AmqpSymbol("A")], code: 0xa3 }],
  ["empty array of symbols", "e0 02 00 a3", { type: "array", value: [], code: 0xa3 }],
  ["empty array of uints", "e0 02 00 70", { type: "array", value: [], code: 0x70 }],
  ["empty array of nulls", "e0 02 00 40", { type: "array", value: [] }],
  ["array of nulls", "e0 02 02 40", { type: "array", value: [null, null] }],
  ["array of true", "e0 02 03 41", { type: "array", value: [true, true, true], code: 0x41 }],
  ["array of smalllong", "e0 04 02 55 ff01", {
    type: "array",
    value: [{ type: "long", value: -1n }, { type: "long", value: 1n }],
    code: 0x55,
  }],
  ["array of list8", "e0 05 01 c0 02 01 41", {
    type: "array",
    value: [{ type: "list", value: [true] }],
    code: 0xc0,
  }],
  ["array of array8", "e0 06 01 e0 03 01 50 07", {
    type: "array",
    value: [{ type: "array", value: [{ type: "ubyte", value: 7 }] }],
    code: 0xe0,
  }],
  ["array of arrays of described elements", "e0 09 01 e0 06 01 00 53 01 50 05", {
    type: "array",
    value: [{
      type: "array",
      value: [{
        type: "described",
        descriptor: { type: "ulong", value: 1n },
        value: { type: "ubyte", value: 5 },
      }],
    }],
    code: 0xe0,
  }],
  ["array of described elements", "e0 06 01 00 53 01 50 05", {
    type: "array",
    value: [{ type: "described", descriptor: { type: "ulong", value: 1n }, value: { type: "ubyte", value: 5 } }],
  }],
  ["described", "00 a3 01 41 50 05", {
    type: "described",
    descriptor: new AmqpSymbol("A"),
    value: { type: "ubyte", value: 5 },
  }],
];

for (const [name, hex, expected, smallest] of CONSTRUCTORS) {
  Deno.test(`${name} is read as the standard says and written in its smallest form`, () => {
    const bytes = fromHex(hex);
    assert.deepEqual(decode(bytes), expected);
    assert.equal(encode(expected).toHex(), smallest === undefined ? bytes.toHex() : fromHex(smallest).toHex());
  });
}

Deno.test("a value that ends behind its window is refused, although its octets are there", () => {
  for (const [name, hex] of CONSTRUCTORS) {
    const bytes = fromHex(hex);
    for (let end = 0; end < bytes.length; end++) {
      assert.throws(() => new Reader(bytes, 0, end).value(), ProtocolError, `${name} cut at ${end}`);
    }
  }
});

Deno.test("arrays whose elements are narrower than they could be are written as they came", () => {
  const elements: Readonly<Record<string, string>> = {
    "true": "41",
    "false": "42",
    "boolean": "56 01 00",
    "uint0": "43",
    "smalluint": "52 01 ff",
    "ulong0": "44",
    "smallulong": "53 01 ff",
    "smallint": "54 01 80",
    "smalllong": "55 80 7f",
    "vbin8": "a0 01ff 00",
    "str8": "a1 0141 00",
    "sym8": "a3 0141 00",
    "list0": "45",
    "list8": "c0 020141 0100",
    "map8": "c1 03024142 0100",
    "array8": "e0 030150ff 020040",
  };
  for (const [name, hex] of Object.entries(elements)) {
    const content = hex.replaceAll(" ", "");
    const bytes = fromHex(`e0 ${(content.length / 2 + 1).toString(16).padStart(2, "0")} 02 ${content}`);
    assert.equal(encode(decode(bytes)).toHex(), bytes.toHex(), name);
  }
});

Deno.test("sizes and counts around 255 go from the narrow to the wide form", () => {
  for (const length of [253, 254, 255, 256, 257]) {
    const items: AmqpValue = { type: "list", value: Array.from({ length }, () => true) };
    assert.equal(encode(items)[0], length > 254 ? 0xd0 : 0xc0, `list of ${length}`);
    assert.deepEqual(decode(encode(items)), items);
    const octets: AmqpValue = { type: "binary", value: new Uint8Array(length).fill(7) };
    assert.equal(encode(octets)[0], length > 255 ? 0xb0 : 0xa0, `binary of ${length}`);
    assert.deepEqual(decode(encode(octets)), octets);
    assert.equal(encode("y".repeat(length))[0], length > 255 ? 0xb1 : 0xa1, `string of ${length}`);
    assert.equal(decode(encode("y".repeat(length))), "y".repeat(length));
    const array: AmqpValue = { type: "array", value: Array.from({ length }, () => true), code: 0x41 };
    assert.equal(encode(array)[0], length > 255 ? 0xf0 : 0xe0, `array of ${length}`);
    assert.deepEqual(decode(encode(array)), array);
  }
});

Deno.test("a described list leaves out the undefined fields at its end, and no others", () => {
  const writer = new Writer();
  writer.describedList(0x73, [undefined, "to", undefined, null, undefined, undefined]);
  assert.equal(writer.bytes().toHex(), "005373c0080440a102746f4040");
  writer.reset();
  writer.describedList(0x1234, [undefined]);
  assert.equal(writer.bytes().toHex(), "0080000000000000123445");
});

Deno.test("a large value is followed by small ones in a buffer of the usual size", () => {
  const writer = new Writer();
  const large: AmqpValue = { type: "binary", value: new Uint8Array(200_000).fill(3) };
  writer.value({ type: "list", value: [large, "behind"] });
  assert.deepEqual(decode(writer.bytes()), { type: "list", value: [large, "behind"] });
  writer.reset();
  assert.equal(writer.length, 0);
  writer.value("small");
  assert.equal(decode(writer.bytes()), "small");
  assert.ok(writer.bytes().buffer.byteLength < 1024);
});

Deno.test("an array whose elements have nothing in common is a programmer's error", () => {
  const described: AmqpValue = { type: "described", descriptor: null, value: true };
  const mixed: ReadonlyArray<readonly [string, AmqpValue]> = [
    ["types", { type: "array", value: ["a", true] }],
    ["string and symbol", { type: "array", value: ["a", new AmqpSymbol("a")] }],
    ["described and plain", { type: "array", value: [described, true] }],
    ["plain and described", { type: "array", value: [true, described] }],
    ["doubly described", { type: "array", value: [{ type: "described", descriptor: null, value: described }] }],
    ["constructor of another type", { type: "array", value: ["a"], code: 0xa3 }],
    ["constructor that is none", { type: "array", value: ["a"], code: 0x99 }],
    ["too long for its constructor", { type: "array", value: ["a".repeat(256)], code: 0xa1 }],
    ["wrong length", { type: "array", value: [{ type: "uuid", value: new Uint8Array(15) }] }],
  ];
  for (const [name, array] of mixed) assert.throws(() => encode(array), TypeError, name);
});
