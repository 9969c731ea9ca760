/**
 * Reads AMQP values from bytes (OASIS AMQP 1.0, part 1). Hostile bytes give a ProtocolError and nothing else: no wrong
 * value, no endless loop, no large allocation. What was read keeps no hold on the bytes it came from.
 */

import type { ProtocolError } from "../protocol_error.ts";
import { broken, Cursor } from "./cursor.ts";
import { widestCode } from "./element_codes.ts";
import { type AmqpMap, AmqpSymbol, type AmqpValue } from "./types.ts";

/** Array elements without octets of their own (null, true, list0 and the like) that one reader accepts. */
export const MAX_EMPTY_ELEMENTS = 4096;
/** What {@link Reader.peekDescriptor} says of a descriptor that is no ulong below 2^31. */
export const OTHER_DESCRIPTOR: number = -1;

const DESCRIBED = 0x00;
const NULL = 0x40;
const SMALL_ULONG = 0x53;
const ULONG = 0x80;
const UINT_ZERO: AmqpValue = { type: "uint", value: 0 };
const ULONG_ZERO: AmqpValue = { type: "ulong", value: 0n };
const EMPTY_LIST: AmqpValue = { type: "list", value: [] };

/** A {@link Cursor} that knows the AMQP types. */
export class Reader extends Cursor {
  #emptyLeft = MAX_EMPTY_ELEMENTS;

  /** Reads one value. */
  value(): AmqpValue {
    const code = this.takeOctet();
    if (code !== DESCRIBED) return this.#primitive(code);
    this.enter();
    const descriptor = this.value();
    const value = this.value();
    this.leave();
    return { type: "described", descriptor, value };
  }

  /** Reads a null, if one comes next. */
  skipNull(): boolean {
    if (this.peek(0) !== NULL) return false;
    this.take(1);
    return true;
  }

  /**
   * Looks at the descriptor of the value that comes next, without reading it. Undefined when the value is not
   * described, {@link OTHER_DESCRIPTOR} when its descriptor is not written as a one or eight octet ulong below 2^31.
   */
  peekDescriptor(): number | undefined {
    if (this.peek(0) !== DESCRIBED) return undefined;
    const code = this.peek(1);
    if (code === SMALL_ULONG) return this.peek(2);
    if (code !== ULONG) return OTHER_DESCRIPTOR;
    for (let at = 2; at < 6; at++) if (this.peek(at) !== 0) return OTHER_DESCRIPTOR;
    // Octets that are not there are -1, which makes the whole negative.
    const low = this.peek(6) << 24 | this.peek(7) << 16 | this.peek(8) << 8 | this.peek(9);
    return low < 0 ? OTHER_DESCRIPTOR : low;
  }

  /** Reads the descriptor of a performative or section, a ulong below 2^31; its value comes next. */
  descriptor(): number {
    const code = this.peekDescriptor();
    if (code === undefined) throw broken("described type expected");
    if (code === OTHER_DESCRIPTOR) throw broken("unknown descriptor");
    this.take(this.peek(1) === SMALL_ULONG ? 3 : 10);
    return code;
  }

  /** Enters the window of a list, until {@link Cursor.leaveWindow}, and returns how many elements it has. */
  enterList(): number {
    const code = this.takeOctet();
    if (code === 0xc0) return this.#enterCompound(1);
    if (code === 0xd0) return this.#enterCompound(4);
    if (code !== 0x45) throw broken("list expected");
    this.enterWindow(0);
    return 0;
  }

  /** Reads a uint, in any of its encodings; undefined for anything else, which is left partly read. */
  uint(): number | undefined {
    switch (this.takeOctet()) {
      case 0x43:
        return 0;
      case 0x52:
        return this.takeOctet();
      case 0x70:
        return this.takeUint32();
      default:
        return undefined;
    }
  }

  /** Reads a ushort; undefined for anything else. */
  ushort(): number | undefined {
    return this.takeOctet() === 0x60 ? this.takeUint16() : undefined;
  }

  /** Reads a ubyte; undefined for anything else. */
  ubyte(): number | undefined {
    return this.takeOctet() === 0x50 ? this.takeOctet() : undefined;
  }

  /** Reads a ulong, in any of its encodings; undefined for anything else. */
  ulong(): bigint | undefined {
    switch (this.takeOctet()) {
      case 0x44:
        return 0n;
      case 0x53:
        return BigInt(this.takeOctet());
      case 0x80:
        return this.takeUint64();
      default:
        return undefined;
    }
  }

  /** Reads a boolean, in any of its encodings; undefined for anything else. */
  boolean(): boolean | undefined {
    switch (this.takeOctet()) {
      case 0x41:
        return true;
      case 0x42:
        return false;
      case 0x56:
        return this.#booleanOctet();
      default:
        return undefined;
    }
  }

  /** Reads a string or a symbol as text; undefined for anything else. */
  text(): string | undefined {
    const code = this.takeOctet();
    if (code === 0xa1 || code === 0xa3) return this.takeText(this.takeOctet());
    return code === 0xb1 || code === 0xb3 ? this.takeText(this.takeUint32()) : undefined;
  }

  /** Reads binary; undefined for anything else. */
  binary(): Uint8Array | undefined {
    const code = this.takeOctet();
    if (code === 0xa0) return this.takeOctets(this.takeOctet());
    return code === 0xb0 ? this.takeOctets(this.takeUint32()) : undefined;
  }

