/**
 * What a module must be before it is compiled: judged on its original bytes, by what it declares.
 *
 * The engine validates first, so what is read here is well-formed; the rules are those of
 * `docs/reference/adaptor-abi.md`, section "What a module must be".
 */

import { markerName, optionalFunctions, requiredFunctions } from "./abi.ts";
import { AdaptorError, type AdaptorErrorCode } from "./adaptor_error.ts";
import type { AdaptorLimits } from "./limits.ts";
import { FUEL_EXPORT } from "./meter.ts";
import { type Bounds, type ModuleShape, readShape, type ShapeExport } from "./module_shape.ts";

/** Demands that `bytes` are at most as many as the limit. Throws ADAPTOR_SIZE. */
export function checkSize(bytes: Uint8Array, limits: AdaptorLimits): void {
  if (bytes.length > limits.moduleOctets) {
    throw new AdaptorError(
      "ADAPTOR_SIZE",
      `the module has ${bytes.length} octets, over the limit of ${limits.moduleOctets}`,
    );
  }
}

/**
 * Demands that `bytes` are a module that may run as an adaptor. Throws ADAPTOR_WASM, ADAPTOR_FEATURE, ADAPTOR_IMPORT,
 * ADAPTOR_START, ADAPTOR_MEMORY, ADAPTOR_TABLE, ADAPTOR_EXPORT or ADAPTOR_VERSION.
 */
export function checkPolicy(bytes: Uint8Array<ArrayBuffer>, limits: AdaptorLimits): void {
  if (!WebAssembly.validate(bytes)) refuse("ADAPTOR_WASM", "is not valid WebAssembly");
  const shape = readShape(bytes);
  if (shape.imports.length > 0) refuse("ADAPTOR_IMPORT", "imports something; an adaptor gets nothing from its host");
  if (shape.hasStart) refuse("ADAPTOR_START", "has a start section; its start-up code must be the export _initialize");
  checkMemory(shape, limits);
  checkTables(shape, limits);
  checkExports(shape);
}

function checkMemory(shape: ModuleShape, limits: AdaptorLimits): void {
  const [memory, ...others] = shape.memories;
  if (memory === undefined || others.length > 0) {
    refuse("ADAPTOR_MEMORY", `has ${shape.memories.length} memories, not one of its own`);
  }
  checkBounds("ADAPTOR_MEMORY", "memory", memory, limits.memoryPages, "pages");
}

function checkTables(shape: ModuleShape, limits: AdaptorLimits): void {
  if (shape.tables.length > 1) refuse("ADAPTOR_TABLE", `has ${shape.tables.length} tables`);
  for (const table of shape.tables) checkBounds("ADAPTOR_TABLE", "table", table, limits.tableEntries, "entries");
}

function checkBounds(code: AdaptorErrorCode, what: string, bounds: Bounds, limit: number, unit: string): void {
  if (bounds.maximum === undefined) refuse(code, `has a ${what} without a maximum`);
  if (bounds.maximum > limit || bounds.initial > bounds.maximum) {
    refuse(code, `has a ${what} of up to ${bounds.maximum} ${unit}, over the limit of ${limit}`);
  }
}

function checkExports(shape: ModuleShape): void {
  const exports = new Map(shape.exports.map((entry) => [entry.name, entry]));
  if (!exports.has(markerName)) refuse("ADAPTOR_VERSION", `does not export ${markerName}: it is not made for this ABI`);
  for (const name of exports.keys()) {
    // A minor version that this host does not know would make records that it does not know.
    if (name.startsWith(`${markerName}_`) && !Object.hasOwn(optionalFunctions, name)) {
      refuse("ADAPTOR_VERSION", "is made for a newer minor version of this ABI");
    }
  }
  if (exports.has(FUEL_EXPORT)) refuse("ADAPTOR_EXPORT", `exports ${FUEL_EXPORT}, a name that is the host's`);
  if (exports.get("memory")?.kind !== "memory") refuse("ADAPTOR_EXPORT", "does not export its memory as memory");
  for (const [name, signature] of Object.entries(requiredFunctions)) {
    checkFunction(name, signature, exports.get(name));
  }
  for (const [name, signature] of Object.entries(optionalFunctions)) {
    if (exports.has(name)) checkFunction(name, signature, exports.get(name));
  }
}

function checkFunction(name: string, signature: string, found: ShapeExport | undefined): void {
  if (found === undefined) refuse("ADAPTOR_EXPORT", `does not export ${name}`);
  if (found.kind !== "function" || found.signature !== signature) {
    refuse("ADAPTOR_EXPORT", `exports ${name} as ${found.kind}${found.signature}, not as function${signature}`);
  }
}

function refuse(code: AdaptorErrorCode, what: string): never {
  throw new AdaptorError(code, `the module ${what}`);
}
