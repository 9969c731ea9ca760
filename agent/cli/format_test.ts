import assert from "node:assert/strict";
import { parse } from "yaml";
import { dispatch } from "./dispatch.ts";
import { commands } from "./table.ts";
import { TestIo } from "./testing_io.ts";

async function out(...argv: string[]): Promise<string> {
  const io = new TestIo();
  assert.equal(await dispatch(argv, { commands, io, entry: "file:///x" }), 0, io.err);
  return io.out;
}

Deno.test("output: YAML says the same as JSON", async () => {
  for (const words of [["version"], ["explain", "Listener"], ["explain", "Connector.spec"]]) {
    const json = await out(...words, "-o", "json");
    const yaml = await out(...words, "-o", "yaml");
    assert.notEqual(json, yaml);
    assert.deepEqual(parse(yaml), JSON.parse(json));
  }
});

Deno.test("output: every command with JSON has YAML, too", () => {
  for (const { name, flags } of commands) {
    const output = flags["output"];
    if (output?.kind !== "choice") continue;
    assert.ok(output.choices.includes("json") && output.choices.includes("yaml"), name);
    assert.equal(output.short, "o");
  }
});
