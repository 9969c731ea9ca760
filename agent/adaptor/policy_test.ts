import assert from "node:assert/strict";
import { requiredFunctions } from "./abi.ts";
import type { AdaptorErrorCode } from "./adaptor_error.ts";
import { defaultLimits } from "./limits.ts";
import { checkPolicy, checkSize } from "./policy.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Section = readonly [id: number, content: Uint8Array];

const tcp = await Deno.readFile(new URL("./builtin/tcp.wasm", import.meta.url));
const order = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];

/** Splits a module that is known to be well-formed. */
function sections(bytes: Bytes): Section[] {
  const found: Section[] = [];
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at++]!;
    let length = 0;
    for (let shift = 0;; shift += 7) {
      const octet = bytes[at++]!;
      length |= (octet & 0x7f) << shift;
      if (octet < 0x80) break;
    }
    found.push([id, bytes.slice(at, at += length)]);
  }
  return found;
}

/** The TCP adaptor with one section replaced, added or, without content, left out. */
function withSection(id: number, ...content: number[]): Bytes {
  const others = sections(tcp).filter(([other]) => other !== id);
  const all: Section[] = content.length === 0 ? others : [...others, [id, new Uint8Array(content)]];
  all.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  return new Uint8Array([...tcp.slice(0, 8), ...all.flatMap(([key, part]) => [key, ...leb(part.length), ...part])]);
}

