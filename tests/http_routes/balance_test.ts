/** HTTP routes under load: balance to the request, and what a site that is killed costs. */

import assert from "node:assert/strict";
import { run } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { ALL_BACKENDS, routeOf, SERVING, withRoutes } from "../support/routed_network.ts";
import type { Told } from "../support/tagged_servers.ts";
import { connect, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 60_000;
const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

/** Sends `times` requests over one connection, one after the other: how many each server answered. */
async function overOneConnection(port: number, times: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const conn = await connect(port);
  const buffer = new Uint8Array(16 * 1024);
  const decoder = new TextDecoder();
  for (let round = 0; round < times; round++) {
    await writeAll(conn, REQUEST);
    let text = "";
    while (!text.endsWith("}}")) text += decoder.decode(buffer.subarray(0, (await conn.read(buffer)) ?? 0));
    const { name }: Told = JSON.parse(text.slice(text.indexOf("\r\n\r\n")));
    counts[name] = (counts[name] ?? 0) + 1;
  }
  conn.close();
  return counts;
}

function near(counts: Readonly<Record<string, number>>, wanted: Readonly<Record<string, number>>): void {
  for (const [name, share] of Object.entries(wanted)) {
    assert.ok(Math.abs((counts[name] ?? 0) - share) <= share * 0.05, JSON.stringify(counts));
  }
}

testWith(
  ["h2load"],
  "HTTP routes: requests are balanced, and a killed site costs none of them",
  async ({ h2load }, t) => {
    const turns = routeOf(`{ name: turns, strategy: RoundRobin, ${ALL_BACKENDS} }`);
    await withRoutes(turns, async ({ port, port2, route, details, sites, servers }) => {
      const ready = () => until(async () => (await details("test")).status === "Ready");
      const url = `http://127.0.0.1:${port}/`;
      await ready();

      await t.step("10,000 small requests over one connection, in turns over three sites", async () => {
        near(await overOneConnection(port, 10_000), { east: 3333, south: 3333, north: 3333 });
      });

      await t.step("three sites that serve one key are balanced by the network", async () => {
        await route(routeOf(`{ name: one-key, backends: [{ routingKey: web-any }] }`));
        await ready();
        near(await overOneConnection(port, 3000), { east: 1000, south: 1000, north: 1000 });
      });

      await t.step("weights are kept to", async () => {
        const backends = SERVING.map((name, at) => `{ routingKey: web-${name}, weight: ${[6, 3, 1][at]} }`).join(", ");
        await route(routeOf(`{ name: weights, backends: [${backends}] }`));
        await ready();
        near(await overOneConnection(port, 1000), { east: 600, south: 300, north: 100 });
      });

      await t.step("HTTP/2: many requests of one connection at a time are balanced as well", async () => {
        await route(turns);
        await ready();
        const before = SERVING.map((name) => servers[name].requests);
        const { stdout } = await run(h2load!, ["-n", "300", "-c", "1", "-m", "20", `http://127.0.0.1:${port2}/`]);
        assert.match(stdout, /300 succeeded, 0 failed/);
        const each = SERVING.map((name, at) => [name, servers[name].requests - before[at]!] as const);
        near(Object.fromEntries(each), { east: 100, south: 100, north: 100 });
      });

      await t.step("one client stays where its address leads", async () => {
        await route(routeOf(`{ name: source, strategy: Sticky, sticky: { by: Source }, ${ALL_BACKENDS} }`));
        await ready();
        assert.equal(Object.keys(await overOneConnection(port, 30)).length, 1);
      });

      await t.step("the least outstanding gets the next", async () => {
        await route(routeOf(`{ name: least, strategy: LeastOutstanding, ${ALL_BACKENDS} }`));
        await ready();
        servers.east.silent = true;
        const waits = servers.east.requests;
        const asked: Promise<Response>[] = [];
        let answered = 0;
        // One after the other, until it is the turn of the silent one: it holds one request, the others none.
        while (servers.east.requests === waits) {
          asked.push(fetch(url).then((answer) => (answered++, answer)));
          await until(() => answered === asked.length || servers.east.requests > waits, LIMIT_MS);
        }
        await until(() => answered === asked.length - 1, LIMIT_MS);
        const before = servers.east.requests;
        for (let round = 0; round < 20; round++) await (await fetch(url)).text();
        assert.equal(servers.east.requests, before);
        servers.east.release();
        for (const answer of asked) await (await answer).body?.cancel();
      });

      await t.step("one of three sites killed under load: no request that may be repeated fails", async () => {
        await route(turns);
        await ready();
        const statuses: number[] = [];
        let killed = false;
        let after = 0;
        const load = async () => {
          while (after < 300) {
            const answer = await fetch(url);
            await answer.text();
            statuses.push(answer.status);
            if (killed) after++;
          }
        };
        const loads = Array.from({ length: 8 }, load);
        await until(() => statuses.length > 100, LIMIT_MS);
        sites["south"]!.signal("SIGKILL");
        await sites["south"]!.ended;
        killed = true;
        await Promise.all(loads);
        assert.deepEqual(new Set(statuses), new Set([200]));
        const { rules } = (await details("test")).details;
        assert.deepEqual(rules.at(-1)?.backends.map(({ outstanding }) => outstanding), [0, 0, 0]);
      });
    });
  },
);
