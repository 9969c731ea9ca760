import assert from "node:assert/strict";
import { TendrilError } from "../lib/errors.ts";
import { parseLine } from "./args.ts";
import type { FlagTable, Positional } from "./command.ts";

const FLAGS: FlagTable = {
  dir: { kind: "text", placeholder: "DIR", required: true, env: "T_DIR", help: "." },
  host: { kind: "text", placeholder: "HOST", default: "127.0.0.1", help: "." },
  wait: { kind: "integer", placeholder: "SECONDS", min: 1, max: 60, env: "T_WAIT", help: "." },
  edge: { kind: "switch", help: "." },
  output: { kind: "choice", choices: ["text", "json"], default: "text", short: "o", help: "." },
};
const GLOBALS: FlagTable = { help: { kind: "switch", short: "h", help: "." } };
const POSITIONALS: readonly Positional[] = [{ name: "name", placeholder: "NAME", help: "The name." }];

function parse(line: string, env: Record<string, string> = {}) {
  const command = { name: "site create", flags: FLAGS, positionals: POSITIONALS };
  return parseLine(command, GLOBALS, line.split(" ").filter((word) => word !== ""), (name) => env[name]);
}

function codeOf(line: string, env: Record<string, string> = {}): string {
  try {
    parse(line, env);
  } catch (error) {
    assert.ok(error instanceof TendrilError, String(error));
    assert.match(error.hint ?? "", /--help/);
    return error.code;
  }
  return "accepted";
}

Deno.test("args: flags and words in any order give typed values", () => {
  const { flags, args } = parse("--dir d west -o json --wait 5 --edge");
  assert.deepEqual(args, { name: "west" });
  assert.deepEqual(flags, { dir: "d", host: "127.0.0.1", wait: 5, edge: true, output: "json", help: false });
});

Deno.test("args: both ways to write a value, and the short form with or without =", () => {
  assert.equal(parse("west --dir=d").flags["dir"], "d");
  for (const form of ["-ojson", "-o=json", "-o json", "--output=json", "--output json"]) {
    assert.equal(parse(`west --dir d ${form}`).flags["output"], "json", form);
  }
});

Deno.test("args: a lone dash is a value, a word after -- is no flag", () => {
  assert.equal(parse("west --dir -").flags["dir"], "-");
  assert.equal(parse("--dir d -- --odd").args["name"], "--odd");
});

Deno.test("args: the environment fills in what the line leaves out, and an empty variable is none", () => {
  assert.equal(parse("west", { T_DIR: "e" }).flags["dir"], "e");
  assert.equal(parse("west --dir d", { T_DIR: "e" }).flags["dir"], "d");
  assert.equal(codeOf("west", { T_DIR: "" }), "USAGE_FLAG_MISSING");
  assert.equal(codeOf("west --dir d", { T_WAIT: "soon" }), "USAGE_FLAG_VALUE");
});

Deno.test("args: with --help nothing is required", () => {
  assert.equal(parse("--help").flags["help"], true);
  assert.equal(parse("west -h").flags["help"], true);
});

const REFUSED: ReadonlyArray<readonly [string, string]> = [
  ["west", "USAGE_FLAG_MISSING"],
  ["--dir d", "USAGE_ARGUMENT_MISSING"],
  ["west east --dir d", "USAGE_ARGUMENT_EXTRA"],
  ["west --dir", "USAGE_FLAG_VALUE"],
  ["west --dir --edge", "USAGE_FLAG_VALUE"],
  ["west --dir=", "USAGE_FLAG_VALUE"],
  ["west --dir d --dir e", "USAGE_FLAG_REPEATED"],
  ["west --dir d --edge=true", "USAGE_FLAG_VALUE"],
  ["west --dir d --no-edge", "USAGE_FLAG_UNKNOWN"],
  ["west --dir d --wait 0", "USAGE_FLAG_VALUE"],
  ["west --dir d --wait 61", "USAGE_FLAG_VALUE"],
  ["west --dir d --wait 1e1", "USAGE_FLAG_VALUE"],
  ["west --dir d --wait 5s", "USAGE_FLAG_VALUE"],
  ["west --dir d -o yaml", "USAGE_FLAG_VALUE"],
  ["west --dir d -x", "USAGE_FLAG_UNKNOWN"],
  ["west --dir d --constructor 1", "USAGE_FLAG_UNKNOWN"],
  ["west --dir d --__proto__ 1", "USAGE_FLAG_UNKNOWN"],
];
for (const [line, code] of REFUSED) {
  Deno.test(`args: "${line}" is refused as ${code}`, () => assert.equal(codeOf(line), code));
}

Deno.test("args: a misspelt flag gets a suggestion", () => {
  assert.throws(() => parse("west --dri d"), (error: TendrilError) => /Did you mean --dir\?/.test(error.hint ?? ""));
  assert.throws(() => parse("west --zzzzzz"), (error: TendrilError) => !/Did you mean/.test(error.hint ?? ""));
});

Deno.test("args: Skupper's flags for where a site is are refused with what says so here", () => {
  for (
    const [words, hint] of [
      [["-n", "west"], /take -n/],
      [["--namespace", "west"], /take -n/],
      [["--platform=podman"], /one platform/],
    ] as const
  ) {
    assert.throws(
      () => parseLine({ name: "version", flags: {}, positionals: [] }, {}, words, () => undefined),
      (error: unknown) => error instanceof TendrilError && hint.test(error.hint ?? ""),
    );
  }
});
