/** Certificates that stand beside the resources, as in Skupper's `input`, are used by a running site as soon as they come. */

import assert from "node:assert/strict";
import { createAuthority, issue } from "../../agent/pki/authority.ts";
import { dial } from "../../agent/transport/dial.ts";
import { freePort } from "../support/ports.ts";
import { startTendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

for (
  const [how, folders] of [["where there are some", ["resources", "certs"]], ["in a new folder", [
    "resources",
  ]]] as const
) {
  Deno.test(`given secrets: a running site shows a certificate that is put beside its resources, ${how}`, async () => {
    const input = await Deno.makeTempDir();
    const port = freePort();
    try {
      for (const folder of folders) await Deno.mkdir(`${input}/${folder}`);
      const site = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata: {name: hub}\n---\n";
      const access = "apiVersion: skupper.io/v2alpha1\nkind: RouterAccess\nmetadata: {name: hub}\n" +
        `spec: {bindHost: 127.0.0.1, roles: [{name: edge, port: ${port}}]}\n`;
      await Deno.writeTextFile(`${input}/resources/hub.yaml`, `${site}${access}`);
      await using hub = startTendril("hub", ["run", `${input}/resources`]);
      await until(() => /resource added kind=RouterAccess/.test(hub.output()), LIMIT_MS);
      const authority = await createAuthority({ commonName: "mine", years: 1, now: Date.now() });
      const common = { authority, client: true, server: true, years: 1, now: Date.now() };
      const tls = await issue({ ...common, commonName: "west", hosts: [] });
      const give = async (folder: string, host: string) => {
        const own = await issue({ ...common, commonName: "hub", hosts: [host] });
        await Deno.mkdir(`${input}/${folder}/hub`, { recursive: true });
        for (const [name, text] of [["ca.crt", own.ca], ["tls.crt", own.cert], ["tls.key", own.key]] as const) {
          await Deno.writeTextFile(`${input}/${folder}/hub/${name}`, text);
        }
      };
      const changes = () => hub.output().match(/resource changed kind=RouterAccess/g)?.length ?? 0;
      const shows = async (serverName: string, change: () => Promise<unknown>) => {
        const before = changes();
        await change();
        await until(() => changes() > before, LIMIT_MS).catch(() => assert.fail(hub.output()));
        const way = { host: "127.0.0.1", port, serverName, websocket: false, timeoutMs: LIMIT_MS, tls };
        (await dial(way, new AbortController().signal)).destroy();
      };
      await shows("mine.example", () => give("certs", "mine.example"));
      await give("other", "other.example");
      await shows("other.example", async () => {
        await Deno.rename(`${input}/certs`, `${input}/before`);
        await Deno.rename(`${input}/other`, `${input}/certs`);
      });
      await shows("renewed.example", () => give("certs", "renewed.example"));
    } finally {
      await Deno.remove(input, { recursive: true });
    }
  });
}
