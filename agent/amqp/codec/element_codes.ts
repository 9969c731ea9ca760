/** Constructor octets of the elements of arrays, which all share one (OASIS AMQP 1.0, part 1.2.2). */

import { AmqpSymbol, type AmqpValue } from "./types.ts";

const WIDEST_BY_TYPE = {
  ubyte: 0x50,
  byte: 0x51,
  ushort: 0x60,
  short: 0x61,
  uint: 0x70,
  int: 0x71,
  float: 0x72,
  char: 0x73,
  decimal32: 0x74,
  ulong: 0x80,
  long: 0x81,
  double: 0x82,
  timestamp: 0x83,
  decimal64: 0x84,
  decimal128: 0x94,
  uuid: 0x98,
  binary: 0xb0,
  list: 0xd0,
  map: 0xd1,
  array: 0xf0,
} as const;

/** The encoding that holds every value of the type of `value`, which is not described. */
export function widestCodeOf(value: AmqpValue): number {
  if (value === null) return 0x40;
  if (typeof value === "boolean") return 0x56;
  if (typeof value === "string") return 0xb1;
  if (value instanceof AmqpSymbol) return 0xb3;
  if (value.type === "described") throw new TypeError("elements of an array are described at most once");
  return WIDEST_BY_TYPE[value.type];
}

/** Other encodings by the widest of their type. */
const NARROWER: ReadonlyArray<readonly [number, readonly number[]]> = [
  [0x56, [0x41, 0x42]],
  [0x70, [0x43, 0x52]],
  [0x71, [0x54]],
  [0x80, [0x44, 0x53]],
  [0x81, [0x55]],
  [0xb0, [0xa0]],
  [0xb1, [0xa1]],
  [0xb3, [0xa3]],
  [0xd0, [0x45, 0xc0]],
  [0xd1, [0xc1]],
  [0xf0, [0xe0]],
];

const WIDEST = new Uint8Array(256);
for (const code of [0x40, 0x56, 0xb1, 0xb3, ...Object.values(WIDEST_BY_TYPE)]) WIDEST[code] = code;
for (const [widest, codes] of NARROWER) for (const code of codes) WIDEST[code] = widest;

/** The encoding that holds every value of the type that `code` encodes; 0 when `code` encodes none. */
export function widestCode(code: number): number {
  return WIDEST[code];
}
