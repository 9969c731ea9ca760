/** Sites as processes that get their plugin from an HTTPS server: with a full disk, and without the server. */

import assert from "node:assert/strict";
import { digestOf } from "../../adaptors/compile.ts";
import { loadFixture } from "../../agent/adaptor/testing_fixture.ts";
import { ModuleStore } from "../support/module_store.ts";
import { freePort } from "../support/ports.ts";
import type { Process } from "../support/processes.ts";
import { resource } from "../support/site_folder.ts";
import { connect, readExactly, writeAll } from "../support/tcp.ts";
import { type StartOptions, startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const PAYLOAD = new TextEncoder().encode("hello");
const LIMIT_MS = 30_000;

interface Parts {
  readonly store: ModuleStore;
  readonly dir: string;
  /** Runs the site while `body` does something. */
  run(body: (site: Process) => Promise<void>, options?: StartOptions): Promise<void>;
  /** A client of the plugin is answered. */
  speak(site: Process): Promise<void>;
}

/** An edge whose Listener `echo` is served by the plugin `echo` of a store. */
async function withRemotePlugin(body: (parts: Parts) => Promise<void>): Promise<void> {
  const { bytes } = await loadFixture("echo");
  const dir = await Deno.makeTempDir();
  await using store = await ModuleStore.start(bytes);
  const port = freePort();
  try {
    assert.equal((await tendril("site", "create", "west", "--dir", dir, "--edge")).code, 0);
    const spec = { source: store.url, sha256: await digestOf(bytes), ca: store.ca };
    const adaptor = { apiVersion: "tendril.dev/v1alpha1", kind: "Adaptor", metadata: { name: "echo" }, spec };
    await Deno.writeTextFile(`${dir}/echo.json`, JSON.stringify(adaptor));
    const services = [
      resource("Listener", { key: "echo", port, type: "echo" }),
      resource("Connector", { key: "echo", port: 1 }),
    ];
    await Deno.writeTextFile(`${dir}/services.yaml`, services.join("---\n"));
    await body({
      store,
      dir,
      run: async (body, options) => {
        const site = startTendril("west", ["run", dir, "--log-format", "json"], options);
        try {
          await body(site);
        } catch (error) {
          console.error(site.output().slice(-3000));
          throw error;
        } finally {
          await site.stop();
        }
      },
      speak: async (site) => {
        await until(() => site.output().includes("listener is open"), LIMIT_MS);
        const conn = await connect(port);
        await writeAll(conn, PAYLOAD);
        assert.ok(await readExactly(conn, PAYLOAD.length));
        conn.close();
      },
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("remote plugin: HTTP works as well by a plugin that calls itself otherwise than the site does", async () => {
  const dir = await Deno.makeTempDir();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    return new Response(`${request.method} ${await request.text()}`);
  });
  const port = freePort();
  try {
    assert.equal((await tendril("site", "create", "west", "--dir", dir, "--edge")).code, 0);
    await Deno.copyFile(new URL("../../agent/adaptor/builtin/http1.wasm", import.meta.url), `${dir}/web.wasm`);
    const spec = { source: "file:web.wasm" };
    const adaptor = { apiVersion: "tendril.dev/v1alpha1", kind: "Adaptor", metadata: { name: "web" }, spec };
    await Deno.writeTextFile(`${dir}/web.json`, JSON.stringify(adaptor));
    const services = [
      resource("Listener", { key: "site", port, type: "web" }),
      resource("Connector", { key: "site", port: server.addr.port, type: "web" }),
    ];
    await Deno.writeTextFile(`${dir}/services.yaml`, services.join("---\n"));
    const site = startTendril("west", ["run", dir]);
    try {
      await until(() => site.output().includes("listener is open"), LIMIT_MS);
      const body = "x".repeat(200_000);
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body });
      assert.equal(await response.text(), `POST ${body}`, site.output());
    } finally {
      await site.stop();
    }
  } finally {
    await server.shutdown();
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("remote plugin: a site whose disk is full serves it all the same, and says that it is not cached", () =>
  withRemotePlugin(async ({ run, speak, store, dir }) => {
    await run(async (site) => {
      await speak(site);
      assert.match(site.output(), /an adaptor can't be cached/);
    }, { fullDisk: true });
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${dir}/run/adaptors`)), [], "nothing half is left");
    assert.equal(store.requests, 1);
  }));

Deno.test("remote plugin: a site that had it once starts without its server; one that never had it waits for the server", () =>
  withRemotePlugin(async ({ run, speak, store, dir }) => {
    const { whole } = store;
    store.answer = () => Promise.resolve();
    await run(async (site) => {
      await until(() => /"code":"DOWNLOAD_(REFUSED|CUT_OFF)"/.test(site.output()), LIMIT_MS);
      const listed = await tendril("adaptor", "list", "--dir", dir, "-o", "json");
      const { state, message } = JSON.parse(listed.stdout).find(({ name }: { name: string }) => name === "echo");
      assert.equal(state, "failed");
      assert.match(message, /localhost/);
      store.answer = whole;
      await speak(site);
      assert.match((await tendril("adaptor", "list", "--dir", dir)).stdout, /^ +echo +ready +0\.1\.0 +sha256:/m);
    });
    store.answer = () => Promise.resolve();
    const before = store.requests;
    await run((site) => speak(site));
    assert.equal(store.requests, before);
  }));
