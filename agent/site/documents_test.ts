import assert from "node:assert/strict";
import { cpuMs } from "../../tests/support/cpu_time.ts";
import { splitConcatenatedJson } from "./concatenated_json.ts";
import { readDocuments, scanDocuments } from "./documents.ts";

const MAX = 1024 * 1024;
/** Of a processor. Generous: the slowest takes a third of it on a small machine, and half a minute without the limits. */
const MAX_MS = 5000;

Deno.test("documents: a value knows file, line, column and document, or its nearest ancestor that exists", () => {
  const text =
    '---\n# note\nkind: A\n---\nkind: B\nspec:\n  list:\n  - x: 1\n  - &y {x: 2}\n---\n{"kind": "C",\n "spec": {}}\n';
  const [a, b, c] = readDocuments(text, "f.yaml");
  assert.equal(a?.at(), "f.yaml:3:1 (document 1)");
  assert.equal(b?.at(["spec", "list", 0, "x"]), "f.yaml:8:8 (document 2)");
  assert.equal(b?.at(["spec", "list", 1, "x"]), "f.yaml:9:12 (document 2)");
  assert.equal(b?.at(["spec", "list", 2, "x"]), "f.yaml:8:3 (document 2)");
  assert.equal(b?.at(["spec", "other", "x"]), "f.yaml:7:3 (document 2)");
  assert.equal(c?.at(["spec"]), "f.yaml:12:10 (document 3)");
});

Deno.test("documents: positions in JSON objects without separator count in the whole file", () => {
  const [, second, third] = readDocuments('{"kind": "A"}{"kind": "B"}\n\n {"kind":\n"C"} ', "f.json");
  assert.equal(second?.at(["kind"]), "f.json:1:23 (document 2)");
  assert.equal(third?.at(["kind"]), "f.json:4:1 (document 3)");
});

Deno.test("documents: what follows JSON objects is read as YAML, and YAML's flow form is not taken for JSON", () => {
  const kinds = (text: string) => readDocuments(text, "f").map(({ kind }) => kind);
  assert.deepEqual(kinds('{"kind": "A"}\n---\nkind: B\n---\n{kind: C}\n'), ["A", "B", "C"]);
  assert.deepEqual(kinds("{kind: '}{'}\n"), ["}{"]);
  assert.deepEqual([...splitConcatenatedJson('{"a":"\\\\"}{"b":1}x')].map(({ text }) => text), [
    '{"a":"\\\\"}',
    '{"b":1}',
    "x",
  ]);
});

Deno.test("documents: YAML 1.2 applies, keys are text and can't reach a prototype", () => {
  const [document] = readDocuments('kind: no\nmetadata: {name: yes}\n1: x\n"__proto__": {polluted: true}\n', "f");
  assert.deepEqual([document?.kind, document?.name], ["no", "yes"]);
  assert.equal(document?.value["1"], "x");
  assert.equal((document?.value as { polluted?: unknown }).polluted, undefined);
  assert.equal(Object.getPrototypeOf(document?.value), Object.prototype);
});

const repeat = (text: string, length = MAX) => text.repeat(Math.floor(length / text.length));
const bomb = Array.from({ length: 9 }, (_, level) => {
  const items = level === 0 ? "x,x,x,x,x,x,x,x,x" : Array(9).fill(`*a${level - 1}`).join(",");
  return `a${level}: &a${level} [${items}]`;
}).join("\n");
const HOSTILE: Readonly<Record<string, readonly [string, RegExp]>> = {
  "an alias bomb": [bomb, /aliases can't be resolved/],
  "an alias bomb of shared maps": [bomb.replaceAll("[", "{k: [").replaceAll("]", "]}"), /aliases can't be resolved/],
  "an alias to nothing": ["a: *b", /./],
  "many aliases": [`a: &a 1\nb: [${repeat("*a,", 90_000)}]`, /more than 100 aliases/],
  "brackets never closed": [repeat("["), /more than 64 levels of nesting/],
  "braces never closed": [repeat("{"), /more than 64 levels of nesting/],
  "JSON never closed": [repeat('{"a":'), /more than 64 levels of nesting/],
  "deep block nesting": [repeat("- ", 180_000), /nested too deeply|levels of nesting/],
  "nesting by indentation": [
    Array.from({ length: 100 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
    /more than 64 levels of nesting/,
  ],
  "brackets never opened": [repeat("]"), /more than 200000 tokens/],
  "commas": [`[${repeat(",", 190_000)}`, /not expected here/],
  "keys": [repeat("a: 1\n"), /more than 200000 tokens/],
  "many documents": [repeat("--- {}\n"), /more than 1000 documents/],
  "many JSON objects": [repeat("{}"), /more than 1000 documents/],
  "anchors": [repeat("&a ", 270_000), /a value can have one anchor/],
  "a JSON text of escaped quotes": [`{"${repeat('\\"', MAX - 4)}`, /character is missing/],
  "a character too many": [repeat("#", MAX + 1), /more than 1048576 characters/],
};
for (const [what, [text, message]] of Object.entries(HOSTILE)) {
  Deno.test(`documents: ${what}: refused in bounded time`, () => {
    const took = cpuMs(() => {
      const { problems } = scanDocuments(text, "f");
      assert.match(problems[0]?.text ?? "accepted", message);
    });
    assert.ok(took < MAX_MS, `${took} ms`);
  });
}

Deno.test("documents: braces in a block of text are no nesting, and a long text is no problem", () => {
  const [document] = readDocuments(
    `kind: A\ndata: |\n${repeat("  {\n", 400_000)}more: "${"x".repeat(500_000)}"\n`,
    "f",
  );
  assert.equal((document?.value.data as string).length, 200_000);
  assert.equal((document?.value.more as string).length, 500_000);
});
