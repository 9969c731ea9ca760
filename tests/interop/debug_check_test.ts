/** `tendril debug check` where the way leads to routers in C: what they admit, and services at their connectors. */

import assert from "node:assert/strict";
import { edgeListener, interiorListener, router, startRouter, tcpService, tlsProfile } from "../support/c_router.ts";
import { freePort } from "../support/ports.ts";
import { testWith } from "../support/programs.ts";
import { edgeFolder, interiorFolder, linkInteriors } from "../support/site_folder.ts";
import { echo, server } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";
import { complaints } from "./complaints.ts";

const LIMIT_MS = 30_000;

testWith(
  ["skrouterd"],
  "interop: debug check at a C interior, with a site and with a link file alone",
  async ({ skrouterd }) => {
    const dir = await Deno.makeTempDir();
    const target = server(echo);
    const dead = { key: "dead", port: freePort() };
    const hub = await interiorFolder(`${dir}/hub`);
    await edgeFolder(`${dir}/edge`, "edge", hub, { listeners: [{ key: "echo", port: freePort() }] });
    const interior = await startRouter(skrouterd!, dir, "hub", [
      router("interior", "hub"),
      await tlsProfile(dir, `${dir}/hub/Secret-hub.yaml`),
      edgeListener(hub.edgePort),
      interiorListener(hub.interRouterPort),
      tcpService("tcpConnector", { key: "echo", port: target.port }),
      tcpService("tcpConnector", dead),
    ]);
    const edge = startTendril("edge", ["run", `${dir}/edge`]);
    const check = async (...words: string[]) => {
      const { code, stdout, stderr } = await tendril("debug", "check", ...words, "-o", "json");
      assert.notEqual(stdout, "", stderr);
      const { broken, steps } = JSON.parse(stdout);
      return { code, step: broken?.step, steps: JSON.stringify(steps) };
    };
    try {
      await until(() => edge.output().includes("listener is open"), LIMIT_MS);
      for (const where of [["--dir", `${dir}/edge`], ["--link", `${dir}/edge/link.yaml`]]) {
        const good = await check("echo", ...where);
        assert.deepEqual([good.code, good.step], [0, undefined], good.steps);
        assert.match(good.steps, /hub admits us as an edge, by SASL EXTERNAL/);
        const bad = await check("dead", ...where);
        assert.deepEqual([bad.code, bad.step], [1, "end-to-end"], bad.steps);
        const unknown = await check("nobody", ...where);
        assert.deepEqual([unknown.code, unknown.step], [1, "key"], unknown.steps);
      }
      // A site that does not run: the way to the other interior is tried as itself.
      const far = await interiorFolder(`${dir}/far`, "far");
      await linkInteriors(far, hub);
      const stopped = await check("--dir", `${dir}/far`);
      assert.deepEqual([stopped.code, stopped.step], [1, "running"], stopped.steps);
      assert.match(stopped.steps, /hub admits us as an interior, by SASL EXTERNAL/);
      assert.deepEqual(complaints(interior.output()), []);
    } catch (error) {
      console.error(`--- hub\n${interior.output().slice(-3000)}\n--- edge\n${edge.output().slice(-2000)}`);
      throw error;
    } finally {
      await Promise.all([edge.stop(), interior.stop()]);
      target[Symbol.dispose]();
      await Deno.remove(dir, { recursive: true });
    }
  },
);
