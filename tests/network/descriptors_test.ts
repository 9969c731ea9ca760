/** Processes that run out of file descriptors: whom they can't serve they refuse and say so, and the rest goes on. */

import assert from "node:assert/strict";
import { withNetwork } from "../support/network.ts";
import { cpuSeconds, openFiles } from "../bench/measure.ts";
import { closeQuietly, connect, echo, readExactly, server, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

/** Enough for the runtime and a few connections. */
const DESCRIPTORS = 64;
/** More clients than that. */
const FLOOD = 100;

async function echoes(conn: Deno.TcpConn): Promise<boolean> {
  await writeAll(conn, new Uint8Array([1, 2, 3]));
  return await readExactly(conn, 3);
}

/** Connects `FLOOD` times; those that are refused are left out. */
async function flood(port: number): Promise<Deno.TcpConn[]> {
  const conns = await Promise.all(Array.from({ length: FLOOD }, () => connect(port).catch(() => undefined)));
  return conns.filter((conn) => conn !== undefined);
}

Deno.test("a listener without file descriptors refuses new clients, keeps the others, and takes new ones later", async () => {
  using target = server(echo);
  await withNetwork({ echo: target.port }, async ({ ports, west }) => {
    const first = await connect(ports.echo);
    assert.ok(await echoes(first));
    const crowd = await flood(ports.echo);
    await until(() => /listener refuses clients for now/.test(west.output()));
    assert.match(west.output(), /Too many open files/);
    assert.ok(await echoes(first), "a connection from before lost its way");
    // It waits for better times without burning the processor.
    const busy = cpuSeconds(west.pid);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.ok(cpuSeconds(west.pid) - busy < 1);
    assert.ok(await echoes(first));
    crowd.forEach(closeQuietly);
    await until(() => (openFiles(west.pid).socket ?? 0) < 20);
    const later = await served(ports.echo);
    assert.ok(await echoes(first));
    later.close();
    first.close();
  }, { west: { descriptors: DESCRIPTORS } });
});

Deno.test("an access port without file descriptors says so, keeps its links, and takes new ones later", async () => {
  using target = server(echo);
  await withNetwork({ echo: target.port }, async ({ ports, hubFolder: { edgePort }, hub }) => {
    const first = await connect(ports.echo);
    assert.ok(await echoes(first));
    const crowd = await flood(edgePort);
    await until(() => /Too many open files|file descriptors/.test(hub().output()));
    assert.ok(await echoes(first), "a connection from before lost its way");
    crowd.forEach(closeQuietly);
    await until(() => (openFiles(hub().pid).socket ?? 0) < 20);
    const late = await Deno.connect({ hostname: "127.0.0.1", port: edgePort });
    // What is no TLS is answered at once, by an alert or an end: somebody who was not accepted hears nothing.
    await writeAll(late, new Uint8Array(100));
    let answered = false;
    late.read(new Uint8Array(10)).catch(() => null).then(() => answered = true);
    await until(() => answered);
    assert.ok(await echoes(first));
    late.close();
    first.close();
  }, { hub: { descriptors: DESCRIPTORS } });
});

/** A client that is served, once clients are again. */
async function served(port: number): Promise<Deno.TcpConn> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const conn = await connect(port).catch(() => undefined);
    if (conn !== undefined) {
      if (await echoes(conn).catch(() => false)) return conn;
      closeQuietly(conn);
    }
    if (performance.now() > deadline) throw new Error("new clients are not served again");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
