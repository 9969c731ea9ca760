/** What `NOUN generate` prints is what `NOUN create` writes, and a site that was told to accept links does. */

import assert from "node:assert/strict";
import { parse } from "yaml";
import { freePort } from "../support/ports.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

Deno.test("generate: it prints what create would write, as YAML or JSON, and refuses what a site would refuse", async () => {
  const dir = await Deno.makeTempDir();
  const site = ["--dir", `${dir}/west`];
  try {
    assert.equal((await tendril("site", "create", "west", ...site, "--edge")).code, 0);
    for (
      const [noun, kind, ...more] of [
        ["listener", "Listener", "-r", "shop", "--host", "127.0.0.1", "--type", "http1"],
        ["connector", "Connector"],
        ["multikeylistener", "MultiKeyListener", "--priority", "a,b"],
      ] as const
    ) {
      const words = ["web", noun === "multikeylistener" ? "8081" : "8080", ...more];
      const yaml = await tendril(noun, "generate", ...words);
      assert.equal(yaml.code, 0, yaml.stderr);
      const json = await tendril(noun, "generate", ...words, "-o", "json");
      assert.deepEqual(JSON.parse(json.stdout), parse(yaml.stdout));
      assert.equal((await tendril(noun, "create", ...words, ...site)).code, 0);
      assert.equal(await Deno.readTextFile(`${dir}/west/${kind}-web.yaml`), yaml.stdout);
      const wrong = await tendril(noun, "generate", "Web", ...words.slice(1));
      assert.equal(wrong.code, 3);
      assert.match(wrong.stderr, new RegExp(`error\\[SITE_NAME\\]: "Web" can.t be the name of a ${kind}`));
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("site update: a running site that is told to accept links makes what that takes; an edge is not asked to", async () => {
  const dir = await Deno.makeTempDir();
  const [hub, west] = [["--dir", `${dir}/hub`], ["--dir", `${dir}/west`]];
  try {
    assert.equal((await tendril("site", "create", "hub", ...hub!)).code, 0);
    assert.equal((await tendril("site", "create", "west", ...west!, "--edge")).code, 0);
    const refused = await tendril("site", "update", "--enable-link-access", ...west!);
    assert.match(refused.stderr, /error\[SITE_EDGE_ACCESS\]: Site-west\.yaml:\d+:\d+/);
    // Ports of its own: those that it would have else may be somebody's.
    const access = "apiVersion: skupper.io/v2alpha1\nkind: RouterAccess\nmetadata: {name: hub}\n" +
      "spec: {bindHost: 127.0.0.1, roles: [{name: edge, port: 0}]}\n";
    assert.equal((await tendril("site", "update", ...hub!)).code, 2, "there is nothing to change");
    await using process = startTendril("hub", ["run", `${dir}/hub`]);
    await until(() => process.output().includes("site is running"), LIMIT_MS);
    await Deno.writeTextFile(`${dir}/hub/access.yaml`, access.replace("port: 0", `port: ${freePort()}`));
    const updated = await tendril("site", "update", "--enable-link-access", ...hub!);
    assert.equal(updated.code, 0, updated.stderr);
    await until(() => /accepting peers|resource added kind=RouterAccess/.test(process.output()), LIMIT_MS);
    const status = await tendril("site", "status", ...hub!, "-o", "json");
    assert.deepEqual(
      JSON.parse(status.stdout).resources.map(({ kind, name }: Record<string, string>) => `${kind} ${name}`),
      ["Site hub"],
    );
    const link = await tendril("link", "generate", ...hub!, "--host", "127.0.0.1");
    assert.equal(link.code, 0, link.stderr);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
