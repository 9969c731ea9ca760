import assert from "node:assert/strict";
import { digestOf } from "../../adaptors/compile.ts";
import type { AdaptorErrorCode } from "./adaptor_error.ts";
import { type AdaptorSource, loadAdaptor } from "./load.ts";
import { defaultLimits } from "./limits.ts";
import { loadFixture } from "./testing_fixture.ts";

const tcp = await Deno.readFile(new URL("./builtin/tcp.wasm", import.meta.url));

async function refuses(code: AdaptorErrorCode, source: Partial<AdaptorSource>): Promise<void> {
  const bytes = new Uint8Array(source.bytes ?? tcp);
  await assert.rejects(loadAdaptor({ name: "tcp", digest: await digestOf(bytes), ...source, bytes }), { code });
}

/** The TCP adaptor with a text of its data (UTF-16, as AssemblyScript keeps it) replaced by one of the same length. */
function withText(from: string, to: string): Uint8Array {
  const wide = (text: string) => [...text].map((character) => `${character}\0`).join("");
  const binary = Array.from(tcp, (octet) => String.fromCharCode(octet)).join("");
  assert.ok(binary.includes(wide(from)) && from.length === to.length);
  return Uint8Array.from(binary.replace(wide(from), wide(to)), (character) => character.charCodeAt(0));
}

Deno.test("load gives name, version and digest of a module as it was distributed", async () => {
  const digest = await digestOf(tcp);
  const module = await loadAdaptor({ name: "tcp", bytes: tcp, digest });
  assert.deepEqual([module.name, module.version, module.digest], ["tcp", "1.0.0", digest]);
  assert.match(digest, /^sha256:[0-9a-f]{64}$/);
  assert.equal(module.readsSocket, false);
});

Deno.test("load refuses any bytes but the pinned ones, whatever they are", async () => {
  const digest = await digestOf(tcp);
  for (const length of [0, 8, 100, tcp.length - 1]) {
    await refuses("ADAPTOR_DIGEST", { bytes: tcp.slice(0, length), digest });
  }
  const flipped = tcp.slice();
  flipped[flipped.length - 1]! ^= 1;
  await refuses("ADAPTOR_DIGEST", { bytes: flipped, digest });
  for (const wrong of ["", digest.toUpperCase(), digest.slice(7), `${digest}0`]) {
    await refuses("ADAPTOR_DIGEST", { digest: wrong });
  }
});

Deno.test("load goes by what the bytes were when it was called", async () => {
  const bytes = tcp.slice();
  const loading = loadAdaptor({ name: "tcp", bytes, digest: await digestOf(tcp) });
  bytes.fill(0);
  assert.equal((await loading).name, "tcp");
});

Deno.test("load looks at size first, then at the policy, then at the description", async () => {
  await refuses("ADAPTOR_SIZE", { bytes: new Uint8Array(defaultLimits.moduleOctets + 1), digest: "" });
  await refuses("ADAPTOR_WASM", { bytes: new Uint8Array(8) });
  await refuses("ADAPTOR_DESCRIBE", { name: "other" });
});

Deno.test("load refuses a module whose description can't be used", async () => {
  await refuses("ADAPTOR_DESCRIBE", { bytes: withText('{"name"', '{"name ') });
  await refuses("ADAPTOR_DESCRIBE", { bytes: withText('"name":"tcp"', '"name":"TCP"') });
  await refuses("ADAPTOR_DESCRIBE", { bytes: withText("1.0.0", "1.0.x") });
  await refuses("ADAPTOR_DESCRIBE", { bytes: withText('"protocol":"tcp"', '"protocol":"t p"') });
  await refuses("ADAPTOR_DESCRIBE", { bytes: withText("connector", "collector") });
  await refuses("ADAPTOR_DESCRIBE", { bytes: withText('["listener","connector"]', '["listener","listener" ]') });
  await refuses("ADAPTOR_DESCRIBE", { bytes: withText('"reads_socket":false', '"reads_socket":"fal"') });
});

Deno.test("load runs the start-up code that a module exports", async () => {
  const { module, bytes } = await loadFixture("echo");
  const exports = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name);
  assert.ok(exports.includes("_initialize"));
  assert.deepEqual(module.instantiate().open("listener", new Uint8Array(0)), []);
});

Deno.test("load reports a module that traps when it is instantiated", async () => {
  // With one page instead of two its data have no place to go.
  const bytes = tcp.slice();
  const memory = [5, 4, 1, 1, 2, 2];
  const at = bytes.findIndex((_, index) => memory.every((octet, offset) => bytes[index + offset] === octet));
  assert.ok(at > 0);
  bytes.set([1, 1], at + 4);
  assert.ok(WebAssembly.validate(bytes));
  await refuses("ADAPTOR_INSTANTIATE", { bytes });
});
