/**
 * Reads AMQP values from bytes (OASIS AMQP 1.0, part 1). Every read is checked against the end of the window, so that
 * hostile bytes give a ProtocolError and nothing else: no wrong value, no endless loop, no large allocation.
 */

import { ProtocolError } from "../protocol_error.ts";
import { type AmqpMap, AmqpSymbol, type AmqpValue } from "./types.ts";

/** Nesting that is followed; real messages stay below ten. */
const MAX_DEPTH = 32;
/** Elements without octets of their own (null, true, list0 and the like) that one array may claim. */
const MAX_EMPTY_ELEMENTS = 4096;
const DESCRIBED = 0x00;
const text = new TextDecoder("utf-8", { fatal: true });

/** A cursor over a window of bytes. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;
  #depth = 0;

  /** Reads from `start` up to, not including, `end`. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  /** Where the next value starts. */
  get offset(): number {
    return this.#at;
  }

  /** True while octets are left. */
  get hasMore(): boolean {
    return this.#at < this.#end;
  }

  /** Reads one value. */
  value(): AmqpValue {
    const code = this.#bytes[this.#take(1)];
    if (code !== DESCRIBED) return this.#primitive(code);
    this.#enter();
    const descriptor = this.value();
    const value = this.value();
    this.#depth--;
    return { type: "described", descriptor, value };
  }

  /** Reads the descriptor of a performative or section: a ulong below 2^31, in any encoding. */
  descriptor(): number {
    if (this.#bytes[this.#take(1)] !== DESCRIBED) throw broken("described type expected");
    const code = this.value();
    if (typeof code !== "object" || code === null || code instanceof AmqpSymbol || code.type !== "ulong") {
      throw broken("numeric descriptor expected");
    }
    if (code.value > 0x7fffffffn) throw broken("unknown descriptor");
    return Number(code.value);
  }

  /** Reads a list and returns its elements as fields. */
  fields(): FieldReader {
    const value = this.value();
    if (typeof value !== "object" || value === null || value instanceof AmqpSymbol || value.type !== "list") {
      throw broken("list expected");
    }
    return new FieldReader(value.value);
  }

  #primitive(code: number): AmqpValue {
    switch (code) {
      case 0x40:
        return null;
      case 0x41:
        return true;
      case 0x42:
        return false;
      case 0x56:
        return this.#bytes[this.#take(1)] !== 0;
      case 0x43:
        return { type: "uint", value: 0 };
      case 0x44:
        return { type: "ulong", value: 0n };
      case 0x45:
        return { type: "list", value: [] };
      case 0x50:
        return { type: "ubyte", value: this.#bytes[this.#take(1)] };
      case 0x51:
        return { type: "byte", value: this.#view.getInt8(this.#take(1)) };
      case 0x52:
        return { type: "uint", value: this.#bytes[this.#take(1)] };
      case 0x53:
        return { type: "ulong", value: BigInt(this.#bytes[this.#take(1)]) };
      case 0x54:
        return { type: "int", value: this.#view.getInt8(this.#take(1)) };
      case 0x55:
        return { type: "long", value: BigInt(this.#view.getInt8(this.#take(1))) };
      case 0x60:
        return { type: "ushort", value: this.#view.getUint16(this.#take(2)) };
      case 0x61:
        return { type: "short", value: this.#view.getInt16(this.#take(2)) };
      case 0x70:
        return { type: "uint", value: this.#view.getUint32(this.#take(4)) };
      case 0x71:
        return { type: "int", value: this.#view.getInt32(this.#take(4)) };
      case 0x72:
        return { type: "float", value: this.#view.getFloat32(this.#take(4)) };
      case 0x73:
        return { type: "char", value: this.#view.getUint32(this.#take(4)) };
      case 0x74:
        return { type: "decimal32", value: this.#octets(4) };
      case 0x80:
        return { type: "ulong", value: this.#view.getBigUint64(this.#take(8)) };
      case 0x81:
        return { type: "long", value: this.#view.getBigInt64(this.#take(8)) };
      case 0x82:
        return { type: "double", value: this.#view.getFloat64(this.#take(8)) };
      case 0x83:
        return { type: "timestamp", value: this.#view.getBigInt64(this.#take(8)) };
      case 0x84:
        return { type: "decimal64", value: this.#octets(8) };
      case 0x94:
        return { type: "decimal128", value: this.#octets(16) };
      case 0x98:
        return { type: "uuid", value: this.#octets(16) };
      case 0xa0:
      case 0xb0:
        return { type: "binary", value: this.#octets(this.#length(code === 0xa0 ? 1 : 4)) };
      case 0xa1:
      case 0xb1:
        return this.#text(this.#length(code === 0xa1 ? 1 : 4));
      case 0xa3:
      case 0xb3:
        return new AmqpSymbol(this.#text(this.#length(code === 0xa3 ? 1 : 4)));
      case 0xc0:
      case 0xd0:
        return { type: "list", value: this.#items(code === 0xc0 ? 1 : 4) };
      case 0xc1:
      case 0xd1:
        return { type: "map", value: this.#pairs(code === 0xc1 ? 1 : 4) };
      case 0xe0:
      case 0xf0:
        return this.#array(code === 0xe0 ? 1 : 4);
      default:
        throw broken(`unknown constructor 0x${code.toString(16)}`);
    }
  }

  #items(width: number): AmqpValue[] {
    const { count, end } = this.#compound(width);
    this.#enter();
    const items: AmqpValue[] = [];
    for (let at = 0; at < count; at++) items.push(this.#inside(end));
    return this.#leave(end, items);
  }

  #pairs(width: number): AmqpMap {
    const { count, end } = this.#compound(width);
    if (count % 2 !== 0) throw broken("map with an odd number of elements");
    this.#enter();
    const pairs: [AmqpValue, AmqpValue][] = [];
    for (let at = 0; at < count; at += 2) pairs.push([this.#inside(end), this.#inside(end)]);
    return this.#leave(end, pairs);
  }

  #array(width: number): AmqpValue {
    const length = this.#length(width);
    const end = this.#at + length;
    if (end > this.#end) throw broken("array exceeds its frame");
    const count = this.#length(width);
    this.#enter();
    let descriptor: AmqpValue | undefined;
    let code = this.#bytes[this.#take(1)];
    if (code === DESCRIBED) {
      descriptor = this.value();
      code = this.#bytes[this.#take(1)];
      if (code === DESCRIBED) throw broken("array of doubly described elements");
    }
    // Elements of these types have no octets: only a limit keeps a small array from claiming billions.
    const limit = code >>> 4 === 4 ? MAX_EMPTY_ELEMENTS : end - this.#at;
    if (count > limit) throw broken("array claims more elements than it can hold");
    const items: AmqpValue[] = [];
    for (let at = 0; at < count; at++) {
      const value = this.#primitive(code);
      if (this.#at > end) throw broken("array element exceeds its array");
      items.push(descriptor === undefined ? value : { type: "described", descriptor, value });
    }
    const value = this.#leave(end, items);
    return code >>> 4 === 0xa ? { type: "array", value, narrow: true } : { type: "array", value };
  }

  /** Size and count of a list or map; the count is at most the octets that are there. */
  #compound(width: number): { count: number; end: number } {
    const length = this.#length(width);
    const end = this.#at + length;
    if (end > this.#end || length < width) throw broken("compound value exceeds its frame");
    const count = this.#length(width);
    if (count > end - this.#at) throw broken("compound value claims more elements than it has octets");
    return { count, end };
  }

  #inside(end: number): AmqpValue {
    if (this.#at >= end) throw broken("compound value ends too early");
    return this.value();
  }

  #leave<T>(end: number, value: T): T {
    if (this.#at !== end) throw broken("compound value does not fill its size");
    this.#depth--;
    return value;
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw broken(`nested deeper than ${MAX_DEPTH}`);
  }

  #length(width: number): number {
    return width === 1 ? this.#bytes[this.#take(1)] : this.#view.getUint32(this.#take(4));
  }

  #octets(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  #text(length: number): string {
    const at = this.#take(length);
    try {
      return text.decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw broken("text is not UTF-8");
    }
  }

  /** Claims `octets` and returns where they start. */
  #take(octets: number): number {
    const at = this.#at;
    if (at + octets > this.#end) throw broken("value ends too early");
    this.#at = at + octets;
    return at;
  }
}

/** The fields of one described list, in order; each call reads the next, absent and null fields are undefined. */
export class FieldReader {
  readonly #values: readonly AmqpValue[];
  #at = 0;

  /** Fields in the order of the standard. */
  constructor(values: readonly AmqpValue[]) {
    this.#values = values;
  }

  /** The next field as it came. */
  any(): AmqpValue | undefined {
    return this.#values[this.#at++] ?? undefined;
  }

  /** The next field, a ubyte, ushort or uint. */
  number(name: string): number | undefined {
    const value = this.any();
    if (value === undefined) return undefined;
    if (typeof value === "object" && value !== null && !(value instanceof AmqpSymbol)) {
      if (value.type === "uint" || value.type === "ushort" || value.type === "ubyte") return value.value;
    }
    throw invalid(name, "an unsigned number");
  }

  /** The next field, a ulong. */
  big(name: string): bigint | undefined {
    const value = this.any();
    if (value === undefined) return undefined;
    if (typeof value === "object" && value !== null && !(value instanceof AmqpSymbol) && value.type === "ulong") {
      return value.value;
    }
    throw invalid(name, "a ulong");
  }

  /** The next field, a boolean. */
  boolean(name: string): boolean | undefined {
    const value = this.any();
    if (value === undefined || typeof value === "boolean") return value;
    throw invalid(name, "a boolean");
  }

  /** The next field, a string or symbol: senders mix them up. */
  text(name: string): string | undefined {
    const value = this.any();
    if (value === undefined || typeof value === "string") return value;
    if (value instanceof AmqpSymbol) return value.text;
    throw invalid(name, "a string");
  }

  /** The next field, binary. */
  binary(name: string): Uint8Array | undefined {
    const value = this.any();
    if (value === undefined) return undefined;
    if (typeof value === "object" && value !== null && !(value instanceof AmqpSymbol) && value.type === "binary") {
      return value.value;
    }
    throw invalid(name, "binary");
  }

  /** The next field, a map. */
  map(name: string): AmqpMap | undefined {
    const value = this.any();
    if (value === undefined) return undefined;
    if (typeof value === "object" && value !== null && !(value instanceof AmqpSymbol) && value.type === "map") {
      return value.value;
    }
    throw invalid(name, "a map");
  }
}

/** The value of a mandatory field. */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new ProtocolError("amqp:invalid-field", `mandatory field ${name} is missing`);
  return value;
}

function broken(what: string): ProtocolError {
  return new ProtocolError("amqp:decode-error", what);
}

function invalid(field: string, expected: string): ProtocolError {
  return new ProtocolError("amqp:invalid-field", `field ${field} is not ${expected}`);
}
