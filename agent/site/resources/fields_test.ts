/** What `docs/reference/fields.md` claims about each field, checked field by field: none is left out. */

import assert from "node:assert/strict";
import { stringify } from "yaml";
import { assemble, type Assembled } from "../assemble.ts";
import { scanDocuments } from "../documents.ts";
import { TestAuthority } from "../../transport/testing_certs.ts";
import { secret } from "../testing_link_files.ts";
import { type Field, fieldsOf, strayFields } from "./fields.ts";
import { KINDS } from "./kinds.ts";
import { HTTP_ROUTE_OTHER, httpRouteSpecimen } from "./testing_http_route.ts";

type Value = Record<string, unknown>;

const endpoint = { name: "edge", host: "a.example", port: 1 };

function base64(octets: number, value: number): string {
  return new Uint8Array(octets).fill(value).toBase64();
}

/** A specimen of each kind that acts. */
const SPECIMENS: Readonly<Record<string, Value>> = {
  Site: { metadata: { name: "west" }, spec: {} },
  Listener: { metadata: { name: "x" }, spec: { routingKey: "a", host: "127.0.0.1", port: 80 } },
  Connector: { metadata: { name: "x" }, spec: { routingKey: "a", host: "127.0.0.1", port: 80 } },
  MultiKeyListener: {
    metadata: { name: "x" },
    spec: { host: "127.0.0.1", port: 80, strategy: { priority: { routingKeys: ["a", "c"] } } },
  },
  Link: { metadata: { name: "x" }, spec: { endpoints: [endpoint], tlsCredentials: "tls" } },
  RouterAccess: { metadata: { name: "x" }, spec: { roles: [{ name: "inter-router" }], tlsCredentials: "tls" } },
  Policy: { metadata: { name: "x" }, spec: { rules: [{ peers: [{ site: "a" }], offer: ["a"] }] } },
  Certificate: { metadata: { name: "x" }, spec: { subject: "a" } },
  AccessGrant: { metadata: { name: "x" }, spec: { redemptionsAllowed: 1, expirationWindow: "15m", code: "c" } },
  AccessToken: { metadata: { name: "x" }, spec: { url: "https://a.example/1", code: "c", ca: "pem" } },
  Secret: { metadata: { name: "x" }, data: { a: "YQ==" } },
  Adaptor: { metadata: { name: "x" }, spec: { source: "file:a", keys: [base64(32, 1)], signature: base64(64, 1) } },
  HttpRoute: httpRouteSpecimen(),
};
/** For each acting field another value than the specimen's. */
const OTHER: Readonly<Record<string, unknown>> = {
  "metadata.name": "other",
  "metadata.uid": "0f0e0d0c-0b0a-4908-8706-050403020100",
  "spec.edge": true,
  "spec.linkAccess": "default",
  "spec.defaultIssuer": "corporate-ca",
  "spec.issuer": "corporate-ca",
  "spec.subjectAlternativeNames": ["b.example", "*.b.example"],
  "spec.routingKey": "b",
  "spec.host": "localhost",
  "spec.port": "81",
  "spec.settings.tendril.http": "http2",
  "spec.settings.tendril.proxy-protocol": "v2",
  "spec.type": "http1",
  "spec.subjects": [{ subject: "GET", routingKey: "b" }],
  "spec.subjects[].subject": "POST",
  "spec.subjects[].routingKey": "b",
  "spec.strategy.priority.routingKeys": ["c", "a"],
  "spec.strategy.weighted.routingKeys": { a: 2, c: 1 },
  "spec.endpoints[].name": "inter-router",
  "spec.endpoints[].host": "b.example",
  "spec.endpoints[].port": "2",
  "spec.endpoints[].group": "g",
  "spec.tlsCredentials": "tls2",
  "spec.useClientCert": true,
  "spec.requireClientCert": true,
  "spec.verifyHostname": false,
  "spec.cost": 2,
  "spec.settings.proxy-configuration": "proxy",
  "spec.settings.tendril.websocket": "true",
  "spec.settings.tendril.cost": "measured",
  "spec.settings.tendril.access-log": "query",
  "spec.roles[].name": "edge",
  "spec.roles[].port": 3,
  "spec.bindHost": "127.0.0.1",
  "spec.url": "https://b.example/1",
  "spec.code": "d",
  "spec.ca": "mep",
  "spec.linkCost": 2,
  "spec.subject": "b",
  "spec.hosts": ["b.example"],
  "spec.signing": true,
  "spec.redemptionsAllowed": 2,
  "spec.expirationWindow": "1h",
  "spec.settings.tendril.link-host": "b.example",
  "spec.healthCheck": { tcp: { port: 1 } },
  "spec.healthCheck.tcp": { port: 1 },
  "spec.healthCheck.tcp.host": "h",
  "spec.healthCheck.tcp.port": 1,
  "spec.healthCheck.http": { path: "/x" },
  "spec.healthCheck.http.path": "/x",
  "spec.healthCheck.http.host": "h",
  "spec.healthCheck.http.port": 1,
  "spec.healthCheck.http.expectedStatus": [204],
  "spec.healthCheck.command": ["b"],
  "spec.healthCheck.intervalSeconds": 3,
  "spec.healthCheck.timeoutSeconds": 3,
  "spec.healthCheck.successThreshold": 2,
  "spec.healthCheck.failureThreshold": 2,
  "spec.source": "file:b",
  "spec.sha256": "ab".repeat(32),
  "spec.signature": base64(64, 2),
  "spec.keys": [base64(32, 2)],
  "spec.canary": { share: 5 },
  "spec.canary.share": 5,
  "spec.canary.connections": 5,
  "spec.canary.failures": 1,
  "spec.limits": { fuel: 200_000 },
  "spec.limits.moduleOctets": 2,
  "spec.limits.memoryPages": 2,
  "spec.limits.fuel": 300_000,
  "spec.limits.outputOctets": 5000,
  "spec.default": "deny",
  "spec.rules": [],
  "spec.rules[].name": "b",
  "spec.rules[].peers": [{ site: "b" }],
  "spec.rules[].peers[].commonName": "b",
  "spec.rules[].peers[].site": "b",
  "spec.rules[].peers[].fingerprint": "ab".repeat(32),
  "spec.rules[].effect": "deny",
  "spec.rules[].link": ["edge"],
  "spec.rules[].offer": ["b"],
  "spec.rules[].consume": ["b"],
  "spec.rules[].push": true,
  "spec.rules[].load": [{ name: "b" }],
  "spec.rules[].load[].name": "b",
  "spec.rules[].load[].source": "van:b",
  "spec.rules[].load[].sha256": "ab".repeat(32),
  "spec.rules[].load[].signer": base64(32, 2),
  "spec.rules[].manage": true,
  "data": { a: "Yg==" },
  "stringData": { b: "b" },
};
/** For each field that is accepted with a warning a value that asks for something. */
const WITHOUT_EFFECT: Readonly<Record<string, unknown>> = {
  "spec.observer": "http2",
  "spec.settings": { any: "thing" },
};

