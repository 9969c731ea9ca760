/** What documents say about the program is compared with the program. */

import assert from "node:assert/strict";
import { METRICS } from "../../agent/telemetry/metrics.ts";
import { EXIT } from "../../agent/cli/exit_codes.ts";
import { GLOBAL_FLAGS } from "../../agent/cli/flags.ts";
import { usageLine } from "../../agent/cli/help.ts";
import { permissionFlags } from "../../agent/cli/permissions.ts";
import { commands } from "../../agent/cli/table.ts";
import { VERSION } from "../../agent/lib/version.ts";
import { assemble, type Assembled } from "../../agent/site/assemble.ts";
import { scanDocuments } from "../../agent/site/documents.ts";
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

Deno.test("documents: docs/cli.md has every command, flag and exit code", async () => {
  const text = await readSource("docs/cli.md");
  for (const command of commands) {
    assert.ok(text.includes(usageLine(command)), usageLine(command));
    for (const flag of Object.keys({ ...command.flags, ...GLOBAL_FLAGS })) {
      assert.ok(text.includes(`--${flag}`), `--${flag} of ${command.name}`);
    }
  }
  for (const code of Object.values(EXIT)) assert.match(text, new RegExp(`\\b${code}\\b`));
});

Deno.test("documents: files and folders that are named exist", async () => {
  const documents = await readSources(["./"], [".md"]);
  const missing: string[] = [];
  for (const { path, text } of documents) {
    for (const [, name = ""] of text.matchAll(/`((?:agent|interior|adaptors|tests|docs)\/[\w./-]*)`/g)) {
      const found = await Deno.stat(new URL(name, new URL("../../", import.meta.url))).then(() => true, () => false);
      if (!found) missing.push(`${path}: ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});

Deno.test("documents: docs/limits.md names constants that its files set", async () => {
  const rows = (await readSource("docs/limits.md")).split("\n").filter((line) => line.startsWith("| "));
  const missing: string[] = [];
  let path = "";
  for (const row of rows) {
    const where = row.split("|")[3] ?? "";
    path = /`([\w/.]+\.ts)`/.exec(where)?.[1] ?? path;
    const constant = /`([A-Z][A-Z0-9_]+)`/.exec(where)?.[1];
    if (constant !== undefined && !new RegExp(`\\b${constant}(: \\w+)? =`).test(await readSource(path))) {
      missing.push(`${path}: ${constant}`);
    }
  }
  assert.deepEqual(missing, []);
});

Deno.test("documents: the resources that docs/health.md shows are in order", async () => {
  const { connectors } = await shown("docs/health.md");
  assert.deepEqual(connectors.map(({ healthCheck }) => healthCheck), [
    {
      http: { path: "/ready", port: 8081, expectedStatus: [200, 204] },
      intervalSeconds: 5,
      timeoutSeconds: 2,
      successThreshold: 2,
      failureThreshold: 2,
    },
    { tcp: {}, intervalSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 },
  ]);
});

Deno.test("documents: the resources that docs/policy.md shows are in order", async () => {
  const { policies } = await shown("docs/policy.md");
  assert.deepEqual(policies.map(({ name, default: fallback, rules }) => [name, fallback, rules.length]), [
    ["shops", "deny", 3],
    ["stock", "allow", 2],
    ["plugins", "deny", 2],
  ]);
});

/** What the YAML of a document adds up to; it must have no fault. */
async function shown(path: string): Promise<Assembled> {
  const text = await readSource(path);
  const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = ""]) => scanDocuments(yaml, path));
  const assembled = assemble(blocks);
  assert.deepEqual(assembled.problems.map(String), []);
  assert.deepEqual(assembled.warnings, []);
  return assembled;
}

Deno.test("documents: docs/metrics.md has every metric with its type, labels and meaning, and no other", async () => {
  const rows = (await readSource("docs/metrics.md")).split("\n").filter((line) => line.startsWith("| `tendril_"));
  const told = rows.map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
  const known = Object.entries(METRICS).map(([name, { type, labels, help }]) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]);
  assert.deepEqual(told, known);
});
