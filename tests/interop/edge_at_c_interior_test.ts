/** A Tendril edge linked to an interior of the C router: mutual TLS, SASL EXTERNAL, services both ways. */

import assert from "node:assert/strict";
import { edgeListener, router, startRouter, tcpService, tlsProfile } from "../support/c_router.ts";
import { testWith } from "../support/programs.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";
import { complaints } from "./complaints.ts";
import { exercise, listeners, survives, Targets, untilOpen } from "./exercise.ts";

testWith(["skrouterd"], "interop: a Tendril edge at a C interior", async ({ skrouterd }, t) => {
  const dir = await Deno.makeTempDir();
  using targets = new Targets();
  const fromOurs = targets.services("ours");
  const fromTheirs = targets.services("theirs");
  const ourListeners = listeners(fromOurs);
  const theirListeners = listeners(fromTheirs);
  // The folder of an interior of ours lends its credentials and its edge port to theirs.
  const hub = await interiorFolder(`${dir}/hub`);
  await edgeFolder(`${dir}/edge`, "edge", hub, { listeners: ourListeners, connectors: fromTheirs });
  const sections = [
    router("interior", "hub"),
    await tlsProfile(dir, `${dir}/hub/Secret-hub.yaml`),
    edgeListener(hub.edgePort),
    ...fromOurs.map((service) => tcpService("tcpConnector", service)),
    ...theirListeners.map((service) => tcpService("tcpListener", service)),
  ];
  let interior = await startRouter(skrouterd, dir, "hub", sections);
  const edge = startTendril("edge", ["run", `${dir}/edge`]);
  try {
    await untilOpen([...ourListeners, ...theirListeners]);
    await t.step("from our listener to their connector", (t) => exercise(t, ourListeners));
    await t.step("from their listener to our connector", (t) => exercise(t, theirListeners));
    await t.step("our log says which target refused", () => until(() => /target refused/.test(edge.output())));
    await t.step("their log holds no complaint about us", () => assert.deepEqual(complaints(interior.output()), []));
    for (const [name, { port }] of Object.entries({ ours: ourListeners[0], theirs: theirListeners[0] })) {
      await t.step(`killed and restarted, it serves again at ${name}`, () =>
        survives(port, async () => {
          interior.signal("SIGKILL");
          await interior.ended;
          interior = await startRouter(skrouterd, dir, "hub", sections);
        }));
    }
  } catch (error) {
    console.error(`--- hub\n${interior.output().slice(-3000)}\n--- edge\n${edge.output().slice(-3000)}`);
    throw error;
  } finally {
    await Promise.all([edge.stop(), interior.stop()]);
    await Deno.remove(dir, { recursive: true });
  }
});
