import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { digestOf } from "../../../adaptors/compile.ts";
import { signDigest } from "../../adaptor/signature.ts";
import { loadFixture } from "../../adaptor/testing_fixture.ts";
import { tryModule } from "../../adaptor/trial.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { contentLength as head, ModuleStore, send } from "../../../tests/support/module_store.ts";
import type { AdaptorSpec } from "../spec.ts";
import { MAX_CACHED, ModuleCache } from "./cache.ts";
import { obtain } from "./obtain.ts";

const { bytes: echo } = await loadFixture("echo");
const digest = await digestOf(echo);
/** Short for the tests that wait for them, long for a slow machine otherwise. */
const TIMES = { stallMs: 30_000, totalMs: 60_000 };

function noNetwork(): never {
  throw new Error("nobody asks the network");
}

interface Parts {
  readonly dir: string;
  readonly store: ModuleStore;
  load(spec?: Partial<AdaptorSpec>, times?: Partial<typeof TIMES>): ReturnType<typeof obtain>;
}

async function withStore(body: (parts: Parts) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await using store = await ModuleStore.start(echo);
    const cache = new ModuleCache(dir, silentLogger);
    const load: Parts["load"] = (spec, times) =>
      obtain({ name: "e", source: store.url, sha256: digest, keys: [], ca: store.ca, limits: {}, ...spec }, {
        dir,
        cache,
        van: noNetwork,
        signal: new AbortController().signal,
        times: { ...TIMES, ...times },
      });
    await body({ dir, store, load });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const cachedFile = (dir: string) => `${dir}/run/adaptors/${digest.slice("sha256:".length)}.wasm`;

Deno.test("obtain: a module is fetched once, kept for its owner alone, and there when its server is not", () =>
  withStore(async ({ dir, store, load }) => {
    const module = await load();
    assert.deepEqual([module.name, module.digest, store.requests], ["e", digest, 1]);
    store.answer = () => Promise.resolve();
    assert.equal((await load()).digest, digest);
    assert.equal(store.requests, 1);
    assert.equal((await Deno.stat(cachedFile(dir))).mode! & 0o777, 0o600);
    assert.equal((await Deno.stat(`${dir}/run/adaptors`)).mode! & 0o777, 0o700);
  }));

Deno.test("obtain: a module from afar keeps the contract as those do that are built in", () =>
  withStore(async ({ load }) => {
    assert.deepEqual(tryModule(await load({ name: "echo" }), echo).filter(({ fault }) => fault !== undefined), []);
  }));

Deno.test("obtain: other octets than those of the pin are refused, and never cached", () =>
  withStore(async ({ dir, store, load }) => {
    const tampered = echo.slice();
    tampered[tampered.length - 1]! ^= 1;
    store.answer = (conn) => send(conn, head(tampered.length), tampered);
    await assert.rejects(load(), { code: "ADAPTOR_DIGEST" });
    await assert.rejects(Deno.stat(cachedFile(dir)), Deno.errors.NotFound);
    store.answer = store.whole;
    await load();
    store.answer = (conn) => send(conn, head(tampered.length), tampered);
    assert.equal((await load()).digest, digest, "the good version is there still");
  }));

Deno.test("obtain: a download that is cut off is refused, wherever it is cut", () =>
  withStore(async ({ store, load }) => {
    for (const length of [0, 1, echo.length - 1]) {
      store.answer = (conn) => send(conn, head(echo.length), echo.subarray(0, length));
      await assert.rejects(load(), { code: "DOWNLOAD_CUT_OFF" });
    }
    // Without a length only the pin can tell.
    const open = new TextEncoder().encode("HTTP/1.0 200 OK\r\n\r\n");
    store.answer = (conn) => send(conn, open, echo.subarray(0, 100));
    await assert.rejects(load(), (error: { code?: string }) => /ADAPTOR_DIGEST|DOWNLOAD_CUT_OFF/.test(`${error.code}`));
  }));

Deno.test("obtain: a server that falls silent is given up, before its answer and in the middle of it", () =>
  withStore(async ({ store, load }) => {
    store.answer = (_, ended) => ended;
    await assert.rejects(load({}, { stallMs: 50 }), { code: "DOWNLOAD_STALLED" });
    store.answer = async (conn, ended) => {
      await send(conn, head(echo.length), echo.subarray(0, 100));
      await ended;
    };
    await assert.rejects(load({}, { stallMs: 50 }), { code: "DOWNLOAD_STALLED" });
  }));

Deno.test("obtain: a server that trickles is given up as well", () =>
  withStore(async ({ store, load }) => {
    store.answer = async (conn, ended) => {
      let over = false;
      ended.then(() => over = true);
      await send(conn, head(echo.length));
      for (const octet of echo) {
        if (over) return;
        await send(conn, Uint8Array.of(octet));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await assert.rejects(load({}, { totalMs: 200 }), { code: "DOWNLOAD_STALLED" });
  }));

Deno.test("obtain: more octets than the limit are refused while they come", () =>
  withStore(async ({ store, load }) => {
    let sent = 0;
    store.answer = async (conn, ended) => {
      const open = new TextEncoder().encode("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      await send(conn, open);
      let over = false;
      ended.then(() => over = true);
      const chunk = new TextEncoder().encode(`1000\r\n${"x".repeat(4096)}\r\n`);
      while (!over) {
        await send(conn, chunk);
        sent += 4096;
      }
    };
    await assert.rejects(load({ limits: { moduleOctets: 10_000 } }), { code: "ADAPTOR_SIZE" });
    assert.ok(sent < 50_000_000);
  }));

Deno.test("obtain: no such file, no such server, and one that nobody vouches for", () =>
  withStore(async ({ store, load }) => {
    const missing = new TextEncoder().encode("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    store.answer = (conn) => send(conn, missing);
    await assert.rejects(load(), { code: "DOWNLOAD_REFUSED", message: /status 404/ });
    store.answer = store.whole;
    await assert.rejects(load({ ca: "" }), { code: "DOWNLOAD_REFUSED" });
    await assert.rejects(load({ source: "https://localhost:1/x.wasm" }), { code: "DOWNLOAD_REFUSED" });
    const leading = new TextEncoder().encode(
      "HTTP/1.1 302 Found\r\nlocation: http://localhost:1/x\r\ncontent-length: 0\r\n\r\n",
    );
    store.answer = (conn) => send(conn, leading);
    await assert.rejects(load(), { code: "DOWNLOAD_REFUSED" });
  }));

Deno.test("obtain: with keys named, only a module that one of them has signed is loaded, cached or not", () =>
  withStore(async ({ load }) => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    const { signature, publicKey } = await signDigest(digest, pem);
    const { signature: wrong } = await signDigest(digest.replace(/.$/, "x"), pem);
    const keys = [publicKey];
    for (let time = 0; time < 2; time++) {
      await assert.rejects(load({ keys }), { code: "ADAPTOR_UNSIGNED" });
      await assert.rejects(load({ keys, signature: wrong }), { code: "ADAPTOR_SIGNATURE" });
      await load({ keys, signature });
    }
  }));

Deno.test("obtain: a damaged file of the cache is fetched again", () =>
  withStore(async ({ dir, store, load }) => {
    await load();
    for (const damage of [new Uint8Array(0), echo.slice(0, 100), new Uint8Array(2_000_000)]) {
      await Deno.writeFile(cachedFile(dir), damage);
      const before = store.requests;
      assert.equal((await load()).digest, digest);
      assert.equal(store.requests, before + 1);
      assert.deepEqual(await Deno.readFile(cachedFile(dir)), echo);
    }
  }));

Deno.test("obtain: without a cache, because something is in its place, the module is loaded all the same", () =>
  withStore(async ({ dir, store, load }) => {
    await Deno.mkdir(`${dir}/run`);
    await Deno.writeTextFile(`${dir}/run/adaptors`, "no folder");
    assert.equal((await load()).digest, digest);
    assert.equal((await load()).digest, digest);
    assert.equal(store.requests, 2);
  }));

Deno.test("obtain: the cache keeps a bounded number of modules", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const cache = new ModuleCache(dir, silentLogger);
    for (let module = 0; module < MAX_CACHED + 5; module++) {
      const bytes = Uint8Array.of(module);
      await cache.put(await digestOf(bytes), bytes);
    }
    assert.equal((await Array.fromAsync(Deno.readDir(`${dir}/run/adaptors`))).length, MAX_CACHED);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("obtain: a file of the folder, pinned or not, is loaded; one that is not there, or no file, is told", () =>
  withStore(async ({ dir, store, load }) => {
    await Deno.mkdir(`${dir}/plugins`);
    await Deno.writeFile(`${dir}/plugins/echo.wasm`, echo);
    const source = "file:plugins/echo.wasm";
    const { source: _, sha256: __, ...unpinned } = { source, sha256: digest, name: "e", keys: [], ca: "", limits: {} };
    const context = {
      dir,
      cache: new ModuleCache(dir, silentLogger),
      van: noNetwork,
      signal: new AbortController().signal,
    };
    assert.equal((await obtain({ ...unpinned, source }, context)).digest, digest);
    await assert.rejects(load({ source, sha256: `sha256:${"0".repeat(64)}` }), { code: "ADAPTOR_DIGEST" });
    assert.equal((await load({ source })).digest, digest);
    for (const other of ["file:plugins", "file:none.wasm"]) {
      await assert.rejects(load({ source: other, sha256: `sha256:${"1".repeat(64)}` }), { code: "ADAPTOR_FILE" });
    }
    await Deno.remove(`${dir}/plugins/echo.wasm`);
    assert.equal((await load({ source })).digest, digest, "what is pinned is cached");
    assert.equal(store.requests, 0);
  }));

Deno.test("obtain: what is against the policy is refused wherever it comes from", () =>
  withStore(async ({ store, load }) => {
    const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const modules: [string, number[]][] = [
      ["ADAPTOR_WASM", [1, 2, 3, 4]],
      ["ADAPTOR_IMPORT", [...head, 2, 8, 1, 1, 0x61, 1, 0x62, 2, 0, 1]], // a memory from outside
      ["ADAPTOR_START", [...head, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 8, 1, 0, 10, 4, 1, 2, 0, 0x0b]],
      ["ADAPTOR_MEMORY", [...head, 5, 3, 1, 0, 1]], // without a maximum
      ["ADAPTOR_MEMORY", [...head]],
    ];
    for (const [code, octets] of modules) {
      const bytes = new Uint8Array(octets);
      store.answer = (conn) =>
        send(conn, new TextEncoder().encode(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes.length}\r\n\r\n`), bytes);
      await assert.rejects(load({ sha256: await digestOf(bytes) }), { code });
    }
  }));
