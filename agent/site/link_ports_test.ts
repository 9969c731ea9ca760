/** Ports for links of a Site that asks for links and says nothing else. */

import assert from "node:assert/strict";
import { silentLogger } from "../telemetry/log.ts";
import { isPortFree } from "../transport/free_port.ts";
import { makeCertificates } from "./certificates/declared.ts";
import { generateLink } from "./generate_link.ts";
import { loadToRun } from "./link_ports.ts";
import { loadResources, loadSite } from "./load.ts";

const SITE = "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata: {name: hub}\nspec: {linkAccess: default}\n";

async function withSite(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/site.yaml`, SITE);
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Loads the site as it is to run, where `taken` ports can't be opened. */
async function ports(dir: string, taken: readonly number[]): Promise<string[]> {
  await loadToRun(dir, silentLogger, {}, (_host, port) => !taken.includes(port));
  await makeCertificates(dir, await loadResources(dir), Date.now());
  return (await loadSite(dir)).access.map(({ role, port }) => `${role} ${port}`);
}

Deno.test("link ports: the usual ones, or the next that are free; what was chosen stays", () =>
  withSite(async (dir) => {
    const chosen = ["inter-router 55673", "edge 45672"];
    assert.deepEqual(await ports(dir, [55_671, 55_672, 45_671]), chosen);
    assert.deepEqual(await ports(dir, []), chosen, "links of other sites lead there");
    assert.deepEqual(await ports(dir, [55_673]), chosen, "also where somebody else has it for now");
    assert.match((await generateLink({ dir, host: "127.0.0.1" })).yaml, /port: "45672"/);
    await Deno.remove(`${dir}/link-ports.txt`);
    assert.deepEqual(await ports(dir, []), ["inter-router 55671", "edge 45671"]);
    assert.deepEqual(await ports(dir, [55_671]), ["inter-router 55671", "edge 45671"], "these were chosen, too");
  }));

Deno.test("link ports: a Listener of the site is no less in the way than another program", () =>
  withSite(async (dir) => {
    const spec = "{routingKey: web, host: 127.0.0.1, port: 55671}";
    const listener = `apiVersion: skupper.io/v2alpha1\nkind: Listener\nmetadata: {name: web}\nspec: ${spec}\n`;
    await Deno.writeTextFile(`${dir}/listener.yaml`, listener);
    assert.deepEqual(await ports(dir, []), ["inter-router 55672", "edge 45671"]);
  }));

Deno.test("link ports: those that a RouterAccess has are not touched, and a site without links has none", () =>
  withSite(async (dir) => {
    const access = "spec: {roles: [{name: edge}]}";
    const text = `apiVersion: skupper.io/v2alpha1\nkind: RouterAccess\nmetadata: {name: hub}\n${access}\n`;
    await Deno.writeTextFile(`${dir}/access.yaml`, text);
    assert.deepEqual(await ports(dir, [45_671]), ["edge 45671"]);
    await Deno.remove(`${dir}/access.yaml`);
    await Deno.writeTextFile(`${dir}/site.yaml`, SITE.replace("default", "none"));
    await ports(dir, []);
    await assert.rejects(Deno.stat(`${dir}/link-ports.txt`), Deno.errors.NotFound);
  }));

Deno.test("link ports: where nothing may be tried, they are the usual ones", () =>
  withSite(async (dir) => {
    const spec = await loadToRun(dir, silentLogger, {}, () => undefined);
    assert.equal(spec.linkPorts, "open");
    await assert.rejects(Deno.stat(`${dir}/link-ports.txt`), Deno.errors.NotFound);
  }));

Deno.test("link ports: a file that says something else is told with its line", () =>
  withSite(async (dir) => {
    for (const line of ["edge", "edge 0", "edge 65536", "normal 5672", "edge 1 2"]) {
      await Deno.writeTextFile(`${dir}/link-ports.txt`, `# chosen\n${line}\n`);
      await assert.rejects(loadSite(dir), { code: "SITE_INVALID", message: /link-ports\.txt:2: / }, line);
    }
  }));

Deno.test("link ports: a port is free until somebody has it", () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  assert.equal(isPortFree("127.0.0.1", port), false);
  assert.equal(isPortFree("0.0.0.0", port), false);
  listener.close();
  assert.equal(isPortFree("127.0.0.1", port), true);
});
