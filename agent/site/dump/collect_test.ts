import assert from "node:assert/strict";
import { collectDump } from "./collect.ts";

const RESOURCES = {
  "Site-a.yaml": "apiVersion: skupper.io/v2alpha1\nkind: Site\nmetadata: {name: a}\nspec: {edge: true}\n",
  "b.yml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
  "c.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}',
};

Deno.test("dump: resources are YAML by the name of their file, which has one ending", async () => {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(RESOURCES)) await Deno.writeTextFile(`${dir}/${name}`, text);
    const dump = await collectDump(dir, undefined, "it does not run", Date.now());
    assert.deepEqual([...dump.keys()].filter((name) => name.startsWith("resources/")), [
      "resources/Site-a.yaml",
      "resources/b.yml",
      "resources/c.json.yaml",
    ]);
    assert.match(dump.get("resources/c.json.yaml") ?? "", /^---\napiVersion: v1\nkind: ConfigMap\n/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
