/** What `debug check`, `network path` and `ping` say where a Policy lets through less than they ask for. */

import assert from "node:assert/strict";
import { debugCheck, stepOf, told } from "../support/debug_check.ts";
import { freePort } from "../support/ports.ts";
import { edgeFolder, interiorFolder, resource } from "../support/site_folder.ts";
import { onStage } from "../support/stage.ts";
import { echo, server } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

/** Allows the site west to use `keys`, and nobody anything else. */
function policyFor(keys: string): string {
  return `apiVersion: tendril.dev/v1alpha1
kind: Policy
metadata: { name: shops }
spec:
  default: deny
  rules:
    - { peers: [{ site: west }], link: [edge], consume: ${keys} }
`;
}

Deno.test("debug check: what a Policy does not tell the check is no fault of services or links", (t) =>
  onStage(async (dir, keep) => {
    using target = server(echo);
    const hub = await interiorFolder(`${dir}/hub`);
    await Deno.writeTextFile(`${dir}/hub/plain.yaml`, resource("Connector", { key: "plain", port: target.port }));
    await Deno.writeTextFile(`${dir}/hub/policy.yaml`, policyFor("[plain, dead]"));
    await edgeFolder(`${dir}/west`, "west", hub, { listeners: [{ key: "plain", port: freePort() }] });
    const link = await tendril("link", "generate", "--dir", hub.dir, "--host", "127.0.0.1", "--name", "west");
    await Deno.writeTextFile(`${dir}/west/link.yaml`, link.stdout, { mode: 0o600 });
    const west = ["--dir", `${dir}/west`];
    keep(startTendril("hub", ["run", `${dir}/hub`]));
    keep(startTendril("west", ["run", `${dir}/west`]));
    await until(async () => (await tendril("status", "--wait", "ready", ...west)).code === 0, LIMIT_MS);

    await t.step("nobody says who serves the key, and it is served all the same", async () => {
      const verdict = await debugCheck("plain", ...west);
      assert.deepEqual(told(verdict), [0, undefined, undefined], JSON.stringify(verdict.steps));
      const { result, found } = stepOf(verdict, "key");
      assert.equal(result, "skipped");
      assert.match(found, /^hub does not tell who serves plain: .*does not let west send to \$management/);
      assert.equal(stepOf(verdict, "end-to-end").result, "ok");
    });
    await t.step("a key that nobody serves is found out by trying", async () => {
      assert.deepEqual(told(await debugCheck("dead", ...west)), [1, "end-to-end", "CHECK_STREAM"]);
    });
    await t.step("network path and ping name the router that is silent", async () => {
      for (const words of [["network", "path"], ["ping"]]) {
        const { code, stderr } = await tendril(...words, "plain", ...west);
        assert.equal(code, 1);
        assert.match(stderr, /error\[NETWORK_UNTOLD\].*hub does not tell who serves "plain"[\s\S]*\$management/);
      }
    });
    await t.step("the name that the check goes by is not let in, and the link is up", async () => {
      await Deno.writeTextFile(`${dir}/hub/policy.yaml`, policyFor(`["*"]`));
      await until(async () => (await tendril("ping", "plain", ...west)).code === 0, LIMIT_MS);
      const verdict = await debugCheck("plain", ...west);
      assert.deepEqual(told(verdict), [0, undefined, undefined], JSON.stringify(verdict.steps));
      const { result, found } = stepOf(verdict, "admission");
      assert.equal(result, "skipped");
      assert.match(found, /^the link is up, and another name is not let in: hub does not let .* link as edge/);
      assert.equal(stepOf(verdict, "link").result, "ok");
      assert.equal(stepOf(verdict, "key").result, "ok");
    });
    await t.step("a site that is not let in itself is told so", async () => {
      await Deno.writeTextFile(`${dir}/hub/policy.yaml`, policyFor(`["*"]`).replace("site: west", "site: east"));
      await until(async () => (await debugCheck(...west)).code === 4, LIMIT_MS);
      assert.deepEqual(told(await debugCheck(...west)), [4, "admission", "LINK_NOT_ALLOWED"]);
    });
  }));
