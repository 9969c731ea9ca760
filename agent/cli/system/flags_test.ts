import assert from "node:assert/strict";
import { dispatch } from "../dispatch.ts";
import { EXIT } from "../exit_codes.ts";
import { commands } from "../table.ts";
import { TestIo } from "../testing_io.ts";
import { checkUnitName } from "./flags.ts";

Deno.test("unit name: a name that systemd would not see is refused by every command that takes one", async () => {
  const verbs = commands.filter(({ name, flags }) => name.startsWith("system ") && flags["name"]?.kind === "text");
  assert.equal(verbs.length, 6);
  for (const { name: verb } of verbs) {
    for (const name of ["a/b", "a b", "größe", "x@", "a".repeat(240)]) {
      const io = new TestIo();
      assert.equal(
        await dispatch([...verb.split(" "), "--name", name], { commands, io, entry: "file:///x" }),
        EXIT.usage,
      );
      assert.match(io.err, /error\[USAGE_FLAG_VALUE\]: --name .* is no name of a unit/);
    }
  }
});

Deno.test("unit name: what systemd takes is taken", () => {
  for (const name of [undefined, "west-2", "West_2.example", "a:b", "a\\x2db", "a".repeat(239)]) {
    checkUnitName(name, "system install");
  }
});
