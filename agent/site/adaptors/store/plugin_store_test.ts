import assert from "node:assert/strict";
import { digestOf } from "../../../../adaptors/compile.ts";
import { loadFixture } from "../../../adaptor/testing_fixture.ts";
import type { AmqpValue } from "../../../amqp/codec/types.ts";
import type { Answer, Request } from "../../../management/message.ts";
import { map, ulong } from "../../../management/values.ts";
import { mobileKey } from "../../../router/address.ts";
import { Router } from "../../../router/router.ts";
import { silentLogger } from "../../../telemetry/log.ts";
import { until } from "../../../../tests/support/until.ts";
import { ModuleCache } from "../cache.ts";
import { obtain } from "../obtain.ts";
import { Desk } from "./desk.ts";
import { fetchModule } from "./fetch_module.ts";
import { MAX_STORED, ModuleFolder } from "./module_folder.ts";
import { CHUNK_OCTETS, moduleAddress, PluginStore } from "./plugin_store.ts";

const { bytes: echo } = await loadFixture("echo");
const digest = await digestOf(echo);
const NEVER = new AbortController().signal;
const TIMES = { stallMs: 10_000, totalMs: 20_000 };

async function withFolder(body: (dir: string, router: Router) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir, new Router({ id: "hub", role: "interior" }));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function fetched(router: Router, wanted = digest, signal = NEVER, times = TIMES): Promise<Uint8Array> {
  const pieces = await Array.fromAsync(fetchModule(router, wanted, signal, times));
  return new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

/** A store that answers as badly as a test wants it to; how often it was asked. */
function badStore(
  router: Router,
  give: (request: Request) => Promise<Answer> | Answer,
): { asked: number } & Disposable {
  const state = { asked: 0 };
  const desk = new Desk(router, 4096, (request) => {
    state.asked++;
    return Promise.resolve(give(request));
  });
  const end = router.addresses.add(mobileKey(moduleAddress(digest)), desk);
  return Object.assign(state, { [Symbol.dispose]: end });
}

function piece(octets: Uint8Array, size: number): Answer {
  const body: [string, AmqpValue][] = [["octets", { type: "binary", value: octets }], ["size", ulong(size)]];
  return { status: 200, description: "OK", body: map(body) };
}

Deno.test("plugin store: what is stored is served in pieces, by a store that starts with it as well", () =>
  withFolder(async (dir, router) => {
    const folder = new ModuleFolder(dir, silentLogger);
    // Any octets: what they are is checked by those who push and those who load.
    const large = Uint8Array.from({ length: CHUNK_OCTETS * 2 + 5 }, (_, index) => index * 31 & 255);
    await folder.put(await digestOf(large), large);
    await folder.put(digest, echo);
    const store = await PluginStore.open(dir, router, silentLogger);
    assert.deepEqual(await fetched(router), echo);
    assert.deepEqual(await fetched(router, await digestOf(large)), large);
    await assert.rejects(fetched(router, `sha256:${"0".repeat(64)}`), { code: "VAN_MISSING" });
    await store.stop();
    await assert.rejects(fetched(router), { code: "VAN_MISSING" });
    assert.equal((await Deno.stat(`${dir}/plugin-store/${digest.slice(7)}.wasm`)).mode! & 0o777, 0o600);
  }));

Deno.test("plugin store: a damaged file is not served, not when the store starts and not later; another store is asked", () =>
  withFolder(async (dir, router) => {
    const file = `${dir}/plugin-store/${digest.slice(7)}.wasm`;
    await new ModuleFolder(dir, silentLogger).put(digest, echo);
    const store = await PluginStore.open(dir, router, silentLogger);
    await Deno.writeFile(file, echo.slice(1));
    await assert.rejects(fetched(router), { code: "VAN_MISSING" });
    const other = await Deno.makeTempDir();
    await new ModuleFolder(other, silentLogger).put(digest, echo);
    const second = await PluginStore.open(other, router, silentLogger);
    assert.deepEqual(await fetched(router), echo, "the first has withdrawn");
    await second.stop();
    await store.stop();
    const again = await PluginStore.open(dir, router, silentLogger);
    await assert.rejects(fetched(router), { code: "VAN_MISSING" });
    await again.stop();
    await Deno.remove(other, { recursive: true });
  }));

Deno.test("plugin store: octets of a store that lies are refused by the pin, and never cached", () =>
  withFolder(async (dir, router) => {
    const forged = echo.slice();
    forged[forged.length - 1]! ^= 1;
    using _ = badStore(router, () => piece(forged, forged.length));
    const spec = { name: "e", source: "van:echo", sha256: digest, keys: [], ca: "", limits: {} };
    const cache = new ModuleCache(dir, silentLogger);
    const van = (wanted: string, signal: AbortSignal) => fetchModule(router, wanted, signal, TIMES);
    await assert.rejects(obtain(spec, { dir, cache, van, signal: NEVER }), { code: "ADAPTOR_DIGEST" });
    assert.equal(await cache.get(digest, 1_000_000), undefined);
  }));

Deno.test("plugin store: one that gives nothing, too much, nonsense or no end of it is given up", () =>
  withFolder(async (dir, router) => {
    const spec = { name: "e", source: "van:echo", sha256: digest, keys: [], ca: "", limits: { moduleOctets: 10_000 } };
    const cache = new ModuleCache(dir, silentLogger);
    const van = (wanted: string, signal: AbortSignal) => fetchModule(router, wanted, signal, TIMES);
    const load = () => obtain(spec, { dir, cache, van, signal: NEVER });
    const answers: [string, () => Answer][] = [
      ["VAN_REFUSED", () => piece(new Uint8Array(0), 5)],
      ["VAN_REFUSED", () => piece(new Uint8Array(CHUNK_OCTETS + 1), CHUNK_OCTETS + 1)],
      ["VAN_REFUSED", () => ({ status: 200, description: "OK", body: "nonsense" })],
      ["VAN_REFUSED", () => ({ status: 507, description: "full", body: map([]) })],
      ["VAN_MISSING", () => ({ status: 404, description: "gone", body: map([]) })],
      ["ADAPTOR_SIZE", () => piece(new Uint8Array(CHUNK_OCTETS), 2 ** 40)],
    ];
    for (const [code, give] of answers) {
      using store = badStore(router, give);
      await assert.rejects(load(), { code });
      assert.ok(store.asked > 0);
    }
  }));

Deno.test("plugin store: one that never answers is given up in time, or when nobody wants to know any more", () =>
  withFolder(async (_, router) => {
    using store = badStore(router, () => new Promise<Answer>(() => {}));
    await assert.rejects(fetched(router, digest, NEVER, { stallMs: 30, totalMs: 1000 }), { code: "VAN_STALLED" });
    const control = new AbortController();
    const fetching = fetched(router, digest, control.signal);
    await until(() => store.asked === 2);
    control.abort(new TypeError("enough"));
    await assert.rejects(fetching, /enough/);
  }));

Deno.test("plugin store: it keeps a bounded number of plugins, and says when it is full", () =>
  withFolder(async (dir) => {
    const folder = new ModuleFolder(dir, silentLogger);
    for (let number = 0; number < MAX_STORED; number++) {
      assert.equal(folder.objection(1), undefined);
      const bytes = Uint8Array.of(number);
      await folder.put(await digestOf(bytes), bytes);
    }
    assert.match(folder.objection(1) ?? "", /full/);
    const empty = new ModuleFolder(dir, silentLogger);
    assert.match(empty.objection(2 ** 40) ?? "", /octets/);
  }));
