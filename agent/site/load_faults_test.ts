/** Folders that are wrong: every fault is told with its place, and what is left makes a site where it may. */

import assert from "node:assert/strict";
import type { TendrilError } from "../lib/errors.ts";
import { loadSite } from "./load.ts";
import { link, secret } from "./testing_link_files.ts";
import { EDGE, failure, type Files, INTERIOR, listener, load, resource } from "./testing_load.ts";

Deno.test("load: a folder that is not there is told as such", async () => {
  await assert.rejects(loadSite("/nonexistent/site"), { code: "SITE_FOLDER", message: /\/nonexistent\/site/ });
});

const FAULTS: ReadonlyArray<readonly [string, Files, string, RegExp]> = [
  ["an empty folder", {}, "SITE_INVALID", /: there is no Site$/],
  ["no Site", { "a.yaml": listener("web", "80") }, "SITE_INVALID", /: there is no Site$/],
  [
    "two Sites",
    { "a.yaml": EDGE, "b.yaml": INTERIOR },
    "SITE_INVALID",
    /: b\.yaml:1:1 \(document 1\): Site hub: there is another Site in a\.yaml:1:1 \(document 1\)$/,
  ],
  [
    "a broken Site alone is not a missing one",
    { "a.yaml": EDGE.replace("true", "perhaps") },
    "SITE_INVALID",
    /: a\.yaml:5:\d+ \(document 1\): Site west: spec.edge must be true or false$/,
  ],
  [
    "an edge that accepts links",
    { "a.yaml": EDGE, "b.yaml": resource("RouterAccess", "w", "{roles: [{name: edge}]}"), "c.yaml": secret("w") },
    "SITE_INVALID",
    /a\.yaml:1:1 .*: an edge can't have RouterAccess w$/,
  ],
  [
    "a uid that is none",
    { "a.yaml": EDGE.replace("name: west", "name: west\n  uid: '7'") },
    "SITE_INVALID",
    /:5:8 .*metadata.uid must be a UUID$/,
  ],
  [
    "a name that is none",
    { "a.yaml": EDGE.replace("west", "West") },
    "SITE_INVALID",
    /:4:9 .*metadata.name must consist of/,
  ],
  [
    "a name that is a number",
    { "a.yaml": EDGE.replace("west", "7") },
    "SITE_INVALID",
    /:4:9 .*metadata.name must be text$/,
  ],
  [
    "no metadata",
    { "a.yaml": EDGE, "b.yaml": "apiVersion: skupper.io/v2alpha1\nkind: Listener\n" },
    "SITE_INVALID",
    /b\.yaml:1:1 .*: Listener without a name: metadata is missing; b\.yaml:1:1 .*spec is missing/,
  ],
  [
    "a place taken twice",
    { "a.yaml": EDGE, "b.yaml": `${listener("x", "80")}---\n${listener("y", "'80'")}` },
    "SITE_INVALID",
    /b\.yaml:11:\d+ \(document 2\): Listener y: 127\.0\.0\.1:80 is taken by Listener x$/,
  ],
  [
    "a role's port taken",
    {
      "a.yaml": INTERIOR,
      "b.yaml": `${listener("x", "80")}---\n${
        resource("RouterAccess", "w", "{roles: [{name: edge, port: 80}], bindHost: 127.0.0.1}")
      }`,
      "c.yaml": secret("w"),
    },
    "SITE_INVALID",
    /RouterAccess w: 127\.0\.0\.1:80 is taken by Listener x$/,
  ],
  [
    "two of one name",
    { "a.yaml": EDGE, "b.yaml": listener("x", "80"), "c.yaml": listener("x", "81") },
    "SITE_INVALID",
    /c\.yaml:4:9 .*the name is taken, see b\.yaml:1:1/,
  ],
  [
    "a port that is none",
    { "a.yaml": EDGE, "b.yaml": listener("x", "0") },
    "SITE_INVALID",
    /b\.yaml:5:\d+ .*spec.port must be a port, 1 to 65535$/,
  ],
  [
    "an IPv6 address with brackets",
    { "a.yaml": EDGE, "b.yaml": listener("x", "80", "[::1]") },
    "SITE_INVALID",
    /spec.host must be a host name or an IP address$/,
  ],
  [
    "an IPv6 address that is none",
    { "a.yaml": EDGE, "b.yaml": listener("x", "80", "::1::") },
    "SITE_INVALID",
    /spec.host must be/,
  ],
  [
    "a Connector with a selector instead of a host",
    { "a.yaml": EDGE, "b.yaml": resource("Connector", "x", "{routingKey: x, selector: a=b, port: 80}") },
    "SITE_INVALID",
    /spec.host is missing$/,
  ],
  [
    "TLS at a Listener with something that is no certificate",
    { "a.yaml": EDGE, "b.yaml": listener("x", "80").replace("{", "{tlsCredentials: t, "), "c.yaml": secret("t") },
    "SITE_SECRET",
    /c\.yaml:.*Secret t for Listener x: tls\.crt is not a certificate$/,
  ],
  [
    "a protocol unknown",
    { "a.yaml": EDGE, "b.yaml": listener("x", "80").replace("{", "{type: udp, ") },
    "SITE_INVALID",
    /Listener x: there is no adaptor udp$/,
  ],
  [
    "a role unknown",
    { "a.yaml": INTERIOR, "b.yaml": resource("RouterAccess", "w", "{roles: [{name: mesh}]}") },
    "SITE_INVALID",
    /spec.roles.0.name must be inter-router or edge or normal$/,
  ],
  [
    "a role's port that is none",
    { "a.yaml": INTERIOR, "b.yaml": resource("RouterAccess", "w", "{roles: [{name: edge, port: -1}]}") },
    "SITE_INVALID",
    /spec.roles.0.port must be a port, 1 to 65535$/,
  ],
  [
    "no roles",
    { "a.yaml": INTERIOR, "b.yaml": resource("RouterAccess", "w", "{roles: []}") },
    "SITE_INVALID",
    /spec.roles must not be empty$/,
  ],
  [
    "a Link without its Secret",
    { "a.yaml": EDGE, "b.yaml": link("w") },
    "SITE_SECRET",
    /b\.yaml:15:19 .*there is no Secret w$/,
  ],
  [
    "a file too large",
    { "a.yaml": EDGE, "b.yaml": `# ${"x".repeat(1 << 20)}` },
    "SITE_TOO_LARGE",
    /b\.yaml has 1048578 octets/,
  ],
  [
    "a file that is no text",
    { "a.yaml": EDGE, "b.yaml": new Uint8Array([0x6b, 0x3a, 0x20, 0xff, 0xfe]) },
    "SITE_SYNTAX",
    /b\.yaml:1:1 .*: not a text in UTF-8$/,
  ],
  ["a list", { "a.yaml": EDGE, "b.yaml": "- a\n" }, "SITE_SYNTAX", /b\.yaml:1:1 .*a resource is a mapping$/],
];
for (const [fault, files, code, message] of FAULTS) {
  Deno.test(`load: ${fault} is told with its place`, async () => {
    const error = await failure(files);
    assert.match(error.message, message);
    assert.equal(error.code, code);
    assert.match(error.hint, /^[A-Z].*\.$/);
  });
}

