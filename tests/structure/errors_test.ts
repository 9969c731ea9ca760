/** Every error code of the source is explained in `docs/errors.md`, and nothing else is; exit codes too. */

import assert from "node:assert/strict";
import { EXIT, EXIT_MEANING, type ExitName } from "../../agent/cli/exit_codes.ts";
import { blankComments, isTest, readSource, readSources } from "./source_tree.ts";

/** Literals that look like codes of ours and are not. */
const NOT_OURS = /^(TENDRIL_[A-Z_]+|XDG_[A-Z_]+|CAP_[A-Z_]+|UNABLE_TO_VERIFY_LEAF_SIGNATURE|ERR_[A-Z_]+)$/;

/** Code to the rest of its row, from the tables of the document. */
async function documented(): Promise<Map<string, string[]>> {
  const rows = (await readSource("docs/errors.md")).split("\n").map((line) =>
    line.split("|").map((cell) => cell.trim())
  );
  return new Map(rows.flatMap(([, code = "", ...rest]) => {
    const name = /^`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`$/.exec(code)?.[1];
    return name === undefined ? [] : [[name, rest.filter((cell) => cell !== "")] as const];
  }));
}

/** Every literal of the source that has the form of a code, and where it is. */
async function constructed(): Promise<Map<string, string>> {
  const codes = new Map<string, string>();
  for (const { path, text } of await readSources(["agent/", "interior/"], [".ts"])) {
    if (isTest(path)) continue;
    for (const match of blankComments(text).matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g)) {
      if (!NOT_OURS.test(match[1] ?? "")) codes.set(match[1] ?? "", path);
    }
  }
  return codes;
}

Deno.test("errors: every code in the source is explained in docs/errors.md", async () => {
  const known = await documented();
  const used = await constructed();
  assert.ok(used.size > 50, "the scanner finds codes");
  const missing = [...used].filter(([code]) => !known.has(code)).map(([code, path]) => `${code} (${path})`);
  assert.deepEqual(missing, []);
});

Deno.test("errors: every code in docs/errors.md exists in the source, with a meaning and a next step", async () => {
  const used = await constructed();
  for (const [code, cells] of await documented()) {
    assert.ok(used.has(code), `${code} is explained but never made: a code is never reused, so remove the row`);
    assert.equal(cells.length, 2, `${code} needs a meaning and a next step`);
  }
});

Deno.test("errors: a code that is built from parts would escape this test, so none is", async () => {
  for (const { path, text } of await readSources(["agent/", "interior/"], [".ts"])) {
    if (isTest(path)) continue;
    assert.ok(!/Error\(\s*`[A-Z]/.test(blankComments(text)), `${path} builds a code with a template`);
    const first = /new (?:Tendril|Adaptor)Error\(\s*"([^"]*)"/g;
    for (const match of text.matchAll(first)) assert.match(match[1] ?? "", /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/, path);
  }
});

Deno.test("errors: the exit codes are listed as --help tells them", async () => {
  const text = await readSource("docs/errors.md");
  for (const name of Object.keys(EXIT) as ExitName[]) {
    const row = new RegExp(`^\\| ${EXIT[name]} +\\| (.*?) +\\|`, "m").exec(text);
    assert.equal(row?.[1], EXIT_MEANING[name], `row of exit code ${EXIT[name]}`);
  }
});
