/** The reference of resources is what their schemas make it. */

import assert from "node:assert/strict";
import { referenceFiles } from "../tools/reference.ts";
import { readSource, readSources } from "./source_tree.ts";

Deno.test("reference: fields and schemas in docs/reference are those of the code; tests/tools/reference.ts writes them", async () => {
  const files = referenceFiles();
  for (const [path, text] of files) assert.equal(await readSource(path), text, path);
  const schemas = (await readSources(["docs/reference/schema/"], [".json"])).map(({ path }) => path);
  assert.deepEqual(schemas.filter((path) => !files.has(path)), [], "and no other is there");
});

Deno.test("reference: each field names a test that is there", async () => {
  const text = await readSource("docs/reference/fields.md");
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));
  const files = new Set<string>();
  for (const row of rows) {
    const file = /\]\(\.\.\/\.\.\/([^)]+_test\.ts)\)/.exec(row)?.[1];
    assert.ok(file, row);
    files.add(file);
  }
  assert.ok(files.size > 20);
  for (const file of files) assert.match(await readSource(file), /^ *(Deno\.test|testWith)\(/m, file);
});
