/** Listeners of every kind at one key that a Connector of type auto serves, on one router, with real servers. */

import assert from "node:assert/strict";
import { NodeHttp2Server } from "../../tests/support/node_http2.ts";
import { run } from "../../tests/support/processes.ts";
import { testWith } from "../../tests/support/programs.ts";
import { connect } from "../../tests/support/tcp.ts";
import { until } from "../../tests/support/until.ts";
import { loadBuiltin } from "../adaptor/builtin.ts";
import { Router } from "../router/router.ts";
import { silentLogger } from "../telemetry/log.ts";
import type { AutoAdaptors } from "./auto_adaptors.ts";
import { Connector } from "./connector.ts";
import { Listener } from "./listener.ts";

interface Service extends AsyncDisposable {
  readonly connector: Connector;
  readonly listeners: Readonly<Record<"tcp" | "http1" | "http2" | "auto", Listener>>;
}

async function serviceTo(target: number, http: "http1" | "http2"): Promise<Service> {
  const auto: AutoAdaptors = {
    tcp: await loadBuiltin("tcp"),
    http1: await loadBuiltin("http1"),
    http2: await loadBuiltin("http2"),
  };
  const router = new Router({ id: "west", role: "edge" });
  const spec = { name: "s", routingKey: "web", host: "127.0.0.1" };
  const connector = new Connector({ ...spec, port: target, http }, router, auto, silentLogger, () => {});
  const listen = (adaptor: typeof auto | typeof auto.tcp) =>
    new Listener({ ...spec, port: 0 }, router, adaptor, silentLogger, () => {});
  const { tcp, http1, http2 } = auto;
  const listeners = { tcp: listen(tcp), http1: listen(http1), http2: listen(http2), auto: listen(auto) };
  await until(() => Object.values(listeners).every((listener) => listener.status().open));
  return {
    connector,
    listeners,
    async [Symbol.asyncDispose]() {
      for (const listener of Object.values(listeners)) listener.stop();
      connector.stop();
      await until(() => connector.status().connections === 0);
      assert.equal(connector.outstanding, 0, "deliveries are counted off");
    },
  };
}

testWith(["curl", "node"], "auto: a connector serves what any listener of its key sends", async ({ curl, node }) => {
  const ask = async (listener: Listener, ...args: string[]) => {
    const url = `http://127.0.0.1:${listener.status().port}/x`;
    const { stdout, stderr } = await run(curl!, ["-sS", "--max-time", "30", ...args, url]);
    return stdout + stderr;
  };
  const http2 = "--http2-prior-knowledge";
  const old = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("old"));
  {
    await using service = await serviceTo(old.addr.port, "http1");
    const { listeners } = service;
    for (const listener of [listeners.tcp, listeners.http1, listeners.auto]) assert.equal(await ask(listener), "old");
    for (const listener of [listeners.http2, listeners.auto]) assert.equal(await ask(listener, http2), "old");
    assert.deepEqual(listeners.auto.status().detected, { tcp: 0, http1: 1, http2: 1 });
    assert.equal(listeners.tcp.status().detected, undefined);
  }
  await old.shutdown();
  const [server, port] = await NodeHttp2Server.start(node!);
  {
    await using service = await serviceTo(port, "http2");
    const { listeners } = service;
    for (const listener of [listeners.http1, listeners.auto]) assert.equal(await ask(listener), "node /x");
    for (const listener of Object.values(listeners).filter((one) => one !== listeners.http1)) {
      assert.equal(await ask(listener, http2), "node /x");
    }
  }
  await server[Symbol.asyncDispose]();
});

testWith(
  ["curl"],
  "auto: a client that speaks at once is heard, though the process is held up itself",
  async ({ curl }) => {
    const target = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("served"));
    {
      await using service = await serviceTo(target.addr.port, "http1");
      const { port } = service.listeners.auto.status();
      const conn = await connect(port);
      await until(() => service.listeners.auto.status().connections === 1);
      const asked = new Deno.Command(curl!, { args: ["-sS", "--max-time", "30", `http://127.0.0.1:${port}/`] })
        .output();
      await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
      for (const end = performance.now() + 500; performance.now() < end;);
      await until(() => service.listeners.auto.status().detected!.http1 === 2);
      assert.equal(new TextDecoder().decode((await asked).stdout), "served");
      conn.close();
    }
    await target.shutdown();
  },
);

Deno.test("auto: a listener that is stopped lets go of clients that have said nothing yet", async () => {
  await using service = await serviceTo(1, "http1");
  const conn = await connect(service.listeners.auto.status().port);
  await until(() => service.listeners.auto.status().connections === 1);
  assert.ok(service.listeners.auto.busy);
  service.listeners.auto.stop();
  assert.equal(await conn.read(new Uint8Array(1)), null);
  assert.equal(service.listeners.auto.status().connections, 0);
  conn.close();
});
