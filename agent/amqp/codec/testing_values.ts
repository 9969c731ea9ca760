/** Random AMQP values for property tests. */

import * as fc from "fast-check";
import { AmqpSymbol, type AmqpValue } from "./types.ts";

function big(min: bigint, max: bigint): fc.Arbitrary<bigint> {
  // The borders between encodings are where mistakes are.
  const edges = [0n, 1n, 127n, 128n, 255n, 256n, -1n, -128n, -129n, min, max].filter((edge) =>
    edge >= min && edge <= max
  );
  return fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min, max }));
}

function whole(min: number, max: number): fc.Arbitrary<number> {
  const edges = [0, 1, 127, 128, 255, 256, -1, -128, -129, min, max].filter((edge) => edge >= min && edge <= max);
  return fc.oneof(fc.constantFrom(...edges), fc.integer({ min, max }));
}

function octets(minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength }).map((bytes) => new Uint8Array(bytes));
}

function text(): fc.Arbitrary<string> {
  const long = fc.integer({ min: 60, max: 300 }).map((length) => "x".repeat(length));
  return fc.oneof(fc.string({ unit: "grapheme", maxLength: 40 }), long, fc.constantFrom("", "\ufeffbom", "a\u0000b"));
}

function symbol(): fc.Arbitrary<AmqpSymbol> {
  return fc.oneof(fc.string({ unit: "grapheme-ascii" }), fc.constant("s".repeat(256))).map((name) =>
    new AmqpSymbol(name)
  );
}

function typed<T extends string, V>(type: T, value: fc.Arbitrary<V>): fc.Arbitrary<{ type: T; value: V }> {
  return value.map((value) => ({ type, value }));
}

/** One arbitrary per kind of leaf. */
export function leaves(): Readonly<Record<string, fc.Arbitrary<AmqpValue>>> {
  return {
    boolean: fc.boolean(),
    string: text(),
    symbol: symbol(),
    ubyte: typed("ubyte", whole(0, 0xff)),
    ushort: typed("ushort", whole(0, 0xffff)),
    uint: typed("uint", whole(0, 0xffffffff)),
    ulong: typed("ulong", big(0n, 0xffffffffffffffffn)),
    byte: typed("byte", whole(-0x80, 0x7f)),
    short: typed("short", whole(-0x8000, 0x7fff)),
    int: typed("int", whole(-0x80000000, 0x7fffffff)),
    long: typed("long", big(-0x8000000000000000n, 0x7fffffffffffffffn)),
    float: typed("float", fc.float()),
    double: typed("double", fc.double()),
    char: typed("char", fc.oneof(whole(0, 0xd7ff), whole(0xe000, 0x10ffff))),
    timestamp: typed("timestamp", big(-8640000000000000n, 8640000000000000n)),
    decimal32: typed("decimal32", octets(4, 4)),
    decimal64: typed("decimal64", octets(8, 8)),
    decimal128: typed("decimal128", octets(16, 16)),
    uuid: typed("uuid", octets(16, 16)),
    binary: typed("binary", octets(0, 300)),
  };
}

/** Any leaf, null included. */
export function leaf(): fc.Arbitrary<AmqpValue> {
  return fc.oneof(fc.constant(null), ...Object.values(leaves()));
}

/** An array of leaves of one kind, maybe all described. */
export function leafArray(): fc.Arbitrary<AmqpValue> {
  const arrays = Object.values(leaves()).map((items) => fc.array<AmqpValue>(items, { maxLength: 6 }));
  return fc.tuple(fc.oneof(...arrays), fc.option(leaf(), { freq: 4 })).map(([items, descriptor]) => ({
    type: "array",
    value: descriptor === null ? items : items.map((value) => ({ type: "described", descriptor, value })),
  }));
}

/** Any value. */
export function value(): fc.Arbitrary<AmqpValue> {
  const arrayOf = (item: fc.Arbitrary<AmqpValue>) =>
    fc.array(item, { maxLength: 4 }).map((value): AmqpValue => ({ type: "array", value }));
  return fc.letrec<{ any: AmqpValue; list: AmqpValue; map: AmqpValue; described: AmqpValue }>((tie) => ({
    any: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf(),
      leafArray(),
      tie("list"),
      tie("map"),
      tie("described"),
      arrayOf(tie("list")),
      arrayOf(tie("map")),
      arrayOf(leafArray()),
    ),
    list: fc.array(tie("any"), { maxLength: 5 }).map((value): AmqpValue => ({ type: "list", value })),
    map: fc.array(fc.tuple(tie("any"), tie("any")), { maxLength: 4 })
      .map((value): AmqpValue => ({ type: "map", value })),
    described: fc.tuple(leaf(), tie("any"))
      .map(([descriptor, value]): AmqpValue => ({ type: "described", descriptor, value })),
  })).any;
}
