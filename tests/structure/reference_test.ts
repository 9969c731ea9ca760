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
