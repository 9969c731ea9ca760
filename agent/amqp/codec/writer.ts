/**
 * Writes AMQP values as bytes (OASIS AMQP 1.0, part 1), in the smallest encoding, with the habits of qpid-proton where
 * the standard leaves a choice: elements of arrays have the widest. What was read from bytes never takes more octets
 * when written again, so a value that came in one frame fits into another.
 */

import { widestCode, widestCodeOf } from "./element_codes.ts";
import { OctetBuffer } from "./octet_buffer.ts";
import { type AmqpMap, AmqpSymbol, type AmqpValue } from "./types.ts";

const NULL = 0x40;

type TypedValue = Exclude<AmqpValue, null | boolean | string | AmqpSymbol>;

/** An {@link OctetBuffer} that knows the AMQP types. */
export class Writer extends OctetBuffer {
  /** Writes lists and maps with 32-bit sizes even where 8 bits would do, as some peers do (rhea). */
  wide = false;

  /** Writes any value; undefined is null. Throws TypeError for an array whose elements are not all of one type. */
  value(value: AmqpValue | undefined): void {
    if (value === null || value === undefined) return this.putOctet(NULL);
    if (typeof value === "boolean") return this.boolean(value);
    if (typeof value === "string") return this.string(value);
    if (value instanceof AmqpSymbol) return this.symbol(value.text);
    switch (value.type) {
      case "uint":
        return this.uint(value.value);
      case "ulong":
        return this.ulong(value.value);
      case "int":
        if (isSmall(value.value)) return this.#coded(0x54, value);
        break;
      case "long":
        if (isSmall(value.value)) return this.#coded(0x55, value);
        break;
      case "binary":
        return this.binary(value.value);
      case "list":
        return this.#list(value.value);
      case "map":
        return this.map(value.value);
      case "array":
        return this.#array(value.value, value.code);
      case "described":
        this.putOctet(0x00);
        this.value(value.descriptor);
        return this.value(value.value);
    }
    this.#coded(widestCodeOf(value), value);
  }

  /** Writes null. */
  null(): void {
    this.putOctet(NULL);
  }

  /** Writes a boolean. */
  boolean(value: boolean): void {
    this.putOctet(value ? 0x41 : 0x42);
  }

  /** Writes a ubyte. */
  ubyte(value: number): void {
    this.putOctet(0x50);
    this.putOctet(value);
  }

  /** Writes a ushort. */
  ushort(value: number): void {
    this.putOctet(0x60);
    this.putInteger(value, 2);
  }

  /** Writes a uint. */
  uint(value: number): void {
    if (value === 0) return this.putOctet(0x43);
    if (value < 256) {
      this.putOctet(0x52);
      this.putOctet(value);
    } else {
      this.putOctet(0x70);
      this.putInteger(value, 4);
    }
  }

  /** Writes a ulong. */
  ulong(value: bigint): void {
    if (value === 0n) return this.putOctet(0x44);
    if (value > 0n && value < 256n) return this.#smallUlong(Number(value));
    this.putOctet(0x80);
    this.putBigInteger(value, 8);
  }

  /** Writes a timestamp, in ms since the Unix epoch. */
  timestamp(value: bigint): void {
    this.putOctet(0x83);
    this.putBigInteger(value, 8);
  }

  /** Writes a string. */
  string(value: string): void {
    this.#sizedText(0xa1, value);
  }

  /** Writes a symbol, which ought to be ASCII. */
  symbol(value: string): void {
    this.#sizedText(0xa3, value);
  }

  /** Writes binary. */
  binary(value: Uint8Array): void {
    const code = value.length < 256 ? 0xa0 : 0xb0;
    this.putOctet(code);
    this.#bareOctets(code, value);
  }

  /** Writes a map. */
  map(map: AmqpMap): void {
    const start = this.openMap();
    this.#pairs(map);
    this.closeMap(start, map.length);
  }

  /** Starts a map, whose keys and values follow; the returned offset is for {@link Writer.closeMap}. */
  openMap(): number {
    return this.#openCompound();
  }

  /** Ends a map of `pairs` pairs. */
  closeMap(start: number, pairs: number): void {
    this.#closeCompound(start, 0xc1, pairs * 2);
  }

  /** Writes a described list; trailing undefined fields are left out. */
  describedList(descriptor: number, fields: ReadonlyArray<AmqpValue | undefined>): void {
    let count = fields.length;
    while (count > 0 && fields[count - 1] === undefined) count--;
    const start = this.openList(descriptor);
    for (let at = 0; at < count; at++) this.value(fields[at]);
    this.closeList(start, count);
  }

  /** Starts a described value, which follows. */
  descriptor(descriptor: number): void {
    this.putOctet(0x00);
    if (descriptor < 256) this.#smallUlong(descriptor);
    else this.ulong(BigInt(descriptor));
  }

  /** Starts a described list, whose elements follow; the returned offset is for {@link Writer.closeList}. */
  openList(descriptor: number): number {
    this.descriptor(descriptor);
    return this.#openCompound();
  }

  /** Ends a list of `count` elements. */
  closeList(start: number, count: number): void {
    if (count > 0) return this.#closeCompound(start, 0xc0, count);
    this.truncate(start);
    this.putOctet(0x45);
  }

