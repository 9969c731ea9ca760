/** `tendril debug check` of services: those that speak HTTP, that are ill, whose ports are taken; and what it leaves. */

import assert from "node:assert/strict";
import { debugCheck, stepOf, told } from "../support/debug_check.ts";
import { freePort } from "../support/ports.ts";
import { edgeFolder, interiorFolder, resource } from "../support/site_folder.ts";
import { onStage } from "../support/stage.ts";
import { echo, server } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
const ROUTE = `apiVersion: tendril.dev/v1alpha1
kind: HttpRoute
metadata: { name: south }
spec:
  listeners: [web]
  rules:
    - name: all
      backends: [{ routingKey: web-south }]
`;

function accessAt(port: number): string {
  return `apiVersion: skupper.io/v2alpha1
kind: RouterAccess
metadata: { name: clients }
spec: { bindHost: 127.0.0.1, roles: [{ name: normal, port: ${port} }] }
`;
}

Deno.test("debug check: services are judged by what they speak, and nothing of it reads as an incident", (t) =>
  onStage(async (dir, keep) => {
    using target = server(echo);
    using other = server(echo);
    const { port } = target;
    const hub = await interiorFolder(`${dir}/hub`);
    const services = [
      resource("Connector", { key: "plain", port }),
      ...["web", "web-south", "mixed"].map((key) => resource("Connector", { key, port, type: "http1" })),
      resource("Connector", { key: "web2", port, type: "http2" }),
    ];
    await Deno.writeTextFile(`${dir}/hub/services.yaml`, services.join("---\n"));
    const listeners = ["plain", "mixed"].map((key) => ({ key, port: freePort() }));
    await edgeFolder(`${dir}/west`, "west", hub, {
      listeners: [...listeners, { key: "web", port: freePort(), type: "http1" }],
    });
    await Deno.writeTextFile(`${dir}/west/route.yaml`, ROUTE);
    const at = (name: string) => ["--dir", `${dir}/${name}`];
    const run = (name: string) => keep(startTendril(name, ["run", `${dir}/${name}`]));
    const hubSite = run("hub");
    const ready = async (name: string) => {
      await until(async () => (await tendril("status", "--wait", "ready", ...at(name))).code === 0, LIMIT_MS);
    };
    const warnings = async (name: string): Promise<unknown[]> => {
      const { stdout } = await tendril("debug", "events", ...at(name), "-o", "json");
      const { events } = JSON.parse(stdout) as { events: { level: string; topic: string }[] };
      // The topic `site` has what is told of the folder.
      return events.filter(({ level, topic }) => !["debug", "info"].includes(level) && topic !== "site");
    };
    await ready("hub");
    run("west");
    await ready("west");

    await t.step("a check of what is well leaves no warning at any site", async () => {
      assert.deepEqual(told(await debugCheck("plain", ...at("west"))), [0, undefined, undefined]);
      assert.deepEqual(told(await debugCheck("plain", ...at("hub"))), [0, undefined, undefined]);
      assert.deepEqual(told(await debugCheck("plain", "--link", `${dir}/west/link.yaml`)), [0, undefined, undefined]);
      assert.deepEqual(await warnings("hub"), []);
      assert.deepEqual(await warnings("west"), []);
    });
    await t.step("the backend of a HttpRoute has the type of its Listener", async () => {
      const verdict = await debugCheck("web-south", ...at("west"));
      assert.deepEqual(told(verdict), [0, undefined, undefined], JSON.stringify(verdict.steps));
      const { result, found } = stepOf(verdict, "end-to-end");
      assert.equal(`${result}: ${found}`, "skipped: its type is http1, and a request could change something");
    });
    await t.step("where nobody says what is spoken, a service that takes no TCP is not broken", async () => {
      for (const key of ["web", "web2"]) {
        const verdict = await debugCheck(key, "--link", `${dir}/west/link.yaml`);
        assert.deepEqual(told(verdict), [0, undefined, undefined], JSON.stringify(verdict.steps));
        const { result, found } = stepOf(verdict, "end-to-end");
        assert.equal(result, "skipped");
        assert.match(found, /something other than TCP may be spoken there/);
      }
    });
    await t.step("where it is known to be TCP, it is", async () => {
      assert.deepEqual(told(await debugCheck("mixed", ...at("west"))), [1, "end-to-end", "CHECK_PROTOCOL"]);
    });
    await t.step("a target whose health check fails", async () => {
      const check = `  healthCheck: {http: {port: ${freePort()}}, intervalSeconds: 0.2, failureThreshold: 1}\n`;
      await Deno.writeTextFile(`${dir}/hub/ill.yaml`, `${resource("Connector", { key: "ill", port })}${check}`);
      await until(async () => (await debugCheck(...at("hub"))).code !== 0, LIMIT_MS);
      const verdict = await debugCheck(...at("hub"));
      assert.deepEqual(told(verdict), [1, "target", "CHECK_HEALTH"], JSON.stringify(verdict.steps));
      assert.match(stepOf(verdict, "target", "ill").found, /^its health check does not succeed: /);
      await Deno.remove(`${dir}/hub/ill.yaml`);
    });
    await t.step("a Listener whose port another program has", async () => {
      const taken = { key: "taken", port: other.port };
      const yaml = resource("Listener", taken).replace("routingKey: taken", "routingKey: plain");
      await Deno.writeTextFile(`${dir}/west/taken.yaml`, yaml);
      await until(async () => {
        const { stdout } = await tendril("status", ...at("west"));
        return stdout.includes("End the program that has");
      }, LIMIT_MS);
      const verdict = await debugCheck(...at("west"));
      assert.deepEqual(told(verdict), [1, "listener", "CHECK_LISTENER"], JSON.stringify(verdict.steps));
      assert.equal(
        stepOf(verdict, "listener", "taken").next,
        `End the program that has 127.0.0.1:${other.port}, or choose another port.`,
      );
    });
    await t.step("a port for links that another program has", async () => {
      await Deno.writeTextFile(`${dir}/hub/clients.yaml`, accessAt(other.port));
      await until(async () => (await debugCheck(...at("hub"))).code !== 0, LIMIT_MS);
      const verdict = await debugCheck(...at("hub"));
      assert.deepEqual(told(verdict), [1, "access", "CHECK_ACCESS"], JSON.stringify(verdict.steps));
      const { subject, found } = verdict.broken!;
      assert.equal(subject, `clients normal 127.0.0.1:${other.port}`);
      assert.match(found, /^not open: .*address already in use/);
    });
    await t.step("ports of a site that does not run are not looked for", async () => {
      await hubSite.stop();
      const verdict = await debugCheck(...at("hub"));
      assert.deepEqual(told(verdict), [1, "running", "LOCAL_SOCKET"]);
      assert.equal(stepOf(verdict, "access", "clients").result, "skipped");
    });
  }));
