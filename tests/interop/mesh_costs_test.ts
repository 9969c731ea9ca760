/** Costs decide where flows go: C routers on two ways between Tendril interiors count what passes them. */

import assert from "node:assert/strict";
import { testWith } from "../support/programs.ts";
import { echo, server } from "../support/tcp.ts";
import { type Interior, keyOf, Mesh } from "./mesh.ts";
import { cRoutersAgree, flows, untilAllFlow } from "./mesh_checks.ts";
import { RING } from "./mesh_shapes.ts";
import { table } from "./router_view.ts";

const FLOWS = 50;

/** Streams to the second edge that have passed the C router `node`. */
async function passed(mesh: Mesh, node: Interior): Promise<number> {
  const addresses = await table(mesh.binary, node.folder.amqpPort, "-a");
  return Number(addresses.find(({ addr }) => addr === keyOf("edge1"))?.thru ?? 0);
}

/** How many of some new flows from the first edge to the second pass `node`. */
async function share(mesh: Mesh, node: Interior): Promise<number> {
  const [pair] = mesh.pairs;
  const before = await passed(mesh, node);
  for (let flow = 0; flow < FLOWS; flow++) assert.ok(await flows(pair));
  return await passed(mesh, node) - before;
}

testWith(["skrouterd"], "interop: new flows take the way that costs less", async ({ skrouterd }, t) => {
  using target = server(echo);
  await using mesh = await Mesh.create({ ...RING, edges: [[0], [2]] }, target.port, skrouterd);
  const [, cheap, , dear] = mesh.interiors;
  await mesh.step(t, "by the cheaper of two C routers", async () => {
    await mesh.start("TCTC", "TC");
    await untilAllFlow(mesh.pairs);
    await cRoutersAgree(mesh);
    assert.equal(await share(mesh, dear), 0);
    assert.equal(await share(mesh, cheap), FLOWS);
  });
  await mesh.step(t, "by the other one, once a link of the first costs more", async () => {
    const [, , dialling] = mesh.interiors;
    await mesh.price(1, 5);
    await dialling.process?.stop();
    await mesh.startInterior(dialling);
    await untilAllFlow(mesh.pairs);
    await cRoutersAgree(mesh);
    assert.equal(await share(mesh, cheap), 0);
    assert.equal(await share(mesh, dear), FLOWS);
  });
});
