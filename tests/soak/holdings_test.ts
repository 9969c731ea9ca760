import assert from "node:assert/strict";
import { withNetwork } from "../support/network.ts";
import { connect, echo, readExactly, readToEnd, server, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";
import { holdings, leaksSince, TALLY_FLAGS } from "./holdings.ts";

Deno.test("holdings: a connection that stays open shows in both edges' accounts, and is gone once it is closed", async () => {
  using target = server(echo);
  await withNetwork({ echo: target.port }, async ({ ports, west, east }) => {
    const open = async () => {
      const conn = await connect(ports.echo);
      await writeAll(conn, new Uint8Array([1]));
      assert.ok(await readExactly(conn, 1));
      return conn;
    };
    const close = async (conn: Deno.TcpConn) => {
      await conn.closeWrite();
      await readToEnd(conn);
      conn.close();
    };
    await close(await open());
    const edges = [west, east];
    const before = [await holdings(west), await holdings(east)];
    const conn = await open();
    const during = [await holdings(west), await holdings(east)];
    for (const [at, edge] of edges.entries()) {
      assert.match((await leaksSince(edge, before[at], 0)).join("; "), /tcpStream/);
    }
    await close(conn);
    for (const [at, edge] of edges.entries()) {
      assert.deepEqual(await leaksSince(edge, before[at]), []);
      // The kernel's account is not compared with the one before: a socket that was closed then may still be in that.
      const sockets = async () => (await holdings(edge)).counts["fd socket"]!;
      const held = during[at]!.counts["fd socket"]!;
      await until(async () => await sockets() < held);
    }
  }, { west: { flags: TALLY_FLAGS }, east: { flags: TALLY_FLAGS } });
});
