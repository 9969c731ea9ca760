import assert from "node:assert/strict";
import fc from "fast-check";
import { AdaptorError } from "./adaptor_error.ts";
import { readShape } from "./module_shape.ts";

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const tcp = await Deno.readFile(new URL("./builtin/tcp.wasm", import.meta.url));

function wasm(...sections: number[][]): Uint8Array {
  return new Uint8Array([...preamble, ...sections.flatMap(([id = 0, ...content]) => [id, content.length, ...content])]);
}

function throwsTyped(bytes: Uint8Array): void {
  assert.throws(
    () => readShape(bytes),
    (error) => error instanceof AdaptorError && ["ADAPTOR_WASM", "ADAPTOR_FEATURE"].includes(error.code),
  );
}

Deno.test("module shape reads what a compiled adaptor declares", () => {
  const shape = readShape(tcp);
  assert.deepEqual(shape.imports, []);
  assert.deepEqual(shape.tables, []);
  assert.deepEqual(shape.memories, [{ initial: 2, maximum: 2 }]);
  assert.equal(shape.hasStart, false);
  assert.deepEqual(shape.exports.find(({ name }) => name === "feed"), {
    name: "feed",
    kind: "function",
    signature: "(i32,i32,i32)->i32",
  });
  assert.deepEqual(
    shape.exports.map(({ name, kind }) => ({ name, kind })),
    WebAssembly.Module.exports(new WebAssembly.Module(tcp)).map(({ name, kind }) => ({ name, kind })),
  );
});

Deno.test("module shape refuses a module cut at any octet that is not between two sections", () => {
  const readable: number[] = [];
  for (let length = 0; length < tcp.length; length++) {
    try {
      readShape(tcp.slice(0, length));
      readable.push(length);
    } catch (error) {
      assert.ok(error instanceof AdaptorError && error.code === "ADAPTOR_WASM", String(error));
    }
  }
  // After the preamble, the types and the code; anywhere else a declaration is without its other half.
  assert.equal(readable.length, 3);
  for (const length of readable) assert.ok(length === 8 || length > 8 && [3, 11].includes(tcp[length]!));
});

Deno.test("module shape reads any octets or throws a typed error", () => {
  const mutations = fc.array(fc.tuple(fc.nat({ max: 400 }), fc.integer({ min: 0, max: 255 })), { maxLength: 3 });
  fc.assert(
    fc.property(mutations, (changes) => {
      const bytes = tcp.slice();
      for (const [at, octet] of changes) bytes[at] = octet;
      try {
        readShape(bytes);
      } catch (error) {
        assert.ok(error instanceof AdaptorError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
    if (noise.length > 0) throwsTyped(noise);
    try {
      readShape(new Uint8Array([...preamble, ...noise]));
    } catch (error) {
      assert.ok(error instanceof AdaptorError, String(error));
    }
  }));
});

Deno.test("module shape refuses broken integers, names, order and lengths", () => {
  throwsTyped(wasm([1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]));
  throwsTyped(wasm([1, 0xff, 0xff, 0xff, 0xff, 0x1f]));
  throwsTyped(wasm([1, 0xff, 0xff, 0xff, 0xff, 0x0f]));
  throwsTyped(wasm([7, 1, 1, 0xff, 2, 0]));
  throwsTyped(wasm([5, 0], [1, 0]));
  throwsTyped(wasm([5, 0], [5, 0]));
  throwsTyped(wasm([5, 0, 0]));
  throwsTyped(wasm([7, 1, 1, 0x61, 0, 0]));
  throwsTyped(wasm([1, 1, 0x60, 0, 0], [3, 1, 0]));
  assert.deepEqual(readShape(wasm([5, 0], [0, 1, 0x61])).memories, []);
});

Deno.test("module shape refuses every feature that it does not know", () => {
  const unknown: Record<string, number[]> = {
    "a tag section": [13, 0],
    "shared memory": [5, 1, 3, 1, 1],
    "64-bit memory": [5, 1, 5, 1, 1],
    "custom page sizes": [5, 1, 9, 1, 1, 0],
    "a recursive type group": [1, 1, 0x4e, 0],
    "a struct type": [1, 1, 0x5f, 0],
    "a vector value": [1, 1, 0x60, 1, 0x7b, 0],
    "a reference value": [1, 1, 0x60, 1, 0x6f, 0],
    "a table of external references": [4, 1, 0x6f, 0, 1],
    "a tag export": [7, 1, 1, 0x61, 4, 0],
  };
  for (const [feature, section] of Object.entries(unknown)) {
    assert.throws(() => readShape(wasm(section)), { code: "ADAPTOR_FEATURE" }, feature);
  }
});
