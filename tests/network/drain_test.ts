/** A site that is told to stop leaves the network first: no new flow is lost to it, and those it has may end. */

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { type Process, untilListening } from "../support/processes.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import { connect, echo, readExactly, server, type TestServer, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
/** Flows that are always being opened. */
const CLIENTS = 8;

/** An echo that counts its clients. */
function counted(): TestServer & { clients(): number } {
  let clients = 0;
  const target = server((conn) => {
    clients++;
    return echo(conn);
  });
  return Object.assign(target, { clients: () => clients });
}

async function speak(conn: Deno.Conn): Promise<boolean> {
  await writeAll(conn, new Uint8Array(10));
  return await readExactly(conn, 10);
}

Deno.test("drain: of two sites that serve a key, one stops under load; no flow fails, and one that stays may end", async () => {
  const dir = await Deno.makeTempDir();
  const sites: Process[] = [];
  using one = counted();
  using two = counted();
  let over = false;
  try {
    const hub = await interiorFolder(`${dir}/hub`);
    const port = freePort();
    await edgeFolder(`${dir}/west`, "west", hub, { listeners: [{ key: "web", port }] });
    await edgeFolder(`${dir}/one`, "one", hub, { connectors: [{ key: "web", port: one.port }] });
    await edgeFolder(`${dir}/two`, "two", hub, { connectors: [{ key: "web", port: two.port }] });
    for (const name of ["hub", "west", "one", "two"]) sites.push(startTendril(name, ["run", `${dir}/${name}`]));
    const leaving = sites[2]!;
    await untilListening(port, sites[1], LIMIT_MS);
    // Until one of the flows that stay is at the site that will stop.
    const staying: Deno.Conn[] = [];
    await until(async () => {
      const conn = await connect(port);
      assert.ok(await speak(conn));
      staying.push(conn);
      return one.clients() > 0 && two.clients() > 0;
    }, LIMIT_MS);

    let flows = 0;
    const failures: string[] = [];
    const load = Array.from({ length: CLIENTS }, async () => {
      while (!over) {
        const conn = await connect(port);
        const served = await speak(conn).catch((error) => error);
        if (served === true) flows++;
        else failures.push(String(served));
        conn.close();
      }
    });
    await until(() => flows > 200, LIMIT_MS);
    leaving.signal("SIGTERM");
    await until(() => leaving.output().includes("draining"), LIMIT_MS);
    const before = flows;
    await until(() => flows > before + 200, LIMIT_MS);
    for (const conn of staying) assert.ok(await speak(conn), "a flow that stays was cut");
    for (const conn of staying) conn.close();
    const code = await leaving.ended;
    assert.equal(code, 0);
    const after = one.clients();
    const rest = flows;
    await until(() => flows > rest + 200, LIMIT_MS);
    over = true;
    await Promise.all(load);
    assert.deepEqual(failures, []);
    assert.equal(one.clients(), after);
  } catch (error) {
    over = true;
    console.error(sites.map((site) => `--- ${site.name}\n${site.output().slice(-3000)}`).join("\n"));
    throw error;
  } finally {
    await Promise.all(sites.map((site) => site.stop()));
    await Deno.remove(dir, { recursive: true });
  }
});
