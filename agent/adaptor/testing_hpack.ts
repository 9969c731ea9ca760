/** Test support: the adaptor's own HPACK, alone, compiled from `adaptors/testing/assembly/hpack.ts`. */

import { compileAdaptor } from "../../adaptors/compile.ts";

interface HpackExports {
  readonly memory: WebAssembly.Memory;
  readonly in_ptr: () => number;
  readonly out_ptr: () => number;
  readonly _initialize?: () => void;
  readonly start: () => void;
  readonly decode: (length: number) => number;
  readonly encode: (length: number) => number;
  readonly limit: (octets: number) => void;
}

let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  const source = new URL("../../adaptors/testing/assembly/hpack.ts", import.meta.url);
  return await WebAssembly.compile(await compileAdaptor(source.pathname, { memoryPages: 6 }));
}

/** One end's tables, in both directions. */
export class Hpack {
  readonly #exports: HpackExports;

  private constructor(exports: HpackExports) {
    this.#exports = exports;
  }

  /** Empty tables. Needs read permission. */
  static async create(): Promise<Hpack> {
    compiled ??= compile();
    const exports = new WebAssembly.Instance(await compiled).exports as unknown as HpackExports;
    exports._initialize?.();
    exports.start();
    return new Hpack(exports);
  }

  /** The fields of a header block, `name: value` each; undefined for what is none. Throws for more than an adaptor takes. */
  decode(block: Uint8Array): string[] | undefined {
    const length = this.#exports.decode(this.#put(block));
    if (length === -2) throw new Error("the header block has more than an adaptor takes");
    if (length < 0) return undefined;
    return new TextDecoder().decode(this.#out(length)).split("\n").slice(0, -1);
  }

  /** A header block of fields. */
  encode(fields: readonly string[]): Uint8Array {
    const lines = new TextEncoder().encode(fields.map((field) => `${field}\n`).join(""));
    return this.#out(this.#exports.encode(this.#put(lines)));
  }

  /** The other end takes a table of so many octets. */
  limit(octets: number): void {
    this.#exports.limit(octets);
  }

  #put(octets: Uint8Array): number {
    new Uint8Array(this.#exports.memory.buffer, this.#exports.in_ptr()).set(octets);
    return octets.length;
  }

  #out(length: number): Uint8Array {
    return new Uint8Array(this.#exports.memory.buffer, this.#exports.out_ptr(), length).slice();
  }
}