const PROXY = "apiVersion: v1\nkind: Secret\nmetadata: {name: proxy}\nstringData: {host: h, port: '1'}\n";
// The credentials may be those of any name.
// A setting of a Site shows at its Listeners.
const LISTENER = `apiVersion: skupper.io/v2alpha1
kind: Listener
metadata: {name: of-the-context}
spec: {routingKey: a, host: 127.0.0.1, port: 9}
`;
const IDENTITY = await (await TestAuthority.create("ca")).issue({ name: "x", dns: ["x"] });
const SECRETS = ["tls", "tls2"].map((name) => secret(name, undefined, IDENTITY));
const CONTEXT = [...SECRETS, PROXY, LISTENER].join("---\n");

function read(kind: string, value: Value): Assembled {
  const known = KINDS.find((candidate) => candidate.kind === kind);
  const text = JSON.stringify({ apiVersion: known?.apiVersion, kind, ...value });
  return assemble([scanDocuments(text, "it.json"), scanDocuments(CONTEXT, "context.yaml")]);
}

/** The specimen to which the field at `path` can be added. */
function specimenFor(kind: string, path: string): Value {
  if (kind === "HttpRoute") return httpRouteSpecimen(path);
  if (path.startsWith("spec.strategy.weighted")) {
    return set(SPECIMENS[kind]!, "spec.strategy", { weighted: { routingKeys: { a: 1, c: 1 } } });
  }
  if (path.startsWith("spec.subjects")) {
    const subjects = path === "spec.subjects" ? [] : [{ subject: "GET", routingKey: "a" }];
    return set(set(SPECIMENS[kind]!, "spec.type", "http1"), "spec.subjects", subjects);
  }
  if (/^spec\.(useClientCert|requireClientCert|verifyHostname)$/.test(path)) {
    return set(SPECIMENS[kind]!, "spec.tlsCredentials", "tls");
  }
  // Of what peers load, only the digest is known.
  if (path.startsWith("spec.rules[].load")) return set(SPECIMENS[kind]!, "spec.rules", [{ load: [{ name: "a" }] }]);
  if (path === "spec.settings.tendril.http") return set(SPECIMENS[kind]!, "spec.type", "auto");
  const way = /^spec\.healthCheck\.(\w+)/.exec(path)?.[1];
  if (way === undefined) return SPECIMENS[kind]!;
  const check = way === "command" ? { command: ["a"] } : way === "http" ? { http: {} } : { tcp: {} };
  return set(SPECIMENS[kind]!, "spec.healthCheck", check);
}

