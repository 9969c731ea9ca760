/**
 * Reads AMQP values from bytes (OASIS AMQP 1.0, part 1). Every read is checked against the end of the window, so that
 * hostile bytes give a ProtocolError and nothing else: no wrong value, no endless loop, no large allocation. What was
 * read keeps no hold on the bytes it came from.
 */

import { ProtocolError } from "../protocol_error.ts";
import { decodeText } from "./text.ts";
import { type AmqpMap, AmqpSymbol, type AmqpValue } from "./types.ts";

/** Nesting of lists, maps, arrays and described values that is followed; real messages stay below ten. */
export const MAX_DEPTH = 32;
/** Array elements without octets of their own (null, true, list0 and the like) that one reader accepts. */
export const MAX_EMPTY_ELEMENTS = 4096;
/** What {@link Reader.peekDescriptor} says of a descriptor that is no ulong below 2^31. */
export const OTHER_DESCRIPTOR = -1;

const DESCRIBED = 0x00;
const NULL = 0x40;
const UINT_ZERO: AmqpValue = { type: "uint", value: 0 };
const ULONG_ZERO: AmqpValue = { type: "ulong", value: 0n };
const EMPTY_LIST: AmqpValue = { type: "list", value: [] };

/** A cursor over a window of bytes. After an error it must not be used again. */
export class Reader {
  readonly #bytes: Uint8Array;
  #view: DataView | undefined;
  #at: number;
  #end: number;
  #depth = 0;
  #emptyLeft = MAX_EMPTY_ELEMENTS;

