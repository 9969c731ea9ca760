/** All interiors are restarted, one by one, under edges with two homes: nobody who comes later than that finds no way. */

import assert from "node:assert/strict";
import { Mesh } from "../interop/mesh.ts";
import { untilAllFlow } from "../interop/mesh_checks.ts";
import { Load } from "../interop/mesh_load.ts";
import { REDUNDANT } from "../interop/mesh_shapes.ts";
import { echo, server } from "../support/tcp.ts";

/** Time in which everybody knows the other way, with ample margin: routers tell each other at once. In ms. */
const KNOWN_MS = 1500;
/** Time for which new flows are watched after each change, in ms. */
const WATCHED_MS = 2500;

Deno.test("a rolling restart of all interiors costs no flow that begins after a router has gone or come", async (t) => {
  using target = server(echo);
  await using mesh = await Mesh.create(REDUNDANT, target.port, "");
  await mesh.start("TTTT", "TTTT");
  await untilAllFlow(mesh.pairs);
  await using load = new Load(mesh);
  for (const node of mesh.interiors) {
    await mesh.step(t, node.name, async () => {
      for (const change of [() => node.process!.stop(), () => mesh.startInterior(node)]) {
        await change();
        const at = performance.now();
        await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
        assert.deepEqual(load.failedSince(at + KNOWN_MS), []);
      }
    });
  }
  // Two changes to each; of each pair one flow may be under way then.
  const most = 2 * mesh.interiors.length * mesh.pairs.length;
  assert.ok(load.failures.length <= most, `${load.failures.length} of ${load.flows} flows failed`);
  assert.ok(load.flows > most);
});
