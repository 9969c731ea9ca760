/**
 * Writes AMQP values as bytes (OASIS AMQP 1.0, part 1), in the smallest encoding, with the habits of qpid-proton where
 * the standard leaves a choice: arrays of symbols have 32-bit elements.
 */

import { type AmqpMap, AmqpSymbol, type AmqpValue } from "./types.ts";

const FIRST_OCTETS = 512;
const encoder = new TextEncoder();

/** A growing buffer of encoded values, for use again and again. */
export class Writer {
  #bytes = new Uint8Array(FIRST_OCTETS);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** Writes lists and maps with 32-bit sizes even where 8 bits would do, as some peers do (rhea). */
  wide = false;

  /** What was written: a view, valid until the next write or reset. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Forgets what was written. */
  reset(): void {
    this.#at = 0;
  }

  /** Writes any value. */
  value(value: AmqpValue | undefined): void {
    if (value === null || value === undefined) return this.#code(0x40);
    if (typeof value === "boolean") return this.#code(value ? 0x41 : 0x42);
    if (typeof value === "string") return this.#text(0xa1, 0xb1, value);
    if (value instanceof AmqpSymbol) return this.#text(0xa3, 0xb3, value.text);
    switch (value.type) {
      case "uint":
        return this.uint(value.value);
      case "ulong":
        return this.#ulong(value.value);
      case "int":
        if (isSmall(value.value)) return this.#fixed(0x54, 1, (view, at) => view.setInt8(at, value.value));
        return this.#fixed(0x71, 4, (view, at) => view.setInt32(at, value.value));
      case "long":
        if (isSmall(value.value)) return this.#fixed(0x55, 1, (view, at) => view.setInt8(at, Number(value.value)));
        return this.#fixed(0x81, 8, (view, at) => view.setBigInt64(at, value.value));
      case "list":
        return this.#compound(
          0x45,
          0xc0,
          0xd0,
          value.value.length,
          () => value.value.forEach((item) => this.value(item)),
        );
      case "map":
        return this.#compound(0, 0xc1, 0xd1, value.value.length * 2, () => this.#pairs(value.value));
      case "array":
        return this.#array(value.value, value.narrow === true);
      case "described":
        this.#code(0x00);
        this.value(value.descriptor);
        return this.value(value.value);
      case "binary":
        return this.#octets(0xa0, 0xb0, value.value);
      default:
        return this.#element(wideCode(value), value);
    }
  }

  /** Writes a described list, as every performative is one: trailing undefined fields are left out. */
  describedList(descriptor: number, fields: ReadonlyArray<AmqpValue | undefined>): void {
    this.#code(0x00);
    this.#ulong(BigInt(descriptor));
    let count = fields.length;
    while (count > 0 && fields[count - 1] === undefined) count--;
    this.#compound(0x45, 0xc0, 0xd0, count, () => {
      for (let at = 0; at < count; at++) this.value(fields[at]);
    });
  }

  /** Writes a uint. */
  uint(value: number): void {
    if (value === 0) return this.#code(0x43);
    const at = this.#reserve(5);
    if (value < 256) {
      this.#bytes[at] = 0x52;
      this.#bytes[at + 1] = value;
      this.#at = at + 2;
    } else {
      this.#bytes[at] = 0x70;
      this.#view.setUint32(at + 1, value);
      this.#at = at + 5;
    }
  }

  #ulong(value: bigint): void {
    if (value === 0n) return this.#code(0x44);
    if (value < 256n) return this.#fixed(0x53, 1, (view, at) => view.setUint8(at, Number(value)));
    this.#fixed(0x80, 8, (view, at) => view.setBigUint64(at, value));
  }

  #pairs(map: AmqpMap): void {
    for (const [key, item] of map) {
      this.value(key);
      this.value(item);
    }
  }

  /** Writes in the wide form and narrows it when it fits: sizes are known only afterwards. */
  #compound(emptyCode: number, narrowCode: number, wideCode: number, count: number, content: () => void): void {
    if (count === 0 && emptyCode !== 0) return this.#code(emptyCode);
    const start = this.#reserve(9);
    this.#at = start + 9;
    content();
    const length = this.#at - start - 9;
    if (length + 1 < 256 && count < 256 && !(this.wide && narrowCode < 0xe0)) {
      this.#bytes.copyWithin(start + 3, start + 9, this.#at);
      this.#bytes[start] = narrowCode;
      this.#bytes[start + 1] = length + 1;
      this.#bytes[start + 2] = count;
      this.#at = start + 3 + length;
      return;
    }
    this.#bytes[start] = wideCode;
    this.#view.setUint32(start + 1, length + 4);
    this.#view.setUint32(start + 5, count);
  }

  #array(items: readonly AmqpValue[], narrow: boolean): void {
    this.#compound(0, 0xe0, 0xf0, items.length, () => {
      const first = items[0];
      const described = isDescribed(first);
      if (described) {
        this.#code(0x00);
        this.value(first.descriptor);
      }
      let code = wideCode(described ? first.value : first ?? null);
      // The narrow encodings of texts and binaries are the wide ones less 0x10.
      if (narrow && code >>> 4 === 0xb) code -= 0x10;
      this.#code(code);
      for (const item of items) this.#element(code, isDescribed(item) ? item.value : item, true);
    });
  }

  /** Writes `value` in the encoding `code`, without the constructor where an array has said it once. */
  #element(code: number, value: AmqpValue, bare = false): void {
    if (!bare) this.#code(code);
    if (value === null) return;
    if (typeof value === "boolean") return this.#raw(1, (view, at) => view.setUint8(at, value ? 1 : 0));
    if (typeof value === "string") return this.#sizedOctets(code, encoder.encode(value));
    if (value instanceof AmqpSymbol) return this.#sizedOctets(code, encoder.encode(value.text));
    switch (value.type) {
      case "ubyte":
        return this.#raw(1, (view, at) => view.setUint8(at, value.value));
      case "byte":
        return this.#raw(1, (view, at) => view.setInt8(at, value.value));
      case "ushort":
        return this.#raw(2, (view, at) => view.setUint16(at, value.value));
      case "short":
        return this.#raw(2, (view, at) => view.setInt16(at, value.value));
      case "uint":
      case "char":
        return this.#raw(4, (view, at) => view.setUint32(at, value.value));
      case "int":
        return this.#raw(4, (view, at) => view.setInt32(at, value.value));
      case "float":
        return this.#raw(4, (view, at) => view.setFloat32(at, value.value));
      case "double":
        return this.#raw(8, (view, at) => view.setFloat64(at, value.value));
      case "ulong":
        return this.#raw(8, (view, at) => view.setBigUint64(at, value.value));
      case "long":
      case "timestamp":
        return this.#raw(8, (view, at) => view.setBigInt64(at, value.value));
      case "decimal32":
      case "decimal64":
      case "decimal128":
      case "uuid":
        return this.#append(value.value);
      case "binary":
        return this.#sizedOctets(code, value.value);
      case "list":
        return this.#sized(value.value.length, () => value.value.forEach((item) => this.value(item)));
      case "map":
        return this.#sized(value.value.length * 2, () => this.#pairs(value.value));
      case "array":
        return this.#nestedArray(value.value);
      case "described":
        throw new TypeError("an array element can't be described by itself");
    }
  }

  #nestedArray(items: readonly AmqpValue[]): void {
    this.#sized(items.length, () => {
      const code = wideCode(items[0] ?? null);
      this.#code(code);
      for (const item of items) this.#element(code, item, true);
    });
  }

  #sized(count: number, content: () => void): void {
    const start = this.#reserve(8);
    this.#at = start + 8;
    content();
    this.#view.setUint32(start, this.#at - start - 4);
    this.#view.setUint32(start + 4, count);
  }

  #text(narrow: number, wide: number, value: string): void {
    const at = this.#reserve(5 + value.length * 3);
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(at + 2));
    if (written < 256) {
      this.#bytes[at] = narrow;
      this.#bytes[at + 1] = written;
      this.#at = at + 2 + written;
      return;
    }
    this.#bytes.copyWithin(at + 5, at + 2, at + 2 + written);
    this.#bytes[at] = wide;
    this.#view.setUint32(at + 1, written);
    this.#at = at + 5 + written;
  }

  #octets(narrow: number, wide: number, value: Uint8Array): void {
    if (value.length < 256) this.#fixed(narrow, 1, (view, at) => view.setUint8(at, value.length));
    else this.#fixed(wide, 4, (view, at) => view.setUint32(at, value.length));
    this.#append(value);
  }

  #sizedOctets(code: number, value: Uint8Array): void {
    if (code >>> 4 === 0xa) this.#raw(1, (view, at) => view.setUint8(at, value.length));
    else this.#raw(4, (view, at) => view.setUint32(at, value.length));
    this.#append(value);
  }

  #append(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
    this.#at = at + value.length;
  }

  #code(code: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = code;
    this.#at = at + 1;
  }

  #fixed(code: number, width: number, put: (view: DataView, at: number) => void): void {
    this.#code(code);
    this.#raw(width, put);
  }

  #raw(width: number, put: (view: DataView, at: number) => void): void {
    const at = this.#reserve(width);
    put(this.#view, at);
    this.#at = at + width;
  }

  #reserve(octets: number): number {
    const needed = this.#at + octets;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return this.#at;
  }
}

const WIDE_CODES: Readonly<Record<string, number>> = {
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
};

/** The encoding that holds every value of the type. */
function wideCode(value: AmqpValue): number {
  if (value === null) return 0x40;
  if (typeof value === "boolean") return 0x56;
  if (typeof value === "string") return 0xb1;
  if (value instanceof AmqpSymbol) return 0xb3;
  return WIDE_CODES[value.type];
}

function isSmall(value: number | bigint): boolean {
  return value >= -128 && value <= 127;
}

function isDescribed(value: AmqpValue | undefined): value is Extract<AmqpValue, { type: "described" }> {
  return typeof value === "object" && value !== null && !(value instanceof AmqpSymbol) && value.type === "described";
}
