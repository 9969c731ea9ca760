import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { readDocuments } from "../documents.ts";
import { editToApply, editToDelete, incoming } from "./edit.ts";

const one = (kind: string, name: string, spec = "{}") =>
  `apiVersion: skupper.io/v2alpha1\nkind: ${kind}\nmetadata:\n  name: ${name} # ours\nspec: ${spec}\n`;
const put = (text: string, name = "in.yaml") => incoming(text, readDocuments(text, name));
const FILES = new Map([
  ["Site-west.yaml", one("Site", "west")],
  [
    "all.yaml",
    `# Services\n${one("Listener", "a")}---\n# The second\n${one("Listener", "b")}...\n---\n${
      one("Connector", "a")
    }# The end\n`,
  ],
  [
    "json.json",
    '{"kind":"Connector","apiVersion":"skupper.io/v2alpha1","metadata":{"name":"j"},"spec":{}}\n{"kind":"Link","metadata":{"name":"k"}}',
  ],
]);

Deno.test("edit: a resource is replaced where it stands, and nothing else is touched", () => {
  const { changes, files } = editToApply(FILES, put(`---\n${one("Listener", "b", "{port: 1}")}`));
  assert.deepEqual(changes, [{ action: "update", kind: "Listener", name: "b", file: "all.yaml" }]);
  assert.deepEqual([...files.keys()], ["all.yaml"]);
  assert.equal(
    files.get("all.yaml"),
    `# Services\n${one("Listener", "a")}---\n${one("Listener", "b", "{port: 1}")}---\n${
      one("Connector", "a")
    }# The end\n`,
  );
});

Deno.test("edit: several in one file, in any order, each in its place", () => {
  const text = [one("Connector", "a", "{x: 1}"), one("Listener", "a", "{x: 2}"), one("Listener", "b", "{x: 3}")];
  const { changes, files } = editToApply(FILES, put(text.join("---\n")));
  assert.deepEqual(changes.map(({ action }) => action), ["update", "update", "update"]);
  const specs = parseAllDocuments(files.get("all.yaml") ?? "").map((document) => document.toJS());
  assert.deepEqual(specs.map(({ kind, metadata, spec }) => [kind, metadata.name, spec.x]), [
    ["Listener", "a", 2],
    ["Listener", "b", 3],
    ["Connector", "a", 1],
  ]);
});

Deno.test("edit: JSON stays JSON, and YAML takes JSON", () => {
  const { files } = editToApply(FILES, put(one("Connector", "j", "{port: 3}")));
  const [first, second] = readDocuments(files.get("json.json") ?? "", "json.json");
  assert.deepEqual([first?.value.spec, second?.kind], [{ port: 3 }, "Link"]);
  assert.equal(JSON.parse((files.get("json.json") ?? "").split('{"kind":"Link"')[0] ?? "").spec.port, 3);
  const json = '{"kind":"Listener","apiVersion":"skupper.io/v2alpha1","metadata":{"name":"b"},"spec":{"port":4}}';
  const yaml = editToApply(FILES, put(json, "in.json")).files.get("all.yaml") ?? "";
  assert.deepEqual(readDocuments(yaml, "all.yaml").map(({ name, value }) => [name, value.spec]), [
    ["a", {}],
    ["b", { port: 4 }],
    ["a", {}],
  ]);
});

Deno.test("edit: what says the same is unchanged, whatever its form and what Kubernetes added", () => {
  const same = `${one("Listener", "b").replace("metadata:\n", "metadata:\n  creationTimestamp: null\n")}status: {}\n`;
  const { changes, files } = editToApply(FILES, put(same));
  assert.deepEqual(changes, [{ action: "unchanged", kind: "Listener", name: "b", file: "all.yaml" }]);
  assert.equal(files.size, 0);
});

Deno.test("edit: a new resource gets a file of its own, whose name is not taken", () => {
  const taken = new Map([...FILES, ["Listener-new.yaml", one("Listener", "other")]]);
  const { changes, files } = editToApply(taken, put(`--- # a note\n${one("Listener", "new")}...\n`));
  assert.deepEqual(changes, [{ action: "create", kind: "Listener", name: "new", file: "Listener-new-1.yaml" }]);
  assert.equal(files.get("Listener-new-1.yaml"), `# a note\n${one("Listener", "new")}`);
});

Deno.test("edit: what is there twice is refused with both places", () => {
  const both = `${one("Listener", "x")}---\n${one("Listener", "x", "{port: 1}")}`;
  assert.throws(() => editToApply(FILES, put(both)), {
    code: "SITE_DUPLICATE",
    message: /in\.yaml:1:1 .*in\.yaml:\d+:1/,
  });
  const folder = new Map([...FILES, ["again.yaml", one("Listener", "b", "{port: 9}")]]);
  assert.throws(() => editToApply(folder, put(one("Listener", "b", "{port: 1}"))), {
    code: "SITE_DUPLICATE",
    message: /Listener b .*all\.yaml:\d+:1 .*again\.yaml:1:1/,
  });
});

Deno.test("edit: what is deleted leaves its file as it was, or takes it along", () => {
  const { changes, files } = editToDelete(FILES, [{ kind: "listener", name: "a" }, { kind: "Connector", name: "a" }]);
  assert.deepEqual(changes.map(({ action, kind, file }) => [action, kind, file]), [
    ["delete", "Listener", "all.yaml"],
    ["delete", "Connector", "all.yaml"],
  ]);
  assert.deepEqual(readDocuments(files.get("all.yaml") ?? "", "all.yaml").map(({ name }) => name), ["b"]);
  assert.match(files.get("all.yaml") ?? "", /^# Services\n---\n# The second/);
  assert.deepEqual([...editToDelete(FILES, [{ kind: "Site", name: "west" }]).files], [["Site-west.yaml", null]]);
  assert.throws(() => editToDelete(FILES, [{ kind: "Listener", name: "z" }]), { code: "SITE_UNKNOWN" });
});

Deno.test("edit: what is to be deleted and named twice goes once, and its neighbours stay", () => {
  const { changes, files } = editToDelete(FILES, [
    { kind: "listener", name: "a" },
    { kind: "Listener", name: "b" },
    { kind: "Listener", name: "a" },
  ]);
  assert.deepEqual(changes.map(({ kind, name }) => `${kind} ${name}`), ["Listener a", "Listener b"]);
  const left = readDocuments(files.get("all.yaml") ?? "", "all.yaml").map(({ kind, name }) => `${kind} ${name}`);
  assert.deepEqual(left, ["Connector a"]);
});
