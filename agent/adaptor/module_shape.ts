/**
 * What a WebAssembly module declares about itself, read from its sections: the facts that the policy judges.
 *
 * Follows the binary format of WebAssembly 1.0, of which it reads types, imports, functions, tables, memories, exports and
 * the presence of a start section; code and data are left to the engine. Anything newer that shows in those sections
 * (shared or 64-bit memory, reference types, tags, ...) is refused with ADAPTOR_FEATURE: what is not known can't be judged.
 */

import { AdaptorError } from "./adaptor_error.ts";
import { WasmReader } from "./wasm_reader.ts";

/** Bounds of a memory (in pages of 64 KiB) or a table (in entries). */
export interface Bounds {
  /** Size at the start. */
  readonly initial: number;
  /** Size it can grow to, undefined if there is no bound. */
  readonly maximum: number | undefined;
}

/** One export. */
export interface ShapeExport {
  /** Its name. */
  readonly name: string;
  /** What it is. */
  readonly kind: "function" | "table" | "memory" | "global";
  /** For a function its signature, as in `(i32,i32)->i32`; else empty. */
  readonly signature: string;
}

/** The declarations of a module. */
export interface ModuleShape {
  /** Imports as `module.name`. */
  readonly imports: readonly string[];
  /** All memories. */
  readonly memories: readonly Bounds[];
  /** All tables. */
  readonly tables: readonly Bounds[];
  /** All exports. */
  readonly exports: readonly ShapeExport[];
  /** Whether code runs by itself at instantiation. */
  readonly hasStart: boolean;
}

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const sectionOrder: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];
const Section = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  export: 7,
  start: 8,
  code: 10,
} as const;
const functionForm = 0x60;
const funcref = 0x70;
const valueTypes: Readonly<Record<number, string>> = { 0x7f: "i32", 0x7e: "i64", 0x7d: "f32", 0x7c: "f64" };
const exportKinds = ["function", "table", "memory", "global"] as const;

interface Sections {
  types: string[];
  imports: string[];
  functions: number[];
  tables: Bounds[];
  memories: Bounds[];
  exports: { name: string; kind: (typeof exportKinds)[number]; index: number }[];
  hasStart: boolean;
  bodies: number;
}

/** Reads the declarations of a module. Throws ADAPTOR_WASM or ADAPTOR_FEATURE. */
export function readShape(bytes: Uint8Array): ModuleShape {
  const reader = new WasmReader(bytes);
  for (const octet of preamble) {
    if (reader.u8() !== octet) throw wasmError("it does not start like a WebAssembly 1.0 module");
  }
  const found: Sections = {
    types: [],
    imports: [],
    functions: [],
    tables: [],
    memories: [],
    exports: [],
    hasStart: false,
    bodies: 0,
  };
  let lastPlace = -1;
  while (!reader.done) {
    const id = reader.u8();
    const content = new WasmReader(reader.take(reader.u32()));
    if (id === Section.custom) continue;
    const place = sectionOrder.indexOf(id);
    if (place < 0) throw feature(`a section of kind ${id}`);
    if (place <= lastPlace) throw wasmError(`section ${id} is out of order`);
    lastPlace = place;
    readSection(id, content, found);
  }
  if (found.functions.length !== found.bodies) throw wasmError("its functions and bodies differ in number");
  const { imports, memories, tables, hasStart } = found;
  return { imports, memories, tables, hasStart, exports: found.exports.map((entry) => resolve(entry, found)) };
}

function readSection(id: number, content: WasmReader, found: Sections): void {
  switch (id) {
    case Section.type:
      found.types = content.vector(() => readSignature(content));
      break;
    case Section.import:
      // One import is one too many, so the rest of the section need not be understood.
      found.imports = content.u32() === 0 ? [] : [`${content.name()}.${content.name()}`];
      return;
    case Section.function:
      found.functions = content.vector(() => content.u32());
      break;
    case Section.table:
      found.tables = content.vector(() => readTable(content));
      break;
    case Section.memory:
      found.memories = content.vector(() => readBounds(content));
      break;
    case Section.export:
      found.exports = content.vector(() => readExport(content));
      break;
    case Section.start:
      found.hasStart = true;
      return;
    case Section.code:
      found.bodies = content.u32();
      return;
    default:
      return;
  }
  content.expectEnd(`section ${id}`);
}

function readSignature(content: WasmReader): string {
  const form = content.u8();
  if (form !== functionForm) throw feature(`a type of form ${form}`);
  const parameters = content.vector(() => readValueType(content));
  const results = content.vector(() => readValueType(content));
  return `(${parameters.join(",")})${results.length === 0 ? "" : `->${results.join(",")}`}`;
}

function readValueType(content: WasmReader): string {
  const code = content.u8();
  const type = valueTypes[code];
  if (type === undefined) throw feature(`a value of type ${code}`);
  return type;
}

function readTable(content: WasmReader): Bounds {
  const type = content.u8();
  if (type !== funcref) throw feature(`a table of type ${type}`);
  return readBounds(content);
}

function readBounds(content: WasmReader): Bounds {
  const flags = content.u8();
  if (flags > 1) throw feature(`a memory or table with flags ${flags}`);
  return { initial: content.u32(), maximum: flags === 1 ? content.u32() : undefined };
}

function readExport(content: WasmReader): Sections["exports"][number] {
  const name = content.name();
  const code = content.u8();
  const kind = exportKinds[code];
  if (kind === undefined) throw feature(`an export of kind ${code}`);
  return { name, kind, index: content.u32() };
}

function resolve({ name, kind, index }: Sections["exports"][number], found: Sections): ShapeExport {
  if (kind !== "function") return { name, kind, signature: "" };
  // Imports come first in the numbering; but there is no verdict for a module that has any.
  if (found.imports.length > 0) return { name, kind, signature: "" };
  const signature = found.types[found.functions[index] ?? -1];
  if (signature === undefined) throw wasmError("an export is of a function that is not there");
  return { name, kind, signature };
}

function wasmError(what: string): AdaptorError {
  return new AdaptorError("ADAPTOR_WASM", `the module can't be read: ${what}`);
}

function feature(what: string): AdaptorError {
  return new AdaptorError("ADAPTOR_FEATURE", `the module uses ${what}, which adaptors may not`);
}
