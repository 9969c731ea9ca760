/** What documents say about the program is compared with the program. */

import assert from "node:assert/strict";
import { permissionFlags } from "../../agent/cli/permissions.ts";
import { commands } from "../../agent/cli/table.ts";
import { VERSION } from "../../agent/lib/version.ts";
import { parseLinkFile, secretYaml } from "../../agent/site/link_file.ts";
import { CREDENTIALS } from "../../agent/site/testing_link_files.ts";
import { readSource, readSources } from "./source_tree.ts";

Deno.test("documents: docs/permissions.md shows the exact flags of every command", async () => {
  const text = await readSource("docs/permissions.md");
  for (const command of commands) {
    const heading = `## \`tendril ${command.name}\``;
    const start = text.indexOf(`${heading}\n`);
    assert.ok(start >= 0, `${heading} is missing`);
    const section = text.slice(start + heading.length).split("\n## ")[0] ?? "";
    const flags = permissionFlags(command.permissions).join(" ");
    if (command.permissions.length > 0) assert.ok(section.includes(flags), `${heading} must show: ${flags}`);
    for (const need of command.permissions.filter((need) => need.optional)) {
      assert.ok(
        section.includes(`--allow-${need.kind}=${need.scope}`),
        `${heading} must name the optional ${need.kind}`,
      );
    }
  }
});

Deno.test("documents: source, deno.json and changelog agree on the version", async () => {
  assert.equal(JSON.parse(await readSource("deno.json")).version, VERSION);
  const changelog = await readSource("CHANGELOG.md");
  const released = /^## \[(\d+\.\d+\.\d+)\]/m.exec(changelog)?.[1];
  assert.ok(released === VERSION || /^## \[Unreleased\]/m.test(changelog), "the changelog knows this version");
});

Deno.test("documents: every dependency has its reason, and no other is listed", async () => {
  const { imports } = JSON.parse(await readSource("deno.json"));
  const text = await readSource("docs/dependencies.md");
  const used = new Set(
    Object.values<string>(imports).map((specifier) => /^npm:(@?[^@]+@[^/]+)/.exec(specifier)?.[1] ?? specifier),
  );
  const listed = new Set([...text.matchAll(/^\| `([^`]+)` +\| ([^|]+?) +\|/gm)].map((row) => `${row[1]}@${row[2]}`));
  assert.deepEqual([...listed].sort(), [...used].sort());
});

Deno.test("documents: relative links lead somewhere", async () => {
  const documents = await readSources(["./"], [".md"]);
  const broken: string[] = [];
  for (const { path, text } of documents) {
    for (const match of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) {
      const target = new URL(match[1] ?? "", new URL(path, new URL("../../", import.meta.url)));
      const found = await Deno.stat(target).then(() => true, () => false);
      if (!found) broken.push(`${path} -> ${match[1]}`);
    }
  }
  assert.deepEqual(broken, []);
});

Deno.test("documents: the licence is the one that deno.json names", async () => {
  assert.equal(JSON.parse(await readSource("deno.json")).license, "Apache-2.0");
  const licence = await readSource("LICENSE");
  assert.match(licence, /Apache License\s+Version 2\.0, January 2004/);
  assert.match(licence, /END OF TERMS AND CONDITIONS/);
});

Deno.test("documents: the example of docs/links.md is a link that can be used", async () => {
  const example = /```yaml\n(.*?)```/s.exec(await readSource("docs/links.md"))?.[1] ?? "";
  const [link] = parseLinkFile(`${secretYaml("link-hub", CREDENTIALS)}---\n${example}`, "docs/links.md");
  assert.equal(link?.websocket, true);
  assert.deepEqual(link.proxy, {
    host: "proxy.example.com",
    port: 3128,
    username: "alice",
    password: "correct-horse",
  });
});
