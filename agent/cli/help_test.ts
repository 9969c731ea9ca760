import assert from "node:assert/strict";
import { parseLine } from "./args.ts";
import { EXIT } from "./exit_codes.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { commandPage, overviewPage, usageLine } from "./help.ts";
import { permissionFlags } from "./permissions.ts";
import { commands } from "./table.ts";

for (const command of commands) {
  Deno.test(`help: ${command.name} has an example, and every example parses`, () => {
    assert.ok(command.examples.length > 0);
    for (const { line } of command.examples) {
      assert.ok(line.startsWith(`tendril ${command.name}`), line);
      const words = line.slice(`tendril ${command.name}`.length).split(" ").filter((word) => word !== "");
      parseLine(command, GLOBAL_FLAGS, words, () => undefined);
    }
  });

  Deno.test(`help: the page of ${command.name} tells usage, flags, permissions and exit codes`, () => {
    const page = commandPage(command);
    assert.ok(page.includes(`Usage:\n  ${usageLine(command)}\n`));
    for (const name of [...Object.keys(command.flags), ...Object.keys(GLOBAL_FLAGS)]) {
      assert.ok(page.includes(`--${name}`), name);
    }
    for (const { placeholder, help } of command.positionals) assert.ok(page.includes(placeholder) && help !== "");
    for (const { line } of command.examples) assert.ok(page.includes(`$ ${line}\n`));
    if (command.permissions.length > 0) {
      assert.ok(page.includes(`$ deno run ${permissionFlags(command.permissions).join(" ")} `));
    }
    for (const name of ["ok", "failure", "usage", ...command.exits] as const) {
      assert.match(page, new RegExp(`\\n  ${EXIT[name]} +\\S`));
    }
  });

  Deno.test(`help: no line of ${command.name} but command lines runs over`, () => {
    const long = commandPage(command).split("\n").filter((line) =>
      line.length > 104 && !/^ {2}(\$|tendril)/.test(line)
    );
    assert.deepEqual(long, []);
  });
}

Deno.test("help: names, summaries and short flags are unambiguous", () => {
  assert.equal(new Set(commands.map((command) => command.name)).size, commands.length);
  for (const command of commands) {
    assert.match(command.summary, /^[a-z][^.]*$/, `${command.name}: a phrase, no full stop`);
    const flags = { ...command.flags, ...GLOBAL_FLAGS };
    assert.equal(Object.keys(flags).length, Object.keys(command.flags).length + Object.keys(GLOBAL_FLAGS).length);
    const shorts = Object.values(flags).flatMap((flag) => "short" in flag && flag.short ? [flag.short] : []);
    assert.equal(new Set(shorts).size, shorts.length);
  }
  assert.ok(overviewPage(commands).includes("Example:"));
});
