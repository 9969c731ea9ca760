/** Tunnels of HTTP/2 clients across edge, interior and edge, to servers of HTTP/1.1. */

import assert from "node:assert/strict";
import { withNetwork } from "../support/network.ts";
import { tunnel } from "../support/node_tunnels.ts";
import { start } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { until } from "../support/until.ts";

const PROXY = new URL("../support/connect_proxy.ts", import.meta.url).pathname;

/** A server that gives the texts of a WebSocket back; whoever asks for something else is told nothing. */
function echoServer(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    if (request.headers.get("upgrade") !== "websocket") return new Response("no", { status: 404 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  });
}

/** A server that gives octets back to who shuts its half, and then shuts its own. */
async function echoOctets(listener: Deno.TcpListener): Promise<void> {
  for await (const conn of listener) conn.readable.pipeTo(conn.writable).catch(() => {});
}

testWith(["node"], "http2: WebSocket and CONNECT by HTTP/2 reach servers of HTTP/1.1", async ({ node }, t) => {
  const web = echoServer();
  const far = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const echoing = echoOctets(far);
  await using proxy = start("proxy", Deno.execPath(), ["run", "--quiet", "--allow-net", PROXY, `${far.addr.port}`]);
  await until(() => proxy.output().includes("listening"));
  const proxyPort = Number(/\d+/.exec(proxy.output())![0]);
  await withNetwork({ web: web.addr.port, proxy: proxyPort }, async ({ ports }) => {
    await t.step("a WebSocket echoes, and ends in order", async () => {
      const texts = Array.from({ length: 100 }, (_, index) => `${index} `.repeat(index * 4));
      const { heard, ...rest } = await tunnel(node!, "ws", `${ports.web}`, JSON.stringify(texts));
      assert.deepEqual(rest, { status: 200, ended: true });
      assert.deepEqual(heard, texts);
    });

    await t.step("a server that knows no WebSocket refuses it", async () => {
      const { status } = await tunnel(node!, "ws", `${ports.proxy}`, "[]");
      assert.equal(status, 403);
    });

    await t.step("CONNECT leads through a proxy", async () => {
      const text = "octets ".repeat(10_000);
      const args = ["connect", `${ports.proxy}`, `127.0.0.1:${far.addr.port}`, text];
      assert.deepEqual(await tunnel(node!, ...args), { status: 200, heard: [text], ended: true });
      const { status } = await tunnel(node!, "connect", `${ports.proxy}`, "127.0.0.1:1", "");
      assert.equal(status, 403);
    });
  }, { type: "http2", connectorType: "http1" });
  far.close();
  await echoing;
  await web.shutdown();
});