  /** Reads a timestamp, in ms since the Unix epoch; undefined for anything else. */
  timestamp(): bigint | undefined {
    return this.takeOctet() === 0x83 ? this.takeInt64() : undefined;
  }

  /** Reads a map; undefined for anything else. */
  map(): AmqpMap | undefined {
    const code = this.takeOctet();
    return code === 0xc1 || code === 0xd1 ? this.#pairs(code === 0xc1 ? 1 : 4) : undefined;
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
        return this.#booleanOctet();
      case 0x43:
        return UINT_ZERO;
      case 0x44:
        return ULONG_ZERO;
      case 0x45:
        return EMPTY_LIST;
      case 0x50:
        return { type: "ubyte", value: this.takeOctet() };
      case 0x51:
        return { type: "byte", value: this.takeOctet() << 24 >> 24 };
      case 0x52:
        return { type: "uint", value: this.takeOctet() };
      case 0x53:
        return { type: "ulong", value: BigInt(this.takeOctet()) };
      case 0x54:
        return { type: "int", value: this.takeOctet() << 24 >> 24 };
      case 0x55:
        return { type: "long", value: BigInt(this.takeOctet() << 24 >> 24) };
      case 0x60:
        return { type: "ushort", value: this.takeUint16() };
      case 0x61:
        return { type: "short", value: this.takeUint16() << 16 >> 16 };
      case 0x70:
        return { type: "uint", value: this.takeUint32() };
      case 0x71:
        return { type: "int", value: this.takeUint32() | 0 };
      case 0x72:
        return { type: "float", value: this.takeFloat() };
      case 0x73:
        return { type: "char", value: this.#codePoint() };
      case 0x74:
        return { type: "decimal32", value: this.takeOctets(4) };
      case 0x80:
        return { type: "ulong", value: this.takeUint64() };
      case 0x81:
        return { type: "long", value: this.takeInt64() };
      case 0x82:
        return { type: "double", value: this.takeDouble() };
      case 0x83:
        return { type: "timestamp", value: this.takeInt64() };
      case 0x84:
        return { type: "decimal64", value: this.takeOctets(8) };
      case 0x94:
        return { type: "decimal128", value: this.takeOctets(16) };
      case 0x98:
        return { type: "uuid", value: this.takeOctets(16) };
      case 0xa0:
      case 0xb0:
        return { type: "binary", value: this.takeOctets(this.#size(code === 0xa0 ? 1 : 4)) };
      case 0xa1:
      case 0xb1:
        return this.takeText(this.#size(code === 0xa1 ? 1 : 4));
      case 0xa3:
      case 0xb3:
        return new AmqpSymbol(this.takeText(this.#size(code === 0xa3 ? 1 : 4)));
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
        throw unknownConstructor(code);
    }
  }

  #items(width: number): AmqpValue[] {
    const outerEnd = this.end;
    const count = this.#enterCompound(width);
    const items: AmqpValue[] = [];
    for (let at = 0; at < count; at++) items.push(this.value());
    this.leaveWindow(outerEnd);
    return items;
  }

  #pairs(width: number): AmqpMap {
    const outerEnd = this.end;
    const count = this.#enterCompound(width);
    if (count % 2 !== 0) throw broken("map with an odd number of elements");
    const pairs: [AmqpValue, AmqpValue][] = [];
    for (let at = 0; at < count; at += 2) pairs.push([this.value(), this.value()]);
    this.leaveWindow(outerEnd);
    return pairs;
  }

  #array(width: number): AmqpValue {
    const outerEnd = this.end;
    this.enterWindow(this.#size(width));
    const count = this.#size(width);
    let descriptor: AmqpValue | undefined;
    let code = this.takeOctet();
    if (code === DESCRIBED) {
      descriptor = this.value();
      code = this.takeOctet();
    }
    // Described twice is legal and never seen; without it no octet can stand for more than two values.
    const widest = widestCode(code);
    if (widest === 0) throw unknownConstructor(code);
    // Elements of these types have no octets: only a limit keeps a small array from claiming billions.
    if (code >>> 4 === 4) {
      this.#emptyLeft -= count;
      if (this.#emptyLeft < 0) throw broken(`more than ${MAX_EMPTY_ELEMENTS} array elements without octets`);
    } else if (count > this.end - this.offset) throw broken("array claims more elements than it has octets");
    const value: AmqpValue[] = [];
    for (let at = 0; at < count; at++) {
      const item = this.#primitive(code);
      value.push(descriptor === undefined ? item : { type: "described", descriptor, value: item });
    }
    this.leaveWindow(outerEnd);
    const usual = count === 0 ? NULL : widest;
    return code === usual ? { type: "array", value } : { type: "array", value, code };
  }

  /** Enters a list or map and returns its count, which is at most the octets that are there. */
  #enterCompound(width: number): number {
    this.enterWindow(this.#size(width));
    const count = this.#size(width);
    if (count > this.end - this.offset) throw broken("compound value claims more elements than it has octets");
    return count;
  }

  #size(width: number): number {
    return width === 1 ? this.takeOctet() : this.takeUint32();
  }

  #booleanOctet(): boolean {
    const octet = this.takeOctet();
    if (octet > 1) throw broken(`boolean of octet ${octet}`);
    return octet === 1;
  }

  #codePoint(): number {
    const point = this.takeUint32();
    if (point > 0x10ffff || point >>> 11 === 0x1b) throw broken("char is no Unicode character");
    return point;
  }
}

function unknownConstructor(code: number): ProtocolError {
  return broken(`unknown constructor 0x${code.toString(16)}`);
}
