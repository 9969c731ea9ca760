/** A C edge at a Tendril interior with a Policy: it has what it may, and nothing of what it may not. */

import assert from "node:assert/strict";
import { edgeConnector, router, startRouter, tcpService, tlsProfile } from "../support/c_router.ts";
import { freePort } from "../support/ports.ts";
import { untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { edgeFolder, interiorFolder, policy, resource } from "../support/site_folder.ts";
import { onStage } from "../support/stage.ts";
import { startTendril } from "../support/tendril.ts";
import { connect, echo, readExactly, readToEnd, server, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

async function isServed(port: number): Promise<boolean> {
  const conn = await connect(port);
  await writeAll(conn, new Uint8Array(100));
  const served = await readExactly(conn, 100).catch(() => false);
  conn.close();
  return served;
}

testWith(
  ["skrouterd"],
  "interop: a C edge at a Tendril interior with a Policy",
  ({ skrouterd }) =>
    onStage(async (dir, keep) => {
      using target = server(echo);
      const hubFolder = await interiorFolder(`${dir}/hub`);
      const [web, db, here, there] = [freePort(), freePort(), freePort(), freePort()];
      const services = [
        resource("Listener", { key: "web", port: web }),
        resource("Listener", { key: "db", port: db }),
        resource("Connector", { key: "here", port: target.port }),
        resource("Connector", { key: "there", port: target.port }),
      ];
      await Deno.writeTextFile(`${dir}/hub/services.yaml`, services.join("---\n"));
      await Deno.writeTextFile(`${dir}/hub/policy.yaml`, policy("link: [edge]", "offer: [web]", "consume: [here]"));
      await edgeFolder(`${dir}/edge`, "edge", hubFolder, {});
      const tls = await tlsProfile(dir, `${dir}/edge/link.yaml`);
      const hub = keep(startTendril("hub", ["run", `${dir}/hub`, "--log-format", "json"]));
      await untilListening(hubFolder.edgePort, hub);
      const edge = keep(
        await startRouter(skrouterd!, dir, "west", [
          router("edge", "west"),
          tls,
          edgeConnector(hubFolder.edgePort),
          tcpService("tcpConnector", { key: "web", port: target.port }),
          tcpService("tcpConnector", { key: "db", port: target.port }),
          tcpService("tcpListener", { key: "here", port: here }),
          tcpService("tcpListener", { key: "there", port: there }),
        ]),
      );
      await untilListening(web, hub);
      await untilListening(here, edge);
      assert.ok(await isServed(web));
      assert.ok(await isServed(here));
      const refused = () =>
        new Set(
          [...hub.output().matchAll(/"action":"(\w+)","routingKey":"([^"]+)"/g)].map(([, what, key]) =>
            `${what} ${key}`
          ),
        );
      await until(() => refused().has("offer db") && refused().has("consume there"));
      for (const port of [db, there]) await assert.rejects(connect(port).then(readToEnd), /refused|reset/);
      const lines = hub.output().split("refused by policy").length;
      assert.ok(lines < 100, `${lines} refusals: it asks again and again`);
    }),
);
