import assert from "node:assert/strict";
import { run } from "../../../tests/support/processes.ts";
import { testWith } from "../../../tests/support/programs.ts";
import { createAuthority } from "../../pki/authority.ts";
import { createSite } from "../../site/create.ts";
import { loadResources } from "../../site/load.ts";
import { siteBundle } from "./site_bundle.ts";

const NOW = Date.now();
const CONNECTOR = "apiVersion: skupper.io/v2alpha1\nkind: Connector\nmetadata: {name: web}\n" +
  "spec: {routingKey: web, host: 127.0.0.1, port: 8080}\n";

/** A site in the folder `name`, and its bundle unpacked: the folder of the site in that, and the script that runs it. */
async function withSite(
  tar: string,
  name: string,
  body: (dir: string, unpack: () => Promise<{ site: string; script: string }>) => Promise<void>,
): Promise<void> {
  const root = await Deno.realPath(await Deno.makeTempDir());
  const dir = `${root}/${name}`;
  const unpack = async () => {
    await Deno.writeFile(`${root}/west.tar.gz`, await siteBundle(dir, `file://${root}/tendril.js`, NOW));
    const { code, stderr } = await run(tar, ["-xzf", "west.tar.gz"], { cwd: root });
    assert.deepEqual([code, stderr], [0, ""]);
    return { site: `${root}/west/site`, script: await Deno.readTextFile(`${root}/west/run`) };
  };
  try {
    await Deno.writeTextFile(`${root}/tendril.js`, "");
    const ports = { edgePort: 45_671, interRouterPort: 55_671, amqpPort: undefined };
    await createSite({ dir, name: "west", edge: true, linkAccess: false, bind: "127.0.0.1", ...ports });
    await Deno.writeTextFile(`${dir}/Connector-web.yaml`, CONNECTOR);
    await body(dir, unpack);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Names of files below `folder`. */
async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) names.push(...(await namesIn(`${folder}/${name}`)).map((each) => `${name}/${each}`));
    else names.push(name);
  }
  return names.sort();
}

for (const name of ["west-folder", "resources"]) {
  testWith(
    ["tar"],
    `site bundle: what a site is given as files comes along, with its folder called ${name}`,
    ({ tar }) =>
      withSite(tar!, name, async (dir, unpack) => {
        const given = name === "resources" ? dir.replace(/\/resources$/, "") : dir;
        const { cert, key } = await createAuthority({ commonName: "mine", algorithm: "ecdsa", years: 1, now: NOW });
        // A name that would be left out elsewhere, and links, as in folders that are mounted.
        for (const [file, text] of [["tls.crt", cert], ["tls.key", key]] as const) {
          await Deno.mkdir(`${given}/issuers/run/..data`, { recursive: true });
          await Deno.writeTextFile(`${given}/issuers/run/..data/${file}`, text);
          await Deno.symlink(`..data/${file}`, `${given}/issuers/run/${file}`);
        }
        await Deno.mkdir(`${given}/stored`);
        await Deno.writeTextFile(`${given}/stored/ca.crt`, cert);
        await Deno.mkdir(`${given}/certs`);
        await Deno.symlink("../stored", `${given}/certs/web`);
        if (given !== dir) {
          // Nobody reads what lies in a folder of that name here; it would be read in the archive.
          await Deno.mkdir(`${dir}/certs/other`, { recursive: true });
          await Deno.writeTextFile(`${dir}/certs/other/ca.crt`, cert);
        }
        const { site, script } = await unpack();
        const { secrets } = await loadResources(site);
        assert.deepEqual(secrets, (await loadResources(dir)).secrets);
        assert.deepEqual([...secrets.keys()].sort(), ["run", "web"]);
        assert.ok(!script.includes(given), script);
      }),
  );
}

testWith(
  ["tar"],
  "site bundle: a change that is in force and not in its files yet comes along",
  ({ tar }) =>
    withSite(tar!, "west-folder", async (dir, unpack) => {
      await Deno.writeTextFile(`${dir}/gone.yaml`, CONNECTOR.replace("name: web", "name: gone"));
      const { mtime } = await Deno.stat(`${dir}/Connector-web.yaml`);
      const files = { "Connector-web.yaml": CONNECTOR.replace("8080", "9090"), "gone.yaml": null };
      const before = {
        "Connector-web.yaml": mtime!.getTime(),
        "gone.yaml": (await Deno.stat(`${dir}/gone.yaml`)).mtime,
      };
      const journal = { files, before: { ...before, "gone.yaml": before["gone.yaml"]!.getTime() } };
      await Deno.writeTextFile(`${dir}/.tendril-journal`, JSON.stringify(journal));
      const { site } = await unpack();
      const ports = (await loadResources(site)).connectors.map(({ name, port }) => [name, port]);
      assert.deepEqual(ports, [["web", 9090]]);
    }),
);

testWith(
  ["tar"],
  "site bundle: what belongs to this machine, or was cut off, stays here; all else comes along",
  ({ tar }) =>
    withSite(tar!, "west-folder", async (dir, unpack) => {
      for (const folder of ["run", "grants", "plugin-store/run"]) {
        await Deno.mkdir(`${dir}/${folder}`, { recursive: true });
      }
      const [left, taken] = [
        ["run/amqp.sock", ".tendril-lock", "a.yaml.1.tmp", "grants/b.tmp"],
        ["revoked.txt", "grants/AccessGrant-1.yaml", "plugin-store/run/x"],
      ];
      for (const name of [...left!, ...taken!]) {
        await Deno.writeTextFile(`${dir}/${name}`, name === "revoked.txt" ? "" : "x");
      }
      const { site } = await unpack();
      assert.deepEqual(await namesIn(site), ["Connector-web.yaml", "Site-west.yaml", ...taken!].sort());
    }),
);
