/**
 * The reference of resources, made from their schemas: run with `--allow-write=docs/reference` it writes the files that a
 * test compares.
 */

import { fieldsOf, jsonSchema } from "../../agent/site/resources/fields.ts";
import { KINDS } from "../../agent/site/resources/kinds.ts";
import type { Support } from "../../agent/site/resources/schema.ts";
import { fieldTest } from "./field_tests.ts";

const WIDTH = 120;

const WORDS: Readonly<Record<Support, string>> = {
  acting: "acting",
  warned: "accepted with a warning",
  refused: "refused",
};

const SCHEMA_TEST = "agent/site/resources/fields_test.ts";

const INTRODUCTION = [
  ["# Fields of resources"],
  wrap(
    "What becomes of every field of every kind; `tendril explain KIND` shows the same. This page and the schemas are " +
      "made by `deno run --allow-read --allow-write=docs/reference tests/tools/reference.ts`.",
  ),
  [
    ...wrap("- **acting**: it is used as Skupper uses it."),
    ...wrap(
      "- **accepted with a warning**: the resource works, the field has no effect, and the log says so, unless the value " +
        "asks for no more than Tendril does.",
      "  ",
    ),
    ...wrap("- **refused**: to pass over it would be unsafe. The resource is in error, the others go on."),
  ],
  wrap(
    `That each field is what its row says is tested one by one, as "fields: KIND FIELD is acting" and the like, in ` +
      `${link(SCHEMA_TEST)}; what an acting field does, in the test that its row names.`,
  ),
  wrap(
    "Fields that are not listed are accepted with a warning that names the nearest known one. Metadata besides what is " +
      "listed, and status, are passed over in silence.",
  ),
].map((lines) => lines.join("\n"));

/** Text by path from the root of the repository. */
export function referenceFiles(): Map<string, string> {
  const files = new Map([["docs/reference/fields.md", fieldsPage()]]);
  for (const kind of KINDS) {
    files.set(`docs/reference/schema/${kind.kind}.json`, `${JSON.stringify(jsonSchema(kind), null, 2)}\n`);
  }
  return files;
}

function fieldsPage(): string {
  const sections = KINDS.map((kind) => {
    const rows = fieldsOf(kind).map(({ path, type, required, support, description }) => [
      `\`${path}\``,
      type,
      required ? "yes" : "",
      WORDS[support],
      support === "acting" && kind.unused === undefined ? link(fieldTest(kind.kind, path)) : link(SCHEMA_TEST),
      description,
    ]);
    const about = `\`${kind.apiVersion}\` ([schema](schema/${kind.kind}.json)). ${kind.summary}`;
    const head = [`## ${kind.kind}`, "", ...wrap(about)];
    const unused = kind.unused === undefined
      ? []
      : ["", ...wrap(`The kind is accepted with a warning. ${kind.unused}`)];
    return [
      ...head,
      ...unused,
      "",
      ...markdownTable(["Field", "Value", "Required", "Support", "Test", "Meaning"], rows),
    ];
  });
  return `${[...INTRODUCTION, ...sections.map((lines) => lines.join("\n"))].join("\n\n")}\n`;
}

/** A link from `docs/reference` to a file of the repository. */
function link(path: string): string {
  return `[${path.replace(/.*\//, "").replace(/_test\.ts$/, "")}](../../${path})`;
}

/** Lines of a paragraph as the formatter breaks it; all but the first begin with `indent`. */
function wrap(text: string, indent = ""): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1)!;
    const joined = last.trim() === "" ? last + word : `${last} ${word}`;
    if (joined.length <= WIDTH) lines[lines.length - 1] = joined;
    else lines.push(indent + word);
  }
  return lines;
}

/** As the formatter writes it. */
function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[], fill = " ") =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!, fill)).join(" | ")} |`;
  return [line(heads), line(heads.map(() => ""), "-"), ...rows.map((row) => line(row))];
}

if (import.meta.main) {
  for (const [path, text] of referenceFiles()) {
    const file = new URL(`../../${path}`, import.meta.url);
    await Deno.mkdir(new URL(".", file), { recursive: true });
    await Deno.writeTextFile(file, text);
  }
}