Deno.test("load: a resource that is broken is left out, and the others make the site", async () => {
  const { site } = await load({
    "a.yaml": EDGE,
    "b.yaml": [listener("good", "80"), listener("wrong", "http"), listener("twice", "80")].join("---\n"),
    "c.yaml": link("w"),
    "d.yaml": resource("Connector", "safe", "{routingKey: x, host: localhost, port: 81, tlsCredentials: t}"),
    "e.yaml": resource("AttachedConnector", "m", "{}"),
  });
  assert.deepEqual([site.listeners.map(({ name }) => name), site.links, site.connectors], [["good"], [], []]);
  assert.deepEqual(site.broken?.map(({ kind, name, status, code }) => [kind, name, status, code]), [
    ["AttachedConnector", "m", "Pending", undefined],
    // Its Secret is made when the site runs.
    ["Connector", "safe", "Pending", undefined],
    ["Listener", "wrong", "Error", "SITE_INVALID"],
    ["Listener", "twice", "Error", "SITE_INVALID"],
    ["Link", "w", "Pending", "SITE_SECRET"],
  ]);
  for (const { message, hint } of site.broken ?? []) assert.match(`${message} ${hint}`, /\/\w\.yaml:\d+:\d+ .*\.$/);
});

Deno.test("load: who needs a broken Secret is broken, too", async () => {
  const { site: { links, broken } } = await load({
    "a.yaml": EDGE,
    "b.yaml": link("w"),
    "c.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: w}\ndata: {ca.crt: '%%%'}\n",
  });
  assert.deepEqual(links, []);
  assert.deepEqual(broken?.map(({ kind, name }) => `${kind} ${name}`), ["Link w", "Secret w"]);
});

Deno.test("load: a link that leads nowhere, and what is no file, are told as what they are", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.symlink(`${dir}/nowhere`, `${dir}/dangling.yaml`);
    await assert.rejects(loadSite(dir), (error: TendrilError) => {
      assert.match(error.message, /dangling\.yaml can't be read/);
      assert.match(`${error.message} ${error.hint}`, /leads to a file that is not there/);
      return true;
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("load: all problems of a folder are in one error, each with its place and next step", async () => {
  const { code, message } = await failure({
    "a.yaml": "kind: [Site\n",
    "b.yaml": `${listener("x", "http")}---\n${listener("Y", "70000")}`,
    "c.yaml": link("w"),
  });
  assert.equal(code, "SITE_INVALID");
  const [head, ...lines] = message.split("\n");
  assert.match(head ?? "", /, 5 problems:$/);
  const places = ["a.yaml:2:1 (document 1)", "b.yaml:5:", "b.yaml:10:9 (document 2)", "b.yaml:11:", "c.yaml:15:19"];
  assert.equal(lines.length, places.length);
  for (const [index, place] of places.entries()) assert.ok(lines[index]?.startsWith(`  ${place}`), lines[index]);
  for (const line of lines) assert.match(line, /\. [A-Z][^.]+.*\.$/);
});

Deno.test("load: a thousand problems are counted, not listed", async () => {
  const { message } = await failure({ "a.yaml": "- a\n---\n".repeat(999), "b.yaml": EDGE });
  assert.match(message, /, 999 problems:\n/);
  assert.match(message, /\n {2}and 949 more$/);
});

Deno.test("load: a Policy with a fault keeps the site from being made, lest it opens what was shut", async () => {
  const policy = resource("Policy", "p", "{defualt: deny}").replace("skupper.io/v2alpha1", "tendril.dev/v1alpha1");
  const { code, message } = await failure({ "site.yaml": INTERIOR, "policy.yaml": policy });
  assert.equal(code, "SITE_INVALID");
  assert.match(message, /spec has no field defualt/);
});
