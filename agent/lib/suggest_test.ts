import assert from "node:assert/strict";
import { cpuMs } from "../../tests/support/cpu_time.ts";
import { editDistance, nearest } from "./suggest.ts";

Deno.test("suggest: distances count inserts, deletes, replacements and swaps", () => {
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(editDistance("run", "run"), 0);
  assert.equal(editDistance("rnu", "run"), 1);
  assert.equal(editDistance("forwrd", "forward"), 1);
  assert.equal(editDistance("expsoe", "expose"), 1);
  assert.equal(editDistance("kitten", "sitting"), 3);
});

Deno.test("suggest: the nearest word wins and far words are not offered", () => {
  const words = ["run", "expose", "forward", "demo", "version", "site create"];
  assert.equal(nearest("fowrard", words), "forward");
  assert.equal(nearest("sitecreate", words), "site create");
  assert.equal(nearest("rum", words), "run");
  assert.equal(nearest("kubernetes", words), undefined);
  assert.equal(nearest("", words), undefined);
});

Deno.test("suggest: a very long word is answered at once", () => {
  assert.ok(cpuMs(() => nearest("x".repeat(1_000_000), ["run"])) < 500);
});
