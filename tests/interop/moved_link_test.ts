/** A Tendril interior whose link to a C interior gets other credentials: the C router moves with it, by the ordinal. */

import assert from "node:assert/strict";
import { interiorListener, router, startRouter, tcpService, tlsProfile } from "../support/c_router.ts";
import { freePort } from "../support/ports.ts";
import { untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { interiorFolder, linkInteriors, resource } from "../support/site_folder.ts";
import { SteadyTraffic } from "../support/steady_traffic.ts";
import { connect, echo, readExactly, server, writeAll } from "../support/tcp.ts";
import { startTendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";
import { complaints } from "./complaints.ts";

const LIMIT_MS = 30_000;

testWith(
  ["skrouterd"],
  "interop: a link to a C interior moves to other credentials without loss",
  async ({ skrouterd }) => {
    const dir = await Deno.makeTempDir();
    using target = server(echo);
    // The C router stands in for the site in `far`, with its certificate.
    const [near, far] = [await interiorFolder(`${dir}/near`, "near"), await interiorFolder(`${dir}/far`, "far")];
    await linkInteriors(near, far);
    const port = freePort();
    await Deno.writeTextFile(`${near.dir}/listener.yaml`, resource("Listener", { key: "echo", port }));
    const tls = await tlsProfile(dir, `${far.dir}/Secret-far.yaml`);
    const services = [
      interiorListener(far.interRouterPort),
      tcpService("tcpConnector", { key: "echo", port: target.port }),
    ];
    const theirs = await startRouter(skrouterd, dir, "far", [router("interior", "far"), tls, ...services]);
    const ours = startTendril("near", ["run", near.dir]);
    try {
      await untilListening(port, ours, LIMIT_MS);
      const conn = await connect(port);
      const speak = async () => {
        await writeAll(conn, new Uint8Array(100_000));
        return await readExactly(conn, 100_000);
      };
      assert.ok(await speak());
      {
        await using traffic = new SteadyTraffic(port);
        await linkInteriors(near, far);
        await until(() => ours.output().includes("link has moved"), LIMIT_MS);
        const { flows } = traffic;
        await until(() => traffic.flows > flows + 20, LIMIT_MS);
        assert.deepEqual(traffic.failures, []);
      }
      assert.ok(await speak(), "the flow goes on over the connection it began on");
      conn.close();
      assert.deepEqual(complaints(theirs.output()), []);
    } catch (error) {
      console.error([ours, theirs].map((process) => process.output().slice(-2500)).join("\n"));
      throw error;
    } finally {
      await Promise.all([ours.stop(), theirs.stop()]);
      await Deno.remove(dir, { recursive: true });
    }
  },
);
