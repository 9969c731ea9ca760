/** Strict reading of the WebAssembly binary format: LEB128 in its proper range, names in UTF-8, nothing out of bounds. */

import { AdaptorError } from "./adaptor_error.ts";

/** A cursor over octets that throws ADAPTOR_WASM wherever the format is broken. */
export class WasmReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  /** Starts at the first of `bytes`. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether every octet was read. */
  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Octets read so far. */
  get position(): number {
    return this.#at;
  }

  /** One octet. */
  u8(): number {
    const octet = this.#bytes[this.#at];
    if (octet === undefined) throw broken(this.#at, "it ends too early");
    this.#at++;
    return octet;
  }

  /** An unsigned LEB128 of at most 32 bits in at most five octets. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const octet = this.u8();
      if (shift === 28 && octet > 0x0f) throw broken(this.#at, "an integer is out of range");
      value += (octet & 0x7f) * 2 ** shift;
      if (octet < 0x80) return value;
    }
    throw broken(this.#at, "an integer is too long");
  }

  /** Passes over an integer of any sign in at most ten octets. */
  skipInteger(): void {
    for (let octets = 0; octets < 10; octets++) if (this.u8() < 0x80) return;
    throw broken(this.#at, "an integer is too long");
  }

  /** The next `length` octets, as a view. */
  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw broken(this.#at, "it ends too early");
    const octets = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return octets;
  }

  /** A name. */
  name(): string {
    const octets = this.take(this.u32());
    try {
      return utf8.decode(octets);
    } catch (cause) {
      if (cause instanceof TypeError) throw broken(this.#at, "a name is not UTF-8");
      throw cause;
    }
  }

  /** A vector: its length, then `item` as often. */
  vector<Item>(item: () => Item): Item[] {
    const items: Item[] = [];
    for (let left = this.u32(); left > 0; left--) items.push(item());
    return items;
  }

  /** Demands that every octet was read. */
  expectEnd(what: string): void {
    if (!this.done) throw broken(this.#at, `${what} is longer than its content`);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function broken(at: number, what: string): AdaptorError {
  return new AdaptorError("ADAPTOR_WASM", `the module can't be read at octet ${at}: ${what}`);
}
