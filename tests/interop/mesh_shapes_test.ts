/**
 * Tendril and the C router side by side in networks of every shape, each of them in every position and with neighbours
 * of both kinds: all flows work, the C routers see the others as peers, paths agree, multicast reaches each once.
 */

import assert from "node:assert/strict";
import { testWith } from "../support/programs.ts";
import { echo, server } from "../support/tcp.ts";
import { Mesh, type Shape } from "./mesh.ts";
import { allPairsEcho, cRoutersAgree, nobodyComplains, untilAllFlow } from "./mesh_checks.ts";
import { FULL, HUBS, LINE, RING, TIERS } from "./mesh_shapes.ts";
import { multicastReachesEachOnce } from "./multicast.ts";

/** For each shape, who plays the interiors and the edges. */
const CASTS: Readonly<Record<string, { shape: Shape; casts: readonly (readonly [string, string])[] }>> = {
  "a line of four": { shape: LINE, casts: [["TCCT", "TCTC"], ["CTCC", "CTCT"], ["TTCC", "CCTT"], ["CCTT", "TTCC"]] },
  "a ring of four": { shape: RING, casts: [["CTCT", "CCTT"], ["TTCC", "TCTC"], ["CCTT", "CTTC"]] },
  "a full mesh of four": { shape: FULL, casts: [["TCTC", "TCCT"], ["CTCT", "CTTC"], ["CCTT", "TTCC"]] },
  "two hubs with four edges": { shape: HUBS, casts: [["TC", "TCTC"], ["CT", "TCTC"], ["TT", "CTCT"]] },
  "three tiers": { shape: TIERS, casts: [["TTCC", "TCTC"], ["CCTT", "TCTC"], ["TCTT", "CTTC"]] },
};

Deno.test("interop: every position of every shape is played by Tendril, with neighbours of both kinds", () => {
  for (const [name, { shape, casts }] of Object.entries(CASTS)) {
    for (let at = 0; at < shape.interiors; at++) {
      const neighbours = shape.links.flatMap(({ from, to }) => from === at ? [to] : to === at ? [from] : []);
      const kinds = casts.filter(([interiors]) => interiors[at] === "T")
        .flatMap(([interiors]) => neighbours.map((neighbour) => interiors[neighbour]));
      assert.deepEqual([...new Set(kinds)].sort(), ["C", "T"], `position ${at} of ${name}`);
    }
  }
});

for (const [name, { shape, casts }] of Object.entries(CASTS)) {
  testWith(["skrouterd", "python3"], `interop: ${name}, mixed`, async ({ skrouterd }, t) => {
    using target = server(echo);
    await using mesh = await Mesh.create(shape, target.port, skrouterd);
    for (const [interiors, edges] of casts) {
      await mesh.step(t, `interiors ${interiors}, edges ${edges}`, async () => {
        await mesh.start(interiors, edges);
        await untilAllFlow(mesh.pairs);
        await cRoutersAgree(mesh);
        await allPairsEcho(mesh.pairs);
        await multicastReachesEachOnce(mesh.interiors.map(({ folder }) => folder.amqpPort));
        nobodyComplains(mesh);
      });
      await mesh.stop();
    }
  });
}