  /** Reads from `start` up to, not including, `end`; both are within `bytes`. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
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
    const code = this.#octet();
    if (code !== DESCRIBED) return this.#primitive(code);
    this.#enter();
    const descriptor = this.value();
    const value = this.value();
    this.#depth--;
    return { type: "described", descriptor, value };
  }

  /** Reads a null, if one comes next. */
  skipNull(): boolean {
    if (this.#at >= this.#end || this.#bytes[this.#at] !== NULL) return false;
    this.#at++;
    return true;
  }

  /**
   * Looks at the descriptor of the value that comes next, without reading it. Undefined when the value is not
   * described, {@link OTHER_DESCRIPTOR} when its descriptor is not written as a one or eight octet ulong below 2^31.
   */
  peekDescriptor(): number | undefined {
    const bytes = this.#bytes;
    const at = this.#at;
    const left = this.#end - at;
    if (left < 1 || bytes[at] !== DESCRIBED) return undefined;
    if (left >= 3 && bytes[at + 1] === 0x53) return bytes[at + 2];
    if (left < 10 || bytes[at + 1] !== 0x80 || uint32(bytes, at + 2) !== 0) return OTHER_DESCRIPTOR;
    const code = uint32(bytes, at + 6);
    return code > 0x7fffffff ? OTHER_DESCRIPTOR : code;
  }

  /** Reads the descriptor of a performative or section, a ulong below 2^31; its value comes next. */
  descriptor(): number {
    const code = this.peekDescriptor();
    if (code === undefined) throw broken("described type expected");
    if (code === OTHER_DESCRIPTOR) throw broken("unknown descriptor");
    this.#at += this.#bytes[this.#at + 1] === 0x53 ? 3 : 10;
    return code;
  }

  /** Enters a list: reads end with it until {@link Reader.leaveList}. Returns how many elements it has. */
  enterList(): number {
    const code = this.#octet();
    let count = 0;
    if (code === 0xc0) count = this.#enterCompound(1);
    else if (code === 0xd0) count = this.#enterCompound(4);
    else if (code === 0x45) this.#enterWindow(0);
    else throw broken("list expected");
    return count;
  }

  /** The end of the window, to be handed to {@link Reader.leaveList} after {@link Reader.enterList}. */
  get end(): number {
    return this.#end;
  }

  /** Leaves a list, of which every element has been read, for the window that ends at `outerEnd`. */
  leaveList(outerEnd: number): void {
    this.#leave(outerEnd);
  }

  /** Reads a uint, in any of its encodings; undefined for anything else, which is left partly read. */
  uint(): number | undefined {
    switch (this.#octet()) {
      case 0x43:
        return 0;
      case 0x52:
        return this.#octet();
      case 0x70:
        return this.#uint32();
      default:
        return undefined;
    }
  }

  /** Reads a ushort; undefined for anything else. */
  ushort(): number | undefined {
    return this.#octet() === 0x60 ? this.#uint16() : undefined;
  }

  /** Reads a ubyte; undefined for anything else. */
  ubyte(): number | undefined {
    return this.#octet() === 0x50 ? this.#octet() : undefined;
  }

  /** Reads a ulong, in any of its encodings; undefined for anything else. */
  ulong(): bigint | undefined {
    switch (this.#octet()) {
      case 0x44:
        return 0n;
      case 0x53:
        return BigInt(this.#octet());
      case 0x80:
        return this.#data().getBigUint64(this.#take(8));
      default:
        return undefined;
    }
  }

  /** Reads a boolean, in any of its encodings; undefined for anything else. */
  boolean(): boolean | undefined {
    switch (this.#octet()) {
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
    const code = this.#octet();
    if (code === 0xa1 || code === 0xa3) return this.#text(this.#octet());
    return code === 0xb1 || code === 0xb3 ? this.#text(this.#uint32()) : undefined;
  }

  /** Reads binary; undefined for anything else. */
  binary(): Uint8Array | undefined {
    const code = this.#octet();
    if (code === 0xa0) return this.#octets(this.#octet());
    return code === 0xb0 ? this.#octets(this.#uint32()) : undefined;
  }

  /** Reads a timestamp, in ms since the Unix epoch; undefined for anything else. */
  timestamp(): bigint | undefined {
    return this.#octet() === 0x83 ? this.#data().getBigInt64(this.#take(8)) : undefined;
  }

  /** Reads a map; undefined for anything else. */
  map(): AmqpMap | undefined {
    const code = this.#octet();
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
        return { type: "ubyte", value: this.#octet() };
      case 0x51:
        return { type: "byte", value: this.#octet() << 24 >> 24 };
      case 0x52:
        return { type: "uint", value: this.#octet() };
      case 0x53:
        return { type: "ulong", value: BigInt(this.#octet()) };
      case 0x54:
        return { type: "int", value: this.#octet() << 24 >> 24 };
      case 0x55:
        return { type: "long", value: BigInt(this.#octet() << 24 >> 24) };
      case 0x60:
        return { type: "ushort", value: this.#uint16() };
      case 0x61:
        return { type: "short", value: this.#uint16() << 16 >> 16 };
      case 0x70:
        return { type: "uint", value: this.#uint32() };
      case 0x71:
        return { type: "int", value: this.#uint32() | 0 };
      case 0x72:
        return { type: "float", value: this.#data().getFloat32(this.#take(4)) };
      case 0x73:
        return { type: "char", value: this.#codePoint() };
      case 0x74:
        return { type: "decimal32", value: this.#octets(4) };
      case 0x80:
        return { type: "ulong", value: this.#data().getBigUint64(this.#take(8)) };
      case 0x81:
        return { type: "long", value: this.#data().getBigInt64(this.#take(8)) };
      case 0x82:
        return { type: "double", value: this.#data().getFloat64(this.#take(8)) };
      case 0x83:
        return { type: "timestamp", value: this.#data().getBigInt64(this.#take(8)) };
      case 0x84:
        return { type: "decimal64", value: this.#octets(8) };
      case 0x94:
        return { type: "decimal128", value: this.#octets(16) };
      case 0x98:
        return { type: "uuid", value: this.#octets(16) };
      case 0xa0:
      case 0xb0:
        return { type: "binary", value: this.#octets(this.#size(code === 0xa0 ? 1 : 4)) };
      case 0xa1:
      case 0xb1:
        return this.#text(this.#size(code === 0xa1 ? 1 : 4));
      case 0xa3:
      case 0xb3:
        return new AmqpSymbol(this.#text(this.#size(code === 0xa3 ? 1 : 4)));
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
    const outerEnd = this.#end;
    const count = this.#enterCompound(width);
    const items: AmqpValue[] = [];
    for (let at = 0; at < count; at++) items.push(this.value());
    this.#leave(outerEnd);
    return items;
  }

  #pairs(width: number): AmqpMap {
    const outerEnd = this.#end;
    const count = this.#enterCompound(width);
    if (count % 2 !== 0) throw broken("map with an odd number of elements");
    const pairs: [AmqpValue, AmqpValue][] = [];
    for (let at = 0; at < count; at += 2) pairs.push([this.value(), this.value()]);
    this.#leave(outerEnd);
    return pairs;
  }

  #array(width: number): AmqpValue {
    const outerEnd = this.#end;
    this.#enterWindow(this.#size(width));
    const count = this.#size(width);
    let descriptor: AmqpValue | undefined;
    let code = this.#octet();
    if (code === DESCRIBED) {
      descriptor = this.value();
      code = this.#octet();
      // Legal and never seen; without it no octet can stand for more than two values.
      if (code === DESCRIBED) throw broken("array of doubly described elements");
    }
    // Elements of these types have no octets: only a limit keeps a small array from claiming billions.
    if (code >>> 4 === 4) {
      this.#emptyLeft -= count;
      if (this.#emptyLeft < 0) throw broken(`more than ${MAX_EMPTY_ELEMENTS} array elements without octets`);
    } else if (count > this.#end - this.#at) throw broken("array claims more elements than it has octets");
    const value: AmqpValue[] = [];
    for (let at = 0; at < count; at++) {
      const item = this.#primitive(code);
      value.push(descriptor === undefined ? item : { type: "described", descriptor, value: item });
    }
    this.#leave(outerEnd);
    return code === usualElementCode(code) ? { type: "array", value } : { type: "array", value, code };
  }

  /** Enters a list or map and returns its count, which is at most the octets that are there. */
  #enterCompound(width: number): number {
    this.#enterWindow(this.#size(width));
    const count = this.#size(width);
    if (count > this.#end - this.#at) throw broken("compound value claims more elements than it has octets");
    return count;
  }

  /** Lets reads end after `size` octets. */
  #enterWindow(size: number): void {
    const end = this.#at + size;
    if (end > this.#end) throw broken("compound value exceeds what encloses it");
    this.#end = end;
    this.#enter();
  }

  #leave(outerEnd: number): void {
    if (this.#at !== this.#end) throw broken("compound value does not fill its size");
    this.#end = outerEnd;
    this.#depth--;
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw broken(`nested deeper than ${MAX_DEPTH}`);
  }

  #size(width: number): number {
    return width === 1 ? this.#octet() : this.#uint32();
  }

  #octet(): number {
    const at = this.#at;
    if (at >= this.#end) throw broken("value ends too early");
    this.#at = at + 1;
    return this.#bytes[at];
  }

  #uint16(): number {
    const at = this.#take(2);
    return this.#bytes[at] << 8 | this.#bytes[at + 1];
  }

  #uint32(): number {
    return uint32(this.#bytes, this.#take(4));
  }

  #booleanOctet(): boolean {
    const octet = this.#octet();
    if (octet > 1) throw broken(`boolean of octet ${octet}`);
    return octet === 1;
  }

  #codePoint(): number {
    const point = this.#uint32();
    if (point > 0x10ffff || point >>> 11 === 0x1b) throw broken("char is no Unicode character");
    return point;
  }

  #octets(length: number): Uint8Array {
    const at = this.#take(length);
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  #text(length: number): string {
    const text = decodeText(this.#bytes, this.#take(length), length);
    if (text === undefined) throw broken("text is not UTF-8");
    return text;
  }

  #data(): DataView {
    const bytes = this.#bytes;
    return this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Claims `octets` and returns where they start. */
  #take(octets: number): number {
    const at = this.#at;
    if (at + octets > this.#end) throw broken("value ends too early");
    this.#at = at + octets;
    return at;
  }
}
