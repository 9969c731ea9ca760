import assert from "node:assert/strict";
import { TendrilError } from "../lib/errors.ts";
import { loadSite } from "./load.ts";
import { Problem, problemsError } from "./problems.ts";
import type { SiteSpec } from "./spec.ts";
import { CREDENTIALS, link, secret } from "./testing_link_files.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

async function withFolder<T>(files: Files, use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const octets = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${dir}/${name}`, octets);
    }
    return await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function load(files: Files): Promise<{ site: SiteSpec; warnings: string[] }> {
  const warnings: string[] = [];
  const site = await withFolder(
    files,
    (dir) => loadSite(dir, { warn: (message) => warnings.push(message.replaceAll(`${dir}/`, "")) }),
  );
  return { site, warnings };
}

/** The error of a folder or of the resources that it goes on without, its own path taken out of the message. */
async function failure(files: Files): Promise<{ code: string; message: string; hint: string }> {
  return await withFolder(files, async (dir) => {
    try {
      const { broken = [] } = await loadSite(dir);
      const errors = broken.flatMap(({ code, message, hint }) => code === undefined ? [] : [{ code, message, hint }]);
      if (errors.length > 0) {
        throw problemsError("broken", errors.map(({ code, message, hint }) => new Problem(code, message, hint)));
      }
    } catch (error) {
      assert.ok(error instanceof TendrilError, String(error));
      return { code: error.code, message: error.message.replaceAll(`${dir}/`, ""), hint: error.hint ?? "" };
    }
    throw new assert.AssertionError({ message: "the folder was accepted" });
  });
}

const resource = (kind: string, name: string, spec: string) =>
  `apiVersion: skupper.io/v2alpha1\nkind: ${kind}\nmetadata:\n  name: ${name}\nspec: ${spec}\n`;
const EDGE = resource("Site", "west", "{edge: true}");
const INTERIOR = resource("Site", "hub", "{linkAccess: default}");
const listener = (name: string, port: string, host = "127.0.0.1") =>
  resource("Listener", name, `{routingKey: ${name}, host: "${host}", port: ${port}}`);

Deno.test("load: hosts that resolvers know may have underscores, punycode and a dot at the end", async () => {
  const hosts = ["my_app", "xn--bcher-kva.example", "app.internal."];
  const { site } = await load({
    "site.yaml": EDGE,
    "services.yaml": hosts.map((host, at) =>
      resource("Connector", `c${at}`, `{routingKey: c, host: ${host}, port: 80}`)
    ).join("---\n"),
    "link.yaml": `${link("l", { host: "my_hub.xn--bcher-kva.example" })}---\n${secret("l")}`,
  });
  assert.deepEqual(site.connectors.map(({ host }) => host), hosts);
  assert.equal(site.links[0]?.endpoints[0]?.host, "my_hub.xn--bcher-kva.example");
});

Deno.test("load: an edge from YAML of several documents, JSON and files of other endings", async () => {
  const { site, warnings } = await load({
    "Site-west.yaml": EDGE.replace("  name: west", "  name: west\n  uid: 0F0E0D0C-0B0A-4908-8706-050403020100"),
    "services.yml": [listener("web", '"8080"'), listener("db", "5432", "::1")].join("---\n"),
    "connector.json": JSON.stringify({
      apiVersion: "skupper.io/v2alpha1",
      kind: "Connector",
      metadata: { name: "app" },
      spec: { routingKey: "app", host: "app.internal", port: 9000, type: "tcp", useClientCert: false, selector: "" },
      status: {},
    }),
    "link.yaml": `${link("link-hub")}---\n${secret("link-hub")}`,
    "notes.txt": "not: [a resource",
    "broken.yaml.bak": "not: [a resource",
  });
  assert.deepEqual(warnings, []);
  assert.equal(site.id, "0f0e0d0c-0b0a-4908-8706-050403020100");
  assert.deepEqual([site.name, site.role, site.access], ["west", "edge", []]);
  assert.deepEqual(site.listeners, [
    { name: "web", routingKey: "web", host: "127.0.0.1", port: 8080 },
    { name: "db", routingKey: "db", host: "::1", port: 5432 },
  ]);
  assert.deepEqual(site.connectors, [{ name: "app", routingKey: "app", host: "app.internal", port: 9000 }]);
  assert.deepEqual(site.links.map(({ name, endpoints }) => [name, endpoints.length]), [["link-hub", 2]]);
});

Deno.test("load: http1 as a type is read, and said to be unknown to Skupper; tcp is what nothing says", async () => {
  const typed = (kind: "Listener" | "Connector", name: string, type: string) =>
    resource(kind, name, `{routingKey: web, host: 127.0.0.1, port: ${name.length + 80}, type: ${type}}`);
  const { site, warnings } = await load({
    "site.yaml": EDGE,
    "services.yaml": [
      typed("Listener", "a", "http1"),
      typed("Connector", "b", "http1"),
      typed("Listener", "cc", "tcp"),
      typed("Connector", "d", '""'),
    ].join("---\n"),
  });
  assert.deepEqual(site.listeners.map(({ protocol }) => protocol), ["http1", undefined]);
  assert.deepEqual(site.connectors.map(({ protocol }) => protocol), ["http1", undefined]);
  assert.deepEqual(warnings.map((warning) => /type http1 is an extension of Tendril/.test(warning)), [true, true]);
});

Deno.test("load: an interior gets one access per role, with default ports, its Secret and all interfaces", async () => {
  const { site } = await load({
    "site.yaml": INTERIOR,
    "access.yaml": resource(
      "RouterAccess",
      "hub",
      '{roles: [{name: inter-router}, {name: edge, port: "443"}], bindHost: ""}',
    ),
    "secret.yaml": secret("hub"),
    "clients.yaml": resource(
      "RouterAccess",
      "amqp",
      "{roles: [{name: normal}], bindHost: localhost, tlsCredentials: amqp}",
    ),
  });
  assert.equal(site.role, "interior");
  assert.deepEqual(site.access.toSorted((a, b) => a.port - b.port), [
    { name: "hub", role: "edge", host: "0.0.0.0", port: 443, cost: 1, measured: false, tls: CREDENTIALS },
    { name: "amqp", role: "normal", host: "localhost", port: 5672, cost: 1, measured: false, tls: undefined },
    { name: "hub", role: "inter-router", host: "0.0.0.0", port: 55671, cost: 1, measured: false, tls: CREDENTIALS },
  ]);
});

Deno.test("load: an access has a cost, which may be measured", async () => {
  const access = (cost: string) =>
    resource("RouterAccess", "hub", `{roles: [{name: inter-router}], settings: {tendril.cost: '${cost}'}}`);
  const files = (cost: string) => ({
    "site.yaml": INTERIOR,
    "access.yaml": access(cost),
    "secret.yaml": secret("hub"),
  });
  const loaded = async (cost: string) => {
    const { site } = await load(files(cost));
    const [{ cost: given, measured }] = site.access;
    return { cost: given, measured };
  };
  assert.deepEqual(await loaded("7"), { cost: 7, measured: false });
  assert.deepEqual(await loaded("measured"), { cost: 1, measured: true });
  for (const wrong of ["0", "1.5", "cheap", "2147483648"]) {
    const { site: { access, broken } } = await load(files(wrong));
    assert.deepEqual(access, []);
    assert.match(broken?.[0]?.message ?? "", /is no cost/, wrong);
  }
});

Deno.test("load: clients from other machines need TLS", async () => {
  const access = resource("RouterAccess", "amqp", "{roles: [{name: normal}], bindHost: 10.0.0.1, tlsCredentials: tls}");
  const { code, message } = await failure({ "a.yaml": access, "site.yaml": INTERIOR });
  assert.equal(code, "SITE_SECRET");
  assert.match(message, /a\.yaml:5:\d+ \(document 1\): RouterAccess amqp: there is no Secret tls$/);
  const { site } = await load({ "a.yaml": access, "site.yaml": INTERIOR, "tls.yaml": secret("tls") });
  assert.deepEqual(site.access.map(({ tls }) => tls), [CREDENTIALS]);
});

Deno.test("load: a Site without uid gets a UUID that depends on its name alone", async () => {
  const [first, again, other] = await Promise.all([
    load({ "a.yaml": EDGE }),
    load({ "b.json": '{"apiVersion":"skupper.io/v2alpha1","kind":"Site","metadata":{"name":"west"}}' }),
    load({ "a.yaml": EDGE.replace("west", "east") }),
  ]);
  assert.match(first.site.id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(first.site.id, again.site.id);
  assert.notEqual(first.site.id, other.site.id);
  assert.equal(again.site.role, "interior");
});

Deno.test("load: what is passed over is told", async () => {
  const toInterior = link("far", { secret: "w" }).replace("name: edge", "name: inter-router");
  const { site, warnings } = await load({
    "a.yaml": `${EDGE}---\n${
      resource("AttachedConnector", "m", "{siteNamespace: 1}")
    }---\napiVersion: apps/v1\nkind: Deployment\n`,
    "b.yaml": `${toInterior}---\n${secret("w")}`,
    "c.yaml": "note: to myself\n",
    "d.yaml": "apiVersion: other.io/v1\nkind: Site\nmetadata: {name: x}\n",
  });
  assert.deepEqual(site.links, []);
  assert.deepEqual(warnings, [
    "a.yaml:11:23 (document 2): AttachedConnector m: spec.siteNamespace must be text",
    "a.yaml:8:7 (document 2): kind AttachedConnector of skupper.io/v2alpha1 is not used and was ignored. " +
    "It means something on Kubernetes alone; write a Connector.",
    "a.yaml:14:7 (document 3): kind Deployment of apps/v1 is not used and was ignored",
    "c.yaml:1:1 (document 1): a document without a kind is not used and was ignored",
    "d.yaml:2:7 (document 1): kind Site of other.io/v1 is not used and was ignored",
    "Link far has no endpoint for the role edge and will not be used",
  ]);
  const other = await load({
    "a.yaml": INTERIOR.replace("metadata:\n", "metadata:\n  namespace: one\n"),
    "b.yaml": listener("web", "80").replace("metadata:\n", "metadata:\n  namespace: two\n"),
  });
  assert.deepEqual(other.warnings, [
    "b.yaml:4:14 (document 1): Listener web is of another namespace",
  ]);
});

Deno.test("load: files are found through symbolic links, as in mounted configuration", async () => {
  await withFolder({ "data": EDGE }, async (dir) => {
    await Deno.mkdir(`${dir}/site.d`);
    await Deno.mkdir(`${dir}/folder.yaml`);
    await Deno.symlink(`${dir}/data`, `${dir}/site.d/site.yaml`);
    assert.equal((await loadSite(`${dir}/site.d/`)).name, "west");
    await Deno.symlink(`${dir}/nowhere`, `${dir}/site.d/gone.yaml`);
    await assert.rejects(loadSite(`${dir}/site.d`), {
      code: "SITE_FOLDER",
      message: /site\.d\/gone\.yaml can't be read/,
    });
  });
});

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

Deno.test("load: fields that are not known or have no effect are told, with what may have been meant", async () => {
  const { warnings, site } = await load({
    "a.yaml": EDGE.replace("{edge: true}", "{edge: true, ha: true, settings: {router-loging: info}}"),
    "b.yaml": listener("web", "80").replace(
      "{",
      "{Host: a, observer: http1, exposePodsByName: false, tlsCredential: t, ",
    ),
  });
  assert.equal(site.listeners.length, 1);
  assert.deepEqual(warnings.map((warning) => warning.replace(/^\S+ \(document 1\): /, "")), [
    "Site west: spec.ha has no effect: A second router on Kubernetes; a folder runs one",
    "Site west: spec.settings.router-loging is not known and was ignored, did you mean router-logging?",
    "Listener web: spec.Host is not known and was ignored, did you mean host?",
    "Listener web: spec.observer has no effect: Looking into streams for flow records; Tendril looks at none",
    "Listener web: spec.tlsCredential is not known and was ignored, did you mean tlsCredentials?",
  ]);
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

Deno.test("load: a folder as Skupper's own commands write it runs as it is", async () => {
  const { site, warnings } = await load({
    "Site-hub.yaml": resource("Site", "hub", "{linkAccess: default}").replace("spec", "status: {}\nspec"),
    "RouterAccess-hub.yaml": resource(
      "RouterAccess",
      "hub",
      "{roles: [{name: inter-router, port: 55671}, {name: edge, port: 45671}], bindHost: 10.0.0.1, " +
        "subjectAlternativeNames: [hub.example], generateTlsCredentials: true, issuer: skupper-site-ca}",
    ),
    "Secret-hub.yaml": secret("hub"),
    "Listener-web.yaml": resource("Listener", "web", "{routingKey: web, host: 0.0.0.0, port: 8080, type: tcp}"),
    "Connector-db.yaml": resource("Connector", "db", "{routingKey: db, host: localhost, port: 5432, type: tcp}"),
    "Listener-tls.yaml": resource("Listener", "tls", "{routingKey: t, host: 0.0.0.0, port: 443, tlsCredentials: t}"),
    "AccessGrant-g.yaml": resource("AccessGrant", "g", "{redemptionsAllowed: 1, expirationWindow: 15m}"),
    "Certificate-c.yaml": resource("Certificate", "c", "{ca: skupper-site-ca, subject: x, hosts: [x], server: true}"),
    "ConfigMap-x.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: b}\n",
  });
  assert.deepEqual([site.listeners.length, site.connectors.length, site.access.length], [1, 1, 2]);
  assert.deepEqual(site.broken?.map(({ kind, status }) => `${kind} ${status}`).sort(), [
    "Listener Pending",
  ]);
  assert.deepEqual(warnings.map((warning) => /(kind \w+|spec\.\w+)/.exec(warning)?.[0]).sort(), [
    "kind ConfigMap",
    "spec.generateTlsCredentials",
    "spec.server",
  ]);
});
