/** A site that Skupper's own commands made on a host (`tests/data/skupper_host`), linked with Tendrils in both directions. */

import assert from "node:assert/strict";
import { loadSite } from "../../agent/site/load.ts";
import { TestAuthority } from "../../agent/transport/testing_certs.ts";
import { ask } from "../support/exchange.ts";
import { freePort } from "../support/ports.ts";
import { type Process, start, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { interiorFolder, resource } from "../support/site_folder.ts";
import { onStage } from "../support/stage.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { echo, server } from "../support/tcp.ts";
import { complaints } from "./complaints.ts";

const LIMIT_MS = 30_000;
const DATA = new URL("../data/skupper_host/", import.meta.url);

/** A recording with other values for some of its texts, each of which it must have. */
async function recorded(name: string, changes: Readonly<Record<string, string>>): Promise<string> {
  let text = await Deno.readTextFile(new URL(name, DATA));
  for (const [from, to] of Object.entries(changes)) {
    assert.ok(text.includes(from), `${name} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** Puts `tls` where a router of Skupper looks for the credentials `name`. */
async function giveCredentials(base: string, name: string, tls: Readonly<Record<string, string>>): Promise<void> {
  const folder = `${base}/runtime/certs/${name}`;
  await Deno.mkdir(folder, { recursive: true });
  for (const [file, text] of Object.entries(tls)) await Deno.writeTextFile(`${folder}/${file}`, text, { mode: 0o600 });
}

/** Starts the real router on a recorded configuration. */
async function startSkupper(binary: string, base: string, name: string, config: string): Promise<Process> {
  await Deno.writeTextFile(`${base}/${name}.json`, config.replaceAll("${SSL_PROFILE_BASE_PATH}", base));
  return start(name, binary, ["-c", `${base}/${name}.json`]);
}

Deno.test("skupper host: what its commands write runs as it is, and nothing of it is passed over", async () => {
  const warnings: string[] = [];
  const dir = new URL("input/resources", DATA).pathname;
  const site = await loadSite(dir, { warn: (warning) => warnings.push(warning) });
  assert.deepEqual(warnings, []);
  assert.deepEqual([site.name, site.role], ["hub", "interior"]);
  assert.deepEqual(site.connectors.map(({ routingKey, host, port }) => `${routingKey} ${host}:${port}`), [
    "web 127.0.0.1:18080",
  ]);
  assert.deepEqual(site.listeners.map(({ routingKey, host, port }) => `${routingKey} ${host}:${port}`), [
    "back 127.0.0.1:18081",
  ]);
  // It asks for links, so a running Tendril makes what they take.
  assert.deepEqual(site.broken?.map(({ kind, status }) => `${kind} ${status}`), ["RouterAccess Pending"]);
});

testWith(
  ["skrouterd"],
  "interop: a link file that Skupper made links a Tendril edge and a Tendril interior to its site",
  ({ skrouterd }) =>
    onStage(async (dir, keep) => {
      using target = server(echo);
      const [edgePort, interRouterPort, local, back] = [freePort(), freePort(), freePort(), freePort()];
      const authority = await TestAuthority.create("skupper-site-ca");
      const names = { name: "hub", dns: ["0.0.0.0", "::"], ips: ["0.0.0.0"] };
      for (const name of ["hub", "skupper-local-server"]) {
        const { ca, cert, key } = await authority.issue(names);
        await giveCredentials(dir, name, { "ca.crt": ca, "tls.crt": cert, "tls.key": key });
      }
      const config = await recorded("hub.json", {
        ": 45671": `: ${edgePort}`,
        ": 55671": `: ${interRouterPort}`,
        ": 5671": `: ${local}`,
        '"18080"': `"${target.port}"`,
        '"18081"': `"${back}"`,
      });
      const skupper = keep(await startSkupper(skrouterd!, dir, "hub", config));
      const client = await authority.issue({ name: "client-hub" });
      const link = (await recorded("link-hub-0.0.0.0.yaml", {
        '"45671"': `"${edgePort}"`,
        '"55671"': `"${interRouterPort}"`,
      })).replace(/^( {2}ca\.crt: ).*/m, `$1${btoa(client.ca)}`)
        .replace(/^( {2}tls\.crt: ).*/m, `$1${btoa(client.cert)}`)
        .replace(/^( {2}tls\.key: ).*/m, `$1${btoa(client.key)}`);
      await Deno.writeTextFile(`${dir}/link.yaml`, link, { mode: 0o600 });
      for (const [name, ...words] of [["edge", "--edge"], ["interior"]]) {
        const site = `${dir}/${name}`;
        const port = freePort();
        assert.equal((await tendril("site", "create", name!, "--dir", site, ...words)).code, 0);
        const created = await tendril("link", "create", `${dir}/link.yaml`, "--dir", site);
        assert.equal(created.code, 0, created.stderr);
        await Deno.writeTextFile(`${site}/web.yaml`, resource("Listener", { key: "web", port }));
        const process = keep(startTendril(name!, ["run", site]));
        await untilListening(port, process, LIMIT_MS);
        assert.equal((await ask(port, new Uint8Array(1000))).length, 1000, name);
      }
      assert.deepEqual(complaints(skupper.output()), []);
    }),
);

testWith(
  ["skrouterd"],
  "interop: a link file that a Tendril made links a site of Skupper to it",
  ({ skrouterd }) =>
    onStage(async (dir, keep) => {
      using target = server(echo);
      const [port, local] = [freePort(), freePort()];
      const hub = await interiorFolder(`${dir}/hub`);
      await Deno.writeTextFile(`${dir}/hub/listener.yaml`, resource("Listener", { key: "fromsk", port }));
      const { stdout } = await tendril("link", "generate", "--dir", hub.dir, "--host", "127.0.0.1");
      const credentials = Object.fromEntries(
        ["ca.crt", "tls.crt", "tls.key"].map((
          key,
        ) => [key, atob(new RegExp(`${key}: (\\S+)`).exec(stdout)?.[1] ?? "")]),
      );
      for (const name of ["link-th-profile", "skupper-local-server"]) await giveCredentials(dir, name, credentials);
      const ours = keep(startTendril("hub", ["run", hub.dir]));
      const config = await recorded("spoke.json", {
        '"56671"': `"${hub.interRouterPort}"`,
        ": 5672": `: ${local}`,
        '"18080"': `"${target.port}"`,
      });
      const skupper = keep(await startSkupper(skrouterd!, dir, "spoke", config));
      await untilListening(port, ours, LIMIT_MS);
      assert.equal((await ask(port, new Uint8Array(1000))).length, 1000);
      assert.deepEqual(complaints(skupper.output()), []);
    }),
);
