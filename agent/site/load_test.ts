/** Folders as a site finds them: what is read, where, and what is told of it. */

import assert from "node:assert/strict";
import { loadSite } from "./load.ts";
import { CREDENTIALS, link, secret } from "./testing_link_files.ts";
import { EDGE, failure, INTERIOR, listener, load, resource, withFolder } from "./testing_load.ts";

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
    resource(
      "RouterAccess",
      "hub",
      `{roles: [{name: inter-router}, {name: edge}], settings: {tendril.cost: '${cost}'}}`,
    );
  const files = (cost: string) => ({
    "site.yaml": INTERIOR,
    "access.yaml": access(cost),
    "secret.yaml": secret("hub"),
  });
  const loaded = async (cost: string) => {
    const { site } = await load(files(cost));
    const [{ cost: given, measured }, edge] = site.access;
    assert.deepEqual([edge?.cost, edge?.measured], [1, false], "edges stay connected when it changes");
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
