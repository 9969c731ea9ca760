import assert from "node:assert/strict";
import { loadBuiltin } from "../../agent/adaptor/builtin.ts";
import { Connector } from "../../agent/bridge/connector.ts";
import { Listener } from "../../agent/bridge/listener.ts";
import { EdgeLinks } from "../../agent/router/edge_links.ts";
import { Router } from "../../agent/router/router.ts";
import { silentLogger } from "../../agent/telemetry/log.ts";
import { EdgePeer } from "../../interior/edges/edge_peer.ts";
import { channelPair } from "../support/channel_pair.ts";
import { until } from "../support/until.ts";

const RETRY = () => ({ next: () => 5, reset() {} });

async function network() {
  const adaptor = await loadBuiltin("tcp");
  const interior = new Router({ id: "INT", role: "interior" });
  const peers = new Set<EdgePeer>();
  const connect = () => {
    const [client, server] = channelPair();
    const peer = new EdgePeer(interior, server, { onOpen() {}, onGone: () => peers.delete(peer) });
    peers.add(peer);
    peer.start();
    return Promise.resolve(client);
  };
  const edge = (id: string) => {
    const router = new Router({ id, role: "edge" });
    const links = new EdgeLinks(
      router,
      [{ name: "up", cost: 1, measured: false, endpoint: "memory", connect }],
      RETRY,
      silentLogger,
      () => {},
    );
    return { router, links };
  };
  return { adaptor, interior, edge, peers };
}

async function readAll(conn: Deno.Conn): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  for (let octets = await conn.read(buffer); octets !== null; octets = await conn.read(buffer)) {
    chunks.push(buffer.slice(0, octets));
  }
  conn.close();
  return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

function echoServer(): { port: number; close(): void } {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const conn of server) conn.readable.pipeTo(conn.writable).catch(() => {});
  })();
  return { port: server.addr.port, close: () => server.close() };
}

Deno.test("a client at one edge talks to a server at another", async () => {
  const { adaptor, edge, peers } = await network();
  const server = echoServer();
  const west = edge("WEST");
  const east = edge("EAST");
  const listener = new Listener(
    { name: "l", routingKey: "echo", host: "127.0.0.1", port: 0 },
    west.router,
    adaptor,
    silentLogger,
    () => {},
  );
  const connector = new Connector(
    { name: "c", routingKey: "echo", host: "127.0.0.1", port: server.port },
    east.router,
    adaptor,
    silentLogger,
    () => {},
  );
  await until(() => listener.status().open);
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: listener.status().port });
  const payload = new Uint8Array(5_000_000);
  for (let at = 0; at < payload.length; at++) payload[at] = at * 7;
  const writing = (async () => {
    for (let at = 0; at < payload.length;) at += await conn.write(payload.subarray(at));
    await conn.closeWrite();
  })();
  const answer = await readAll(conn);
  await writing;
  assert.equal(answer.length, payload.length);
  assert.deepEqual(answer, payload);
  await until(() => listener.status().connections === 0 && connector.status().connections === 0);
  listener.stop();
  connector.stop();
  await west.links.stop();
  await east.links.stop();
  server.close();
  await until(() => peers.size === 0);
});
