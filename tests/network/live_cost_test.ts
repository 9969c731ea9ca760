/** The cost of a link is changed while it carries flows: new ones take another way, none is lost. */

import assert from "node:assert/strict";
import { keyOf, Mesh } from "../interop/mesh.ts";
import { untilAllFlow } from "../interop/mesh_checks.ts";
import { Load } from "../interop/mesh_load.ts";
import { connect, echo, readInto, server, writeAll } from "../support/tcp.ts";
import { tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const WORDS = new TextEncoder().encode("goes on by the way that it has taken");
const LIMIT_MS = 30_000;

Deno.test("a link that is made dearer, and cheaper again, moves new flows and costs none", async (t) => {
  using target = server(echo);
  const links = [{ from: 1, to: 0, cost: 1 }, { from: 2, to: 0, cost: 2 }, { from: 2, to: 1, cost: 2 }];
  await using mesh = await Mesh.create({ interiors: 3, links, edges: [[0], [1]] }, target.port, "");
  await mesh.start("TTT", "TT");
  await untilAllFlow(mesh.pairs);
  const [west, east] = mesh.edges;
  const { port } = mesh.pairs.find(({ from }) => from === west!.name)!;
  /** Waits until `network path` shows that flows from west to east go by these routers, at that cost. */
  const goBy = (cost: number, ...hops: string[]) => {
    const wanted = JSON.stringify([[...hops, east!.name], cost]);
    return until(async () => {
      const { code, stdout } = await tendril("network", "path", keyOf(east!.name), "--dir", west!.dir, "-o", "json");
      if (code !== 0) return false;
      const [route] = JSON.parse(stdout).routes;
      return JSON.stringify([route?.hops.map(({ to }: { to: string }) => to), route?.cost]) === wanted;
    }, LIMIT_MS);
  };
  await goBy(1, "hub0", "hub1");
  await using load = new Load(mesh);
  const open = await connect(port);
  const still = async () => {
    await writeAll(open, WORDS);
    const answer = new Uint8Array(WORDS.length);
    assert.ok(await readInto(open, answer));
    assert.deepEqual(answer, WORDS);
  };
  await still();
  for (const [cost, sum, ...hops] of [[9, 4, "hub0", "hub2", "hub1"], [1, 1, "hub0", "hub1"]] as const) {
    await mesh.step(t, `cost ${cost}`, async () => {
      await mesh.price(0, cost);
      await goBy(sum, ...hops);
      const { flows } = load;
      await until(() => load.flows > flows + 20, LIMIT_MS);
      await still();
      assert.deepEqual(load.failures, []);
    });
  }
  open.close();
});