/** What a site would be made of; places in files are no part of it. */
function desired(
  {
    sites,
    listeners,
    multiKeyListeners,
    connectors,
    adaptors,
    routes,
    links,
    access,
    policies,
    certificates,
    portCertificates,
    authority,
    grants,
    tokens,
    secrets,
  }: Assembled,
): string {
  const heads = sites.map((site) => ({ ...site, where: "" }));
  const values = [...secrets].map(([name, values]) => [name, [...values]]);
  const services = [listeners, multiKeyListeners, connectors, adaptors, routes];
  const issued = [authority, certificates, portCertificates, grants];
  return JSON.stringify([heads, services, links, access, policies, issued, tokens, values]);
}

/** `value` with the field at `path` set. */
function set(value: Value, path: string, to: unknown): Value {
  const copy = structuredClone(value);
  const setting = /^(spec)\.(settings)\.(.+)$/.exec(path)?.slice(1);
  const steps = setting ?? path.split(".").flatMap((step) => step.endsWith("[]") ? [step.slice(0, -2), "0"] : [step]);
  let at: Value = copy;
  for (const step of steps.slice(0, -1)) at = (at[step] ??= {}) as Value;
  at[steps.at(-1)!] = to;
  return copy;
}

const CLAIMS: Readonly<Record<Field["support"], (kind: string, field: Field) => void>> = {
  acting: (kind, { path }) => {
    const specimen = specimenFor(kind, path);
    const others = kind === "HttpRoute" && path in HTTP_ROUTE_OTHER ? HTTP_ROUTE_OTHER : OTHER;
    assert.ok(path in others, `a value for ${path}`);
    const before = read(kind, specimen);
    const after = read(kind, set(specimen, path, others[path]));
    assert.deepEqual([before.problems, after.problems].map((problems) => problems.map(String)), [[], []]);
    if (path === "spec.tlsCredentials") {
      // Two Secrets with equal values: what counts is that the other one is asked for.
      const { problems, broken } = read(kind, set(specimen, path, "nobody"));
      assert.match([...problems.map(String), broken[0]?.message].join(), /(there is no|certificate in) Secret nobody/);
    } else assert.notEqual(desired(after), desired(before));
  },
  warned: (kind, { path, type }) => {
    const fallback = type === "true or false" ? true : type === "list" ? ["a"] : "anything";
    const value = set(SPECIMENS[kind]!, path, path in WITHOUT_EFFECT ? WITHOUT_EFFECT[path] : fallback);
    const { warnings, problems } = read(kind, value);
    assert.deepEqual(problems.map(String), []);
    assert.match(warnings.join("\n"), new RegExp(`^it\\.json:1:\\d+ .*: ${path} has no effect: \\S`, "m"));
    assert.equal(desired(read(kind, value)), desired(read(kind, SPECIMENS[kind]!)), "and it has none");
  },
  refused: (kind, { path }) => {
    const { problems, broken } = read(kind, set(SPECIMENS[kind]!, path, "x"));
    assert.match(String(problems[0]), new RegExp(`^it\\.json:1:\\d+ .*: ${path} is not supported`));
    assert.equal(broken[0]?.status, "Error");
  },
};

for (const kind of KINDS) {
  if (kind.unused !== undefined) {
    Deno.test(`fields: a ${kind.kind} is accepted with one warning, and has no effect`, () => {
      const { warnings, broken, problems } = read(kind.kind, { metadata: { name: "x" }, spec: {} });
      assert.deepEqual(problems, []);
      const told = warnings.filter((warning) => warning.includes(`kind ${kind.kind} of`));
      assert.equal(told.length, 1);
      assert.ok(told[0]?.includes(kind.unused!));
      assert.deepEqual(broken.map(({ name, status, hint }) => [name, status, hint]), [["x", "Pending", kind.unused]]);
      for (const { path, support } of fieldsOf(kind)) {
        if (path.startsWith("spec.")) assert.equal(support, "warned", path);
      }
    });
    continue;
  }
  for (const field of fieldsOf(kind)) {
    if (field.path === "metadata.namespace") continue;
    Deno.test(`fields: ${kind.kind} ${field.path} is ${field.support}`, () => CLAIMS[field.support](kind.kind, field));
  }
}

