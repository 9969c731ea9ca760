/** A C edge that knows only the last authority of a Tendril interior, and one that knows only the new one. */

import assert from "node:assert/strict";
import { edgeConnector, router, startRouter, tcpService, tlsProfile } from "../support/c_router.ts";
import { ask } from "../support/exchange.ts";
import { freePort } from "../support/ports.ts";
import { testWith } from "../support/programs.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { echo, server } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

testWith(
  ["skrouterd"],
  "interop: while an authority is rotated, C edges connect that know either",
  async ({ skrouterd }) => {
    const dir = await Deno.makeTempDir();
    using target = server(echo);
    const hubFolder = await interiorFolder(`${dir}/hub`);
    await edgeFolder(`${dir}/before`, "before", hubFolder, {});
    const hub = startTendril("hub", ["run", hubFolder.dir]);
    await until(() => hub.output().includes("accepting peers"), LIMIT_MS);
    const { code, stderr } = await tendril("certificate", "rotate-ca", "--dir", hubFolder.dir, "--window", "1h");
    assert.equal(code, 0, stderr);
    await until(() => hub.output().split("resource changed").length > 2, LIMIT_MS);
    await edgeFolder(`${dir}/after`, "after", hubFolder, {});
    const port = freePort();
    const services = {
      before: tcpService("tcpListener", { key: "echo", port }),
      after: tcpService("tcpConnector", { key: "echo", port: target.port }),
    };
    const edges = await Promise.all((["before", "after"] as const).map(async (name) => {
      const tls = await tlsProfile(dir, `${dir}/${name}/link.yaml`, name);
      const sections = [router("edge", name), tls, edgeConnector(hubFolder.edgePort), services[name]];
      return await startRouter(skrouterd, dir, name, sections);
    }));
    try {
      await until(async () => (await ask(port, new Uint8Array(1000)).catch(() => [])).length === 1000, LIMIT_MS);
    } catch (error) {
      console.error([hub, ...edges].map((process) => process.output().slice(-2500)).join("\n"));
      throw error;
    } finally {
      await Promise.all([hub, ...edges].map((process) => process.stop()));
      await Deno.remove(dir, { recursive: true });
    }
  },
);
