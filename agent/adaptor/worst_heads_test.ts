/** Heads that cost a built-in adaptor as much as their octets can: none may look to the host like a plugin that runs wild. */

import assert from "node:assert/strict";
import { adaptorConfig } from "../bridge/adaptor_config.ts";
import { headOf } from "../bridge/http_rules/testing_heads.ts";
import type { AdaptorInstance, AdaptorRole } from "./action.ts";
import manifest from "./builtin/manifest.json" with { type: "json" };
import { modules } from "./builtin/modules.ts";
import { defaultLimits } from "./limits.ts";
import { loadAdaptor } from "./load.ts";

const HEAD_OCTETS = 16_384;
const CONFIG = adaptorConfig("site", "key");
const octets = (text: string) => new TextEncoder().encode(text);

/** `head` with more of `filling` in a field than anybody needs. */
function filled(head: string, name: string, filling: string): string {
  const start = `${head}${"a:\r\n".repeat(110)}${name}: `;
  return `${start}${filling.repeat(Math.floor((HEAD_OCTETS - 4 - start.length) / filling.length))}\r\n\r\n`;
}

/** Has each of many connections say `say`, at a time that stands still: all that is saved for later has to do. */
async function survives(name: "http1" | "http2", role: AdaptorRole, say: (instance: AdaptorInstance) => void) {
  const source = { name, bytes: Uint8Array.fromBase64(modules[name]), digest: manifest[name] };
  const module = await loadAdaptor(source, defaultLimits, () => 0);
  for (let connection = 0; connection < 60; connection++) {
    const instance = module.instantiate();
    instance.open(role, CONFIG);
    say(instance);
    instance.close();
  }
  assert.deepEqual([module.health.faults, module.health.refusal()], [0, undefined]);
}

for (const [what, filling] of [["nothing", ","], ["letters", "b,"], ["names", "a,"]] as const) {
  const request = filled("GET / HTTP/1.1\r\nHost: a\r\n", "Connection", filling);
  const upgrade = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nConnection: upgrade\r\n";
  Deno.test(`worst heads: a Connection field that lists ${what}`, async () => {
    await survives("http1", "listener", (instance) => instance.socket(octets(request), false));
    await survives("http2", "listener", (instance) => {
      instance.socket(octets(filled(upgrade, "Connection", filling)), false);
    });
    await survives("http1", "connector", (instance) => {
      instance.stream({ kind: "begin", stream: 1, head: headOf("GET /", "Host: a") });
      instance.stream({ kind: "end", stream: 1 });
      instance.socket(octets(filled("HTTP/1.1 200 OK\r\n", "Connection", filling)), false);
    });
  });
}

/** A frame of HTTP/2. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(9 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length << 8 | type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  bytes.set(payload, 9);
  return bytes;
}

/** Says each block in two frames, the last octet by itself: only then can it be read. */
function sayBlocks(instance: AdaptorInstance, block: Uint8Array, times: number): string[] {
  const said: string[] = [];
  const say = (bytes: Uint8Array) => {
    if (said.at(-1) === "close") return;
    said.push(...instance.socket(bytes, false).actions.map(({ kind }) => kind));
  };
  say(octets("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  say(frame(4, 0, 0, new Uint8Array(0)));
  for (let time = 0; time < times; time++) {
    const stream = time * 2 + 1;
    const last = frame(9, 4, stream, block.subarray(HEAD_OCTETS));
    say(frame(1, 1, stream, block.subarray(0, HEAD_OCTETS)));
    say(last.subarray(0, -1));
    say(last.subarray(-1));
  }
  return said;
}

Deno.test("worst heads: a header block that has the table copied again and again ends its connection", async () => {
  const name = new Uint8Array(4060).fill(0x61);
  // A new name of so many octets, then that name again with an empty value, as often as there is room.
  const block = new Uint8Array(24_500);
  block.set([0x40, 0x7f, 0xdd, 0x1e, ...name, 0x00]);
  for (let at = name.length + 5; at + 1 < block.length; at += 2) block.set([0x7e, 0x00], at);
  await survives("http2", "listener", (instance) => {
    assert.equal(sayBlocks(instance, block, 1).at(-1), "close");
  });
});

Deno.test("worst heads: a header block that is all Huffman code is read as often as it comes", async () => {
  const block = new Uint8Array(24_000);
  // A field of five-bit letters, which is far too large for a head: its octets are read all the same.
  block.set([0x00, 0x81, 0x1f, 0x80 | 0x7f]);
  let rest = block.length - 8 - 127;
  let at = 4;
  for (; rest >= 128; rest >>= 7) block[at++] = rest & 0x7f | 0x80;
  block[at] = rest;
  await survives("http2", "listener", (instance) => void sayBlocks(instance, block, 20));
});
