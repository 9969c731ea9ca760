/** All interiors are restarted, one by one, under edges with two homes: nobody notices. */

import assert from "node:assert/strict";
import { Mesh } from "../interop/mesh.ts";
import { untilAllFlow } from "../interop/mesh_checks.ts";
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
    await mesh.step(t, node.name, async () => {
      for (const change of [() => node.process!.stop(), () => mesh.startInterior(node)]) {
        await change();
        await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
        assert.deepEqual(load.failures, []);
      }
    });
  }
  assert.ok(load.flows > mesh.pairs.length * mesh.interiors.length);
});
