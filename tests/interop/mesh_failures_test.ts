/**
 * Mixed networks that lose a router or a link: new flows find the other way in time, whoever computes it. C routers
 * act in steps of a second.
 */

import { testWith } from "../support/programs.ts";
import { echo, server } from "../support/tcp.ts";
import { until } from "../support/until.ts";
import { type Interior, Mesh, type Pair, type Shape } from "./mesh.ts";
import { cRoutersAgree, HEALED_MS, untilAllFlow } from "./mesh_checks.ts";
import { FULL, RING, TIERS } from "./mesh_shapes.ts";

/** Time after which a router that is silent has been dropped, with ample margin, in ms. */
const DROPPED_MS = 40_000;

const CASTS: Readonly<Record<string, { shape: Shape; interiors: string; edges: string }>> = {
  "a ring of four": { shape: RING, interiors: "CTCT", edges: "TCCT" },
  "a full mesh of four": { shape: FULL, interiors: "TCCT", edges: "CTCT" },
  "three tiers": { shape: TIERS, interiors: "CTTC", edges: "TCTC" },
};

/** Pairs of edges that don't need `node`. */
function pairsWithout(mesh: Mesh, node: Interior): Pair[] {
  const apart = mesh.edges.filter(({ homes }) => homes.includes(node)).map(({ name }) => name);
  return mesh.pairs.filter(({ from, to }) => !apart.includes(from) && !apart.includes(to));
}

/** Waits until the next fault is one of a sound network. */
async function settled(mesh: Mesh): Promise<void> {
  await untilAllFlow(mesh.pairs);
  await cRoutersAgree(mesh);
}

for (const [name, { shape, interiors, edges }] of Object.entries(CASTS)) {
  testWith(["skrouterd"], `interop: ${name} heals`, async ({ skrouterd }, t) => {
    using target = server(echo);
    await using mesh = await Mesh.create(shape, target.port, skrouterd, true);
    await mesh.step(t, "all flows work at first", async () => {
      await mesh.start(interiors, edges);
      await settled(mesh);
    });
    for (const node of mesh.interiors) {
      await mesh.step(t, `${node.name} (${node.kind}) is killed, and comes back`, async () => {
        await node.kill();
        await untilAllFlow(pairsWithout(mesh, node), HEALED_MS);
        await mesh.startInterior(node);
        await settled(mesh);
      });
    }
    for (const [at, { from, to }] of shape.links.entries()) {
      await mesh.step(t, `the link from ${from} to ${to} is cut, and mended`, async () => {
        mesh.relays[at].cut();
        await untilAllFlow(mesh.pairs, HEALED_MS);
        mesh.relays[at].restore();
        await mesh.linked(at);
        await settled(mesh);
      });
    }
  });
}

testWith(
  ["skrouterd"],
  "interop: a router that falls silent is dropped and healed around",
  async ({ skrouterd }, t) => {
    using target = server(echo);
    await using mesh = await Mesh.create(RING, target.port, skrouterd);
    await mesh.step(t, "all flows work at first", async () => {
      await mesh.start("CTCT", "TCTC");
      await untilAllFlow(mesh.pairs);
    });
    for (const node of [mesh.interiors[0], mesh.interiors[1]]) {
      await mesh.step(t, `${node.name} (${node.kind})`, async () => {
        const before = new Map(mesh.neighboursOf(node).map((neighbour) => [neighbour, neighbour.output().length]));
        node.process?.signal("SIGSTOP");
        await untilAllFlow(pairsWithout(mesh, node), DROPPED_MS);
        for (const [neighbour, seen] of before) {
          const sign = neighbour.kind === "T" ? /nothing heard for \d+ ms/ : /local-idle-timeout expired/;
          await until(() => sign.test(neighbour.output().slice(seen)), DROPPED_MS);
        }
        node.process?.signal("SIGCONT");
        await untilAllFlow(mesh.pairs, DROPPED_MS);
      });
    }
  },
);