function leb(value: number): number[] {
  return [(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, value >> 14];
}

/** The TCP adaptor with one text in its export section replaced by another of the same length. */
function withExport(from: string, to: string): Bytes {
  const [, content] = sections(tcp).find(([id]) => id === 7)!;
  const text = String.fromCharCode(...content);
  assert.ok(text.includes(from) && from.length === to.length);
  return withSection(7, ...text.replaceAll(from, to).split("").map((character) => character.charCodeAt(0)));
}

/** A name as it stands in a section, with its length before it. */
function named(name: string): string {
  return String.fromCharCode(name.length) + name;
}

function refuses(code: AdaptorErrorCode, bytes: Bytes): void {
  assert.throws(() => checkPolicy(bytes, defaultLimits), { code });
}

/** As {@link refuses}, of a module that the engine itself has nothing against. */
function refusesValid(code: AdaptorErrorCode, bytes: Bytes): void {
  assert.ok(WebAssembly.validate(bytes), "the test's own module is broken");
  refuses(code, bytes);
}

Deno.test("policy accepts a built-in adaptor, taken apart and put together again", () => {
  checkPolicy(tcp, defaultLimits);
  checkPolicy(withSection(0), defaultLimits);
});

Deno.test("policy refuses an import", () => {
  // "a" "b", a table of functions: an import that does not change the numbering of anything else.
  refusesValid("ADAPTOR_IMPORT", withSection(2, 1, 1, 0x61, 1, 0x62, 1, 0x70, 0, 0));
});

Deno.test("policy refuses a start section", () => {
  const marker = WebAssembly.Module.exports(new WebAssembly.Module(tcp)).findIndex(({ name }) =>
    name === "tendril_abi_1"
  );
  assert.ok(marker > 0);
  const [, exports] = sections(tcp).find(([id]) => id === 7)!;
  const text = String.fromCharCode(...exports);
  const index = exports[text.indexOf(named("tendril_abi_1")) + named("tendril_abi_1").length + 1]!;
  refusesValid("ADAPTOR_START", withSection(8, index));
});

Deno.test("policy refuses memory without a maximum, over the limit, or none", () => {
  refusesValid("ADAPTOR_MEMORY", withSection(5, 1, 0, 2));
  refusesValid("ADAPTOR_MEMORY", withSection(5, 1, 1, 2, defaultLimits.memoryPages + 1));
  refusesValid("ADAPTOR_MEMORY", withSection(5, 1, 1, 2, 0x80, 0x80, 0x04));
  checkPolicy(withSection(5, 1, 1, 2, defaultLimits.memoryPages), defaultLimits);
  refuses("ADAPTOR_WASM", withSection(5));
  refuses("ADAPTOR_WASM", withSection(5, 1, 1, 3, 2));
});

Deno.test("policy refuses shared, 64-bit and second memories", () => {
  for (const flags of [2, 3, 4, 5]) {
    assert.throws(() => checkPolicy(withSection(5, 1, flags, 2, 2), defaultLimits));
  }
  assert.throws(() => checkPolicy(withSection(5, 2, 1, 2, 2, 1, 1, 1), defaultLimits), { code: "ADAPTOR_MEMORY" });
});

Deno.test("policy refuses a table that could grow large", () => {
  refusesValid("ADAPTOR_TABLE", withSection(4, 1, 0x70, 0, 1));
  refusesValid("ADAPTOR_TABLE", withSection(4, 1, 0x70, 1, 1, 0x81, 0x08));
  refusesValid("ADAPTOR_TABLE", withSection(4, 2, 0x70, 1, 1, 1, 0x70, 1, 1, 1));
  checkPolicy(withSection(4, 1, 0x70, 1, 1, 0x80, 0x08), defaultLimits);
});

for (const name of Object.keys(requiredFunctions)) {
  Deno.test(`policy refuses a module without the export ${name}`, () => {
    const code = name === "tendril_abi_1" ? "ADAPTOR_VERSION" : "ADAPTOR_EXPORT";
    refusesValid(code, withExport(named(name), named(`${name.slice(0, -1)}~`)));
  });
}

Deno.test("policy refuses a module that does not export its memory, or exports something else by that name", () => {
  refusesValid("ADAPTOR_EXPORT", withExport(named("memory"), named("Memory")));
  refusesValid("ADAPTOR_EXPORT", withExport(named("memory") + "\x02", named("memorY") + "\x02"));
  const swapped = withExport(named("in_ptr"), named("in_pt~"));
  refusesValid("ADAPTOR_EXPORT", swapped);
});

Deno.test("policy refuses an export of the wrong kind or signature", () => {
  // Names of equal length change places.
  const [, content] = sections(tcp).find(([id]) => id === 7)!;
  const text = String.fromCharCode(...content);
  for (const [one, other] of [["open", "tick"], ["close", "drain"], ["memory", "in_cap"]] as const) {
    const swapped = text.replace(named(one), "#").replace(named(other), named(one)).replace("#", named(other));
    refusesValid("ADAPTOR_EXPORT", withSection(7, ...[...swapped].map((character) => character.charCodeAt(0))));
  }
});

Deno.test("policy refuses a module made for a newer minor version, but not one that speaks another major as well", () => {
  const [, content] = sections(tcp).find(([id]) => id === 7)!;
  const withMarker = (name: string) =>
    withSection(7, content[0]! + 1, ...content.slice(1), ...extraExport(name, content));
  refusesValid("ADAPTOR_VERSION", withMarker("tendril_abi_1_5"));
  checkPolicy(withMarker("tendril_abi_2"), defaultLimits);
});

Deno.test("policy refuses an _initialize that wants arguments", () => {
  const [, content] = sections(tcp).find(([id]) => id === 7)!;
  const text = String.fromCharCode(...content);
  const open = content[text.indexOf(named("open")) + named("open").length + 1]!;
  const extra = [...named("_initialize")].map((character) => character.charCodeAt(0));
  refusesValid("ADAPTOR_EXPORT", withSection(7, content[0]! + 1, ...content.slice(1), ...extra, 0, open));
});

/** One more export of the function that the marker exports. */
function extraExport(name: string, content: Uint8Array): number[] {
  const text = String.fromCharCode(...content);
  const index = content[text.indexOf(named("tendril_abi_1")) + named("tendril_abi_1").length + 1]!;
  return [...[...named(name)].map((character) => character.charCodeAt(0)), 0, index];
}

Deno.test("policy refuses a module that is too big before it looks at it", () => {
  assert.throws(() => checkSize(new Uint8Array(defaultLimits.moduleOctets + 1), defaultLimits), {
    code: "ADAPTOR_SIZE",
  });
  checkSize(new Uint8Array(defaultLimits.moduleOctets), defaultLimits);
});

Deno.test("policy refuses garbage, and a module cut at any octet", () => {
  refuses("ADAPTOR_WASM", new Uint8Array(0));
  refuses("ADAPTOR_WASM", new Uint8Array(100));
  refuses("ADAPTOR_WASM", new TextEncoder().encode("\0asm\x01\0\0\0garbage"));
  for (let length = 0; length < tcp.length; length++) {
    const cut = tcp.slice(0, length);
    // The preamble, alone or with the types, is a valid module, and refused for what it lacks.
    refuses(WebAssembly.validate(cut) ? "ADAPTOR_MEMORY" : "ADAPTOR_WASM", cut);
  }
});