Deno.test("fields: resources of another namespace are told of", () => {
  const site = { apiVersion: "skupper.io/v2alpha1", kind: "Site", metadata: { name: "w", namespace: "one" } };
  const other = { ...site, kind: "Listener", metadata: { name: "x", namespace: "two" } };
  const { warnings } = assemble([scanDocuments(JSON.stringify(site) + JSON.stringify(other), "it.json")]);
  assert.match(warnings.join("\n"), /Listener x is of another namespace$/);
});

Deno.test("fields: values that ask for no more than Tendril does are not worth a word", () => {
  const listener = KINDS.find(({ kind }) => kind === "Listener")!;
  const quiet = { observer: "auto", exposePodsByName: false, settings: {} };
  assert.deepEqual(strayFields(listener, { spec: quiet, status: { any: 1 }, metadata: { labels: { a: "b" } } }), []);
});

/** One of each type, none of which any field takes. */
const WRONG: readonly unknown[] = [{ zz: { zz: 1 } }, [[1]], "\u0007", -1.5, true];
/** What an error says was expected. */
const EXPECTED = /^(must |is missing|has no field |needs |may )/;

for (const kind of KINDS.filter(({ unused }) => unused === undefined)) {
  for (const { path } of fieldsOf(kind).filter(({ support }) => support === "acting")) {
    Deno.test(`fields: a wrong value of ${kind.kind} ${path} is refused with file, line, column, field and what it must be`, () => {
      let refused = 0;
      for (const wrong of WRONG) {
        const value = set(specimenFor(kind.kind, path), path, wrong);
        const text = stringify({ apiVersion: kind.apiVersion, kind: kind.kind, ...value });
        const { problems } = assemble([scanDocuments(text, "it.yaml"), scanDocuments(CONTEXT, "context.yaml")]);
        if (problems.length > 0) refused++;
        for (const { text: problem, hint } of problems) {
          const [, line, column, name, what] =
            /^it\.yaml:(\d+):(\d+) \(document 1\): (\S+) (?:\S+|without a name): (.*)$/s.exec(problem) ?? [];
          assert.equal(name, kind.kind, problem);
          // What names nothing that is there is shown itself.
          const dangling = /^(there is no \S+ )?("\\u0007"|-1\.5|true)( is no .*)?$/.test(what ?? "");
          const [, field = "", expected = ""] = /^(\S+) (.*)$/s.exec(what ?? "") ?? [];
          assert.ok(dangling || EXPECTED.test(expected), problem);
          assert.match(hint, /\.$/);
          // At the place is the field, its value in the next line, or what it stands in where the field itself is not there.
          const row = text.split("\n")[Number(line) - 1] ?? "";
          const keys = ["zz", ...field.split("."), ...path.replaceAll("[]", "").split(".")];
          assert.ok(Number(column) > 0 && Number(column) <= row.length + 1, `${problem}\n${text}`);
          assert.ok(keys.some((key) => row.includes(key)) || /^\s*- /.test(row) || line === "1", `${problem}\n${text}`);
        }
      }
      assert.ok(refused > 0, "every value is taken");
    });
  }
}

Deno.test("fields: no routing key is an address of the routers themselves", () => {
  const rules = { backends: [{ routingKey: "$management" }] };
  for (
    const [kind, path, value] of [
      ["Listener", "spec.routingKey", "$management"],
      ["Listener", "spec.subjects", [{ subject: "a", routingKey: "_$qd.x" }]],
      ["Connector", "spec.routingKey", "amqp:/_topo/0/hub/$management"],
      ["MultiKeyListener", "spec.strategy", { priority: { routingKeys: ["a", "_edge/west/x"] } }],
      ["MultiKeyListener", "spec.strategy", { weighted: { routingKeys: { "_local/x": 1 } } }],
      ["HttpRoute", "spec.rules", [rules]],
    ] as const
  ) {
    const { problems } = read(kind, set(specimenFor(kind, path), path, value));
    assert.match(problems.join("\n"), /must not be an address of the routers themselves/, `${kind} ${path}`);
  }
});
