import assert from "node:assert/strict";
import { buildAll, differences } from "../../adaptors/build.ts";
import { digestOf } from "../../adaptors/compile.ts";
import { builtinNames, loadBuiltin } from "./builtin.ts";
import manifest from "./builtin/manifest.json" with { type: "json" };
import { modules } from "./builtin/modules.ts";

/** Takes seconds, so one is enough. */
const fresh = await buildAll();

Deno.test("built-in adaptors are, byte for byte, what a fresh build makes", async () => {
  assert.deepEqual(await differences(fresh), []);
});

Deno.test("built-in adaptors: a build names what differs, is missing or is too much", async () => {
  const output = new Map(fresh);
  const wasm = output.get("tcp.wasm")!;
  output.set("tcp.wasm", wasm.with(wasm.length - 1, wasm.at(-1)! ^ 1));
  output.set("other.wasm", wasm);
  output.delete("manifest.json");
  assert.deepEqual(await differences(output), ["manifest.json", "other.wasm", "tcp.wasm"]);
});

Deno.test("built-in adaptors have the pinned digest both on disk and embedded", async () => {
  const digests = new Map(Object.entries(manifest));
  assert.deepEqual([...digests.keys()].sort(), builtinNames().sort());
  for (const [name, digest] of digests) {
    const file = await Deno.readFile(new URL(`./builtin/${name}.wasm`, import.meta.url));
    assert.equal(await digestOf(file), digest);
    assert.equal(await digestOf(Uint8Array.fromBase64(modules[name]!)), digest);
  }
});

Deno.test("built-in adaptors are loaded once, however often they are asked for", async () => {
  const [first, second] = await Promise.all([loadBuiltin("tcp"), loadBuiltin("tcp")]);
  assert.equal(first, second);
});

Deno.test("built-in adaptors: an unknown name is refused with the names that there are", async () => {
  for (const name of ["", "TCP", "toString", "__proto__"]) {
    await assert.rejects(loadBuiltin(name), {
      code: "ADAPTOR_UNKNOWN",
      hint: `Use one of: ${builtinNames().join(", ")}.`,
    });
  }
});
