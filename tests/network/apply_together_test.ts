/** Changes of one folder that get in each other's way, or in that of the disk. */

import assert from "node:assert/strict";
import { loadResources, loadSite } from "../../agent/site/load.ts";
import { interiorFolder, resource } from "../support/site_folder.ts";
import { startTendril, tendril } from "../support/tendril.ts";

const SITE = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata: {name: west}\nspec: {edge: true}\n";

async function withSite(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${dir}/site`);
    await Deno.writeTextFile(`${dir}/site/site.yaml`, SITE);
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("apply: changes of one file at the same moment are made one after the other, and none is lost", () =>
  withSite(async (dir) => {
    const keys = ["a", "b", "c", "d"];
    const all = (port: number) => keys.map((key) => resource("Connector", { key, port })).join("---\n");
    await Deno.writeTextFile(`${dir}/site/all.yaml`, all(1));
    const results = await Promise.all(keys.map(async (key, at) => {
      await Deno.writeTextFile(`${dir}/${key}.yaml`, resource("Connector", { key, port: at + 2 }));
      return await tendril("apply", "-f", `${dir}/${key}.yaml`, "--dir", `${dir}/site`);
    }));
    for (const { code, stderr } of results) assert.equal(code, 0, stderr);
    const { connectors } = await loadSite(`${dir}/site`);
    assert.deepEqual(connectors.map(({ name, port }) => [name, port]), keys.map((key, at) => [key, at + 2]));
  }));

Deno.test("apply: a disk that is full leaves everything as it was", () =>
  withSite(async (dir) => {
    await Deno.writeTextFile(`${dir}/site/small.yaml`, resource("Connector", { key: "small", port: 1 }));
    const many = Array.from({ length: 60 }, (_, at) => resource("Connector", { key: `many-${at}`, port: 2 }));
    await Deno.writeTextFile(
      `${dir}/in.yaml`,
      [resource("Connector", { key: "small", port: 2 }), ...many].join("---\n"),
    );
    const words = ["apply", "-f", `${dir}/in.yaml`, "--dir", `${dir}/site`];
    const full = startTendril("apply", words, { fullDisk: true });
    assert.equal(await full.ended, 3, full.output());
    assert.match(full.output(), /error\[SITE_WRITE\]: can't write [\s\S]*next: .*disk has room/);
    const { connectors } = await loadSite(`${dir}/site`);
    assert.deepEqual(connectors.map(({ name, port }) => [name, port]), [["small", 1]]);
    const names = (await Array.fromAsync(Deno.readDir(`${dir}/site`))).map(({ name }) => name).sort();
    assert.deepEqual(names, [".tendril-lock", "site.yaml", "small.yaml"]);
    const { code, stderr } = await tendril(...words);
    assert.equal(code, 0, stderr);
    assert.equal((await loadSite(`${dir}/site`)).connectors.length, 61);
  }));

Deno.test("apply: from a folder and from stdin, with what no site has passed over", () =>
  withSite(async (dir) => {
    await Deno.mkdir(`${dir}/in`);
    await Deno.writeTextFile(`${dir}/in/a.yaml`, `${resource("Connector", { key: "a", port: 1 })}  hots: misspelt\n`);
    await Deno.writeTextFile(`${dir}/in/b.json`, '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}');
    await Deno.writeTextFile(`${dir}/in/notes.txt`, "none");
    const { code, stdout, stderr } = await tendril("apply", "-f", `${dir}/in`, "--dir", `${dir}/site`, "-o", "yaml");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /passed over.*ConfigMap/);
    assert.match(stderr, /Connector-a\.yaml:9:\d+ .*spec\.hots is not known and was ignored, did you mean host\?/);
    assert.match(stdout, /^dryRun: false\nrunning: false\nchanges:\n {2}- action: create\n {4}kind: Connector\n/);
    const nothing = await tendril("apply", "-f", `${dir}/in/b.json`, "--dir", `${dir}/site`);
    assert.equal(nothing.code, 3);
    assert.match(nothing.stderr, /error\[INPUT_EMPTY\]/);
    const gone = await tendril("apply", "-f", `${dir}/nowhere`, "--dir", `${dir}/site`);
    assert.match(gone.stderr, /error\[INPUT_UNREADABLE\]/);
    const unlucky = await tendril("apply", "-f", `${dir}/in`, "--dir", `${dir}/none`);
    assert.equal(unlucky.code, 3);
    assert.match(unlucky.stderr, /error\[SITE_FOLDER\].*\n[\s\S]*next: /);
    for (const words of [["apply"], ["delete"], ["delete", "listener"], ["listener", "update", "x"]]) {
      assert.equal((await tendril(...words, "--dir", `${dir}/site`)).code, 2, words.join(" "));
    }
  }));

Deno.test("delete: what the command line and its files name twice goes once, and its neighbours stay", () =>
  withSite(async (dir) => {
    const services = ["web", "api", "dbx"].map((key, at) => resource("Listener", { key, port: 5000 + at }));
    await Deno.writeTextFile(`${dir}/site/services.yaml`, services.join("---\n"));
    await Deno.writeTextFile(`${dir}/web.yaml`, services[0]!);
    const file = ["-f", `${dir}/web.yaml`];
    const { code, stderr } = await tendril("delete", "listener/web", ...file, ...file, "--dir", `${dir}/site`);
    assert.equal(code, 0, stderr);
    assert.deepEqual((await loadSite(`${dir}/site`)).listeners.map(({ name }) => name), ["api", "dbx"]);
  }));

Deno.test("link create: a link called like the site leaves the certificate of its ports and its authority alone", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const [hub, west] = [await interiorFolder(`${dir}/hub`), await interiorFolder(`${dir}/west`, "west")];
    const generate = ["link", "generate", "--host", "127.0.0.1"];
    const of = async (...words: string[]) => {
      await Deno.writeTextFile(`${dir}/link.yaml`, (await tendril(...generate, "--dir", hub.dir, ...words)).stdout);
      return [`${dir}/link.yaml`, "--dir", west.dir];
    };
    const own = (await loadResources(west.dir)).secrets;
    const unchanged = async () => assert.deepEqual((await loadResources(west.dir)).secrets, own);
    const named = await of("--name", "west");
    for (const words of [["link", "create"], ["link", "create", "--dry-run"], ["apply", "-f"], ["plan", "-f"]]) {
      const { code, stderr } = await tendril(...words, ...named);
      assert.equal(code, 3, words.join(" "));
      assert.match(stderr, /error\[SITE_SECRET_USED\]: Secret west .*RouterAccess west[\s\S]*next: .*--name OTHER/);
    }
    await unchanged();
    const file = await of();
    const text = await Deno.readTextFile(file[0]!);
    const foreign = text.slice(0, text.lastIndexOf("---\n")).replace("name: link-hub", "name: skupper-site-ca");
    await Deno.writeTextFile(file[0]!, `${text}${foreign}`);
    assert.match(
      (await tendril("link", "create", ...file)).stderr,
      /error\[SITE_SECRET_USED\]: Secret skupper-site-ca /,
    );
    await unchanged();
    for (const action of ["create", "update"]) {
      const { code, stdout, stderr } = await tendril("link", "create", ...await of());
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`${action} +Secret +link-hub`));
    }
    assert.equal((await tendril(...generate, "--dir", west.dir)).code, 0);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