  #list(items: readonly AmqpValue[]): void {
    const start = this.#openCompound();
    for (const item of items) this.value(item);
    this.closeList(start, items.length);
  }

  #pairs(map: AmqpMap): void {
    for (const [key, item] of map) {
      this.value(key);
      this.value(item);
    }
  }

  #array(items: readonly AmqpValue[], code: number | undefined): void {
    const start = this.#openCompound();
    this.#elements(items, code);
    this.#closeCompound(start, 0xe0, items.length);
  }

  /** The part of an array behind its count: the constructor that all elements share, then the elements. */
  #elements(items: readonly AmqpValue[], asked: number | undefined): void {
    let first = items.length === 0 ? null : items[0];
    const described = isDescribed(first);
    if (isDescribed(first)) {
      this.putOctet(0x00);
      this.value(first.descriptor);
      first = first.value;
    }
    const widest = items.length === 0 ? widestCode(asked ?? NULL) : widestCodeOf(first);
    const code = asked ?? widest;
    if (widestCode(code) !== widest) throw new TypeError(`array elements do not fit constructor ${code}`);
    this.putOctet(code);
    for (const item of items) {
      const bare = isDescribed(item) ? item.value : item;
      if (isDescribed(item) !== described || widestCodeOf(bare) !== widest) {
        throw new TypeError("array elements are not all of one type");
      }
      this.#bare(code, bare);
    }
  }

  #coded(code: number, value: TypedValue): void {
    this.putOctet(code);
    this.#bare(code, value);
  }

  /** Writes `value` in the encoding `code` without the constructor octet. */
  #bare(code: number, value: AmqpValue): void {
    if (code >>> 4 === 4 || value === null) return;
    if (typeof value === "boolean") return this.putOctet(value ? 1 : 0);
    if (typeof value === "string") return this.#bareText(code, value);
    if (value instanceof AmqpSymbol) return this.#bareText(code, value.text);
    switch (value.type) {
      case "ulong":
      case "long":
      case "timestamp":
        return this.putBigInteger(value.value, WIDTHS[code >>> 4]);
      case "float":
      case "double":
        return this.putFloat(value.value, WIDTHS[code >>> 4]);
      case "decimal32":
      case "decimal64":
      case "decimal128":
      case "uuid":
        if (value.value.length !== WIDTHS[code >>> 4]) throw new TypeError(`${value.type} of wrong length`);
        return this.raw(value.value);
      case "binary":
        return this.#bareOctets(code, value.value);
      case "list":
      case "map":
      case "array":
        return this.#bareCompound(code, value);
      case "described":
        throw new TypeError("elements of an array are described at most once");
      default:
        return this.putInteger(value.value, WIDTHS[code >>> 4]);
    }
  }

  #bareCompound(code: number, value: Extract<AmqpValue, { type: "list" | "map" | "array" }>): void {
    const width = sizeWidth(code);
    const start = this.claim(width * 2);
    let count = value.value.length;
    if (value.type === "list") { for (const item of value.value) this.value(item); }
    else if (value.type === "map") {
      this.#pairs(value.value);
      count *= 2;
    } else this.#elements(value.value, value.code);
    this.#patchSize(start, width, this.length - start - width);
    this.#patchSize(start + width, width, count);
  }

  /** Leaves room for the constructor, size and count of the narrow form. */
  #openCompound(): number {
    return this.claim(3);
  }

  /** Puts constructor, size and count before a list, map or array; only a large one has to be moved for them. */
  #closeCompound(start: number, narrowCode: number, count: number): void {
    const octets = this.length - start - 3;
    const wide = this.wide && narrowCode < 0xe0;
    if (octets + 1 < 256 && count < 256 && !wide) {
      this.patchOctet(start, narrowCode);
      this.patchOctet(start + 1, octets + 1);
      this.patchOctet(start + 2, count);
      return;
    }
    this.shift(start + 3, 6);
    this.patchOctet(start, narrowCode + WIDE);
    this.patchUint32(start + 1, octets + 4);
    this.patchUint32(start + 5, count);
  }

  #smallUlong(value: number): void {
    this.putOctet(0x53);
    this.putOctet(value);
  }

  /** Writes a text in the encoding `narrow`, or the wide one of the same type; only a long one has to be moved. */
  #sizedText(narrow: number, value: string): void {
    const start = this.claim(2);
    const octets = this.putText(value);
    if (octets < 256) {
      this.patchOctet(start, narrow);
      this.patchOctet(start + 1, octets);
      return;
    }
    this.shift(start + 2, 3);
    this.patchOctet(start, narrow + WIDE);
    this.patchUint32(start + 1, octets);
  }

  #bareText(code: number, value: string): void {
    const width = sizeWidth(code);
    const start = this.claim(width);
    this.#patchSize(start, width, this.putText(value));
  }

  #bareOctets(code: number, value: Uint8Array): void {
    const width = sizeWidth(code);
    this.#patchSize(this.claim(width), width, value.length);
    this.raw(value);
  }

  #patchSize(at: number, width: number, size: number): void {
    if (width === 4) return this.patchUint32(at, size);
    if (size > 255) throw new TypeError(`array element of ${size} octets or items does not fit its constructor`);
    this.patchOctet(at, size);
  }
}

/** Of the encodings of variable width, the wide ones are the narrow ones plus this. */
const WIDE = 0x10;

/** Octets of a value by the upper half of its constructor, for those of fixed width. */
const WIDTHS = [0, 0, 0, 0, 0, 1, 2, 4, 8, 16];

/** Octets of the size of a value, for constructors of variable width. */
function sizeWidth(code: number): 1 | 4 {
  return (code & WIDE) === 0 ? 1 : 4;
}

function isSmall(value: number | bigint): boolean {
  return value >= -128 && value <= 127;
}

function isDescribed(value: AmqpValue): value is Extract<AmqpValue, { type: "described" }> {
  return typeof value === "object" && value !== null && !(value instanceof AmqpSymbol) && value.type === "described";
}
