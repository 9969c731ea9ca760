/** Edges of the C router linked to a Tendril interior, with each other, with a Tendril edge, and with the interior. */

import assert from "node:assert/strict";
import { edgeConnector, router, startRouter, tcpService, tlsProfile } from "../support/c_router.ts";
import { testWith } from "../support/programs.ts";
import { edgeFolder, interiorFolder, resource } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import { complaints } from "./complaints.ts";
import { exercise, listeners, survives, Targets, untilOpen } from "./exercise.ts";

testWith(["skrouterd"], "interop: C edges at a Tendril interior", async ({ skrouterd }, t) => {
  const dir = await Deno.makeTempDir();
  using targets = new Targets();
  const [toOurs, toTheirs, among, toHub, fromHub] = ["ours", "theirs", "among", "hub", "from"].map((prefix) =>
    targets.services(prefix)
  );
  const [atTheirs, atOurs, atAmong, atHubs, atHub] = [toOurs, toTheirs, among, toHub, fromHub].map(listeners);
  const hubFolder = await interiorFolder(`${dir}/hub`);
  await Deno.writeTextFile(
    `${dir}/hub/services.yaml`,
    [
      ...atHub.map((service) => resource("Listener", service)),
      ...toHub.map((service) => resource("Connector", service)),
    ].join("---\n"),
  );
  await edgeFolder(`${dir}/ours`, "ours", hubFolder, { listeners: atOurs, connectors: toOurs });
  const tls = await tlsProfile(dir, `${dir}/ours/link.yaml`);
  const edge = (name: string, services: readonly string[]) =>
    startRouter(skrouterd, dir, name, [router("edge", name), tls, edgeConnector(hubFolder.edgePort), ...services]);
  let hub = startTendril("hub", ["run", `${dir}/hub`]);
  const processes = [
    startTendril("ours", ["run", `${dir}/ours`]),
    await edge("west", [...atTheirs, ...atAmong, ...atHubs].map((service) => tcpService("tcpListener", service))),
    await edge("east", [...toTheirs, ...among, ...fromHub].map((service) => tcpService("tcpConnector", service))),
  ];
  try {
    await untilOpen([...atTheirs, ...atOurs, ...atAmong, ...atHubs, ...atHub]);
    await t.step("from a C edge to ours", (t) => exercise(t, atTheirs));
    await t.step("from our edge to a C edge", (t) => exercise(t, atOurs));
    await t.step("from one C edge to another", (t) => exercise(t, atAmong));
    await t.step("from a C edge to the interior", (t) => exercise(t, atHubs));
    await t.step("from the interior to a C edge", (t) => exercise(t, atHub));
    await t.step("their logs hold no complaint about us", () => {
      for (const process of processes.slice(1)) assert.deepEqual(complaints(process.output()), [], process.name);
    });
    await t.step("killed and restarted, the interior serves them again", () =>
      survives(atAmong[0].port, async () => {
        hub.signal("SIGKILL");
        await hub.ended;
        hub = startTendril("hub", ["run", `${dir}/hub`]);
      }));
  } catch (error) {
    const logs = [hub, ...processes].map((process) => `--- ${process.name}\n${process.output().slice(-2500)}`);
    console.error(logs.join("\n"));
    throw error;
  } finally {
    await Promise.all([hub, ...processes].map((process) => process.stop()));
    await Deno.remove(dir, { recursive: true });
  }
});
