/** All interiors are restarted, one by one, under edges with two homes: nobody notices. */

import assert from "node:assert/strict";
import { type Interior, Mesh } from "../interop/mesh.ts";
import { untilAllFlow, untilBothHomesAreUp } from "../interop/mesh_checks.ts";
import { Load } from "../interop/mesh_load.ts";
import { REDUNDANT } from "../interop/mesh_shapes.ts";
import { echo, server } from "../support/tcp.ts";

/** Time for which new flows are watched after each change, in ms. */
const WATCHED_MS = 2500;

Deno.test("a rolling restart of all interiors costs no flow", async (t) => {
  using target = server(echo);
  await using mesh = await Mesh.create(REDUNDANT, target.port, "");
  await mesh.start("TTTT", "TTTT");
  await untilAllFlow(mesh.pairs);
  await using load = new Load(mesh);
  for (const node of mesh.interiors) {
    const changes = [() => stopped(node), () => mesh.startInterior(node)];
    const lives = await mesh.step(t, node.name, async () => {
      await Promise.all(mesh.edges.filter(({ homes }) => homes.includes(node)).map(untilBothHomesAreUp));
      for (const [at, change] of changes.entries()) {
        await change();
        await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
        assert.deepEqual(load.failures, [], at === 0 ? "stopped" : "started");
      }
    });
    if (!lives) return;
  }
  assert.ok(load.flows > mesh.pairs.length * mesh.interiors.length);
});

/** Stops it in order, however long that takes. */
async function stopped({ process }: Interior): Promise<void> {
  process!.signal("SIGTERM");
  assert.equal(await process!.ended, 0);
}
