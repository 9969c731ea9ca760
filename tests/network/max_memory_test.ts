/** A site with a ceiling of memory, and clients that do not read: real processes, real sockets. */

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { type Process, untilListening } from "../support/processes.ts";
import { interiorFolder, resource } from "../support/site_folder.ts";
import { connect, readToEnd, server } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 60_000;
const MIB = 1024 * 1024;
const CEILING_MIB = 256;
/** Each has up to a window of 1 MiB waiting for it: far more than the ceiling together. */
const CLIENTS = 400;

/** Octets that the system counts for `process`. */
async function resident({ pid }: Process): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

/** What the site says of its memory. */
async function memoryOf(dir: string): Promise<{ state: string; refused: number; ended: number; limit: number }> {
  const { code, stdout, stderr } = await tendril("status", "--dir", dir, "-o", "json");
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout).memory;
}

Deno.test("max memory: with many stalled readers a site ends the most backed up, refuses new ones, and recovers", async () => {
  const dir = await Deno.makeTempDir();
  const flood = new Uint8Array(256 * 1024);
  let flooding = 0;
  using source = server(async (conn) => {
    flooding++;
    try {
      for (;;) await conn.write(flood);
    } finally {
      flooding--;
    }
  });
  using echo = server(async (conn) => {
    await conn.write(await new Response("through").bytes());
  });
  const [bulk, small, web] = [freePort(), freePort(), freePort()];
  const hub = await interiorFolder(`${dir}/hub`);
  const services = [
    resource("Listener", { key: "bulk", port: bulk }),
    resource("Connector", { key: "bulk", port: source.port }),
    resource("Listener", { key: "small", port: small }),
    resource("Connector", { key: "small", port: echo.port }),
    resource("Listener", { key: "web", port: web, type: "http1" }),
    resource("Connector", { key: "web", port: echo.port, type: "http1" }),
  ];
  await Deno.writeTextFile(`${hub.dir}/services.yaml`, services.join("---\n"));
  const process = startTendril("hub", ["run", hub.dir, "--max-memory", `${CEILING_MIB}M`]);
  const clients: Deno.Conn[] = [];
  try {
    for (const port of [bulk, small, web]) await untilListening(port, process);
    for (let i = 0; i < CLIENTS; i++) clients.push(await connect(bulk));
    await until(() => process.output().includes("memory is short: nothing new is let in"), LIMIT_MS);
    await until(() => process.output().includes("the streams with most octets waiting were ended"), LIMIT_MS);
    // Refused in words of the protocol where it has some.
    using refused = await connect(small);
    assert.equal(await readToEnd(refused).catch(() => 0), 0);
    const response = await fetch(`http://127.0.0.1:${web}/`);
    assert.equal(response.status, 503, await response.text());
    const short = await memoryOf(hub.dir);
    assert.equal(short.limit, CEILING_MIB * MIB);
    assert.equal(short.state, "refusing");
    assert.ok(short.refused > 0 && short.ended > 0 && short.ended < CLIENTS, JSON.stringify(short));
    const used = await resident(process);
    console.log(`${short.ended} of ${CLIENTS} streams were ended, ${Math.round(used / MIB)} MiB are resident`);
    assert.ok(used < 2 * CEILING_MIB * MIB);
    for (const conn of clients.splice(0)) conn.close();
    await until(() => process.output().includes("memory is there again"), LIMIT_MS);
    using accepted = await connect(small);
    assert.equal(await readToEnd(accepted), "through".length);
    assert.equal((await memoryOf(hub.dir)).state, "accepting");
  } finally {
    clients.forEach((conn) => conn.close());
    await process.stop();
    await until(() => flooding === 0);
    await Deno.remove(dir, { recursive: true });
  }
});
