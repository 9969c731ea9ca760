import assert from "node:assert/strict";
import { parse, parseAllDocuments } from "yaml";
import { TendrilError } from "../lib/errors.ts";
import { parseLinkFile, writeLinkFile } from "./link_file.ts";
import { base64, CA, CERT, CREDENTIALS, KEY, link, linkJson, secret, secretJson } from "./testing_link_files.ts";

const ENDPOINTS = [
  { role: "inter-router", host: "10.0.0.4", port: 55671, group: "" },
  { role: "edge", host: "10.0.0.4", port: 45671, group: "" },
];
const WEST = { name: "link-west", cost: 1, measured: false, endpoints: ENDPOINTS, tls: CREDENTIALS, websocket: false };

function failure(text: string): TendrilError {
  try {
    parseLinkFile(text, "link.yaml");
  } catch (error) {
    assert.ok(error instanceof TendrilError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "the file was accepted" });
}

const ONE_LINK_FORMS: Readonly<Record<string, string>> = {
  "Secret first, as Skupper prints outside Kubernetes": `---\n${secret("link-west")}---\n${link("link-west")}`,
  "a Secret without type, as releases up to 2.2.1 print": `---\n${secret("link-west", "")}---\n${link("link-west")}`,
  "an Opaque Secret": `${secret("link-west", "type: Opaque\n")}---\n${link("link-west")}`,
  "Link first": `${link("link-west")}---\n${secret("link-west")}`,
  "Windows line ends": `${link("link-west")}---\n${secret("link-west")}`.replaceAll("\n", "\r\n"),
  "a byte order mark": `\ufeff${link("link-west")}---\n${secret("link-west")}`,
  "comments, empty documents and an end mark": `# made by hand\n---\n---\n${secret("link-west")}---\n${
    link("link-west")
  }...\n---\n# nothing\n`,
  "numeric ports": `${secret("link-west")}---\n${link("link-west").replaceAll(/port: "(\d+)"/g, "port: $1")}`,
  "unknown fields and other kinds": `${secret("link-west")}immutable: true\n---\n${
    link("link-west").replace("spec:\n", "spec:\n  novelty: [1, {a: b}]\n")
  }---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n`,
  "namespaces": `${secret("link-west").replace("metadata:\n", "metadata:\n  namespace: west\n")}---\n${
    link("link-west")
  }`,
  "stringData": `apiVersion: v1\nkind: Secret\nmetadata: {name: link-west}\nstringData:\n${
    Object.entries({ "ca.crt": CA, "tls.crt": CERT, "tls.key": KEY }).map(([key, pem]) =>
      `  ${key}: |\n${pem.replaceAll(/^(?=.)/gm, "    ")}`
    ).join("")
  }---\n${link("link-west")}`,
  "base64 over several lines": `${
    secret("link-west").replace(base64(CERT), `|\n${base64(CERT).replaceAll(/.{1,64}/g, "    $&\n")}`)
  }---\n${link("link-west")}`,
  "the same Secret twice": `${secret("link-west")}---\n${secret("link-west")}---\n${link("link-west")}`,
};
for (const [form, text] of Object.entries(ONE_LINK_FORMS)) {
  Deno.test(`link file: ${form}`, () => assert.deepEqual(parseLinkFile(text, "link.yaml"), [WEST]));
}

Deno.test("link file: the Kubernetes form of an HA pair is two links with groups that share a Secret", () => {
  const pair = ["skupper-router", "skupper-router-2"].map((group, index) =>
    link(`link-west-${group}`, { host: `10.0.0.${index + 4}`, secret: "link-west", group })
  );
  const links = parseLinkFile([...pair, secret("link-west")].join("---\n"), "ha.yaml");
  assert.deepEqual(links.map(({ name }) => name), ["link-west-skupper-router", "link-west-skupper-router-2"]);
  assert.deepEqual(links.map(({ endpoints }) => endpoints.map(({ role, host, group }) => [role, host, group])), [
    [["inter-router", "10.0.0.4", "skupper-router"], ["edge", "10.0.0.4", "skupper-router"]],
    [["inter-router", "10.0.0.5", "skupper-router-2"], ["edge", "10.0.0.5", "skupper-router-2"]],
  ]);
  for (const { tls } of links) assert.deepEqual(tls, CREDENTIALS);
});

Deno.test("link file: several endpoints of one role are all kept, in their order", () => {
  const [both] = parseLinkFile(
    `${secret("w")}---\n${link("w").replace("  endpoints:\n", "  endpoints:\n  - {name: edge, host: b.c, port: 1}\n")}`,
    "f",
  );
  assert.deepEqual(both?.endpoints.map(({ role, host }) => `${role} ${host}`), [
    "edge b.c",
    "inter-router 10.0.0.4",
    "edge 10.0.0.4",
  ]);
});

for (
  const [style, join] of [
    ["printed one after the other", (all: object[]) => all.map((one) => JSON.stringify(one, null, 4)).join("\n")],
    ["with tabs", (all: object[]) => all.map((one) => JSON.stringify(one, null, "\t")).join("\n")],
    ["on one line", (all: object[]) => all.map((one) => JSON.stringify(one)).join("")],
    ["between separators", (all: object[]) => all.map((one) => JSON.stringify(one, null, 2)).join("\n---\n")],
  ] as const
) {
  Deno.test(`link file: JSON objects ${style}, with port 443 and a host per role`, () => {
    const text = join([linkJson("link-a", "s", "a.apps.example.com"), secretJson("s"), linkJson("link-b", "s", "b.c")]);
    const links = parseLinkFile(text, "link.json");
    assert.deepEqual(links.map(({ name, cost }) => [name, cost]), [["link-a", 2], ["link-b", 2]]);
    assert.deepEqual(links[0]?.endpoints, [
      { role: "inter-router", host: "inter-router-a.apps.example.com", port: 443, group: "skupper-router" },
      { role: "edge", host: "edge-a.apps.example.com", port: 443, group: "skupper-router" },
    ]);
    assert.deepEqual(links[1]?.tls, CREDENTIALS);
  });
}

Deno.test("link file: braces and quotes inside JSON texts do not end an object", () => {
  const odd = { ...linkJson("w", "w", "x.y"), note: '}{ \\" } \\' };
  assert.equal(parseLinkFile(`${JSON.stringify(odd)}${JSON.stringify(secretJson("w"))}`, "f")[0]?.name, "w");
});

Deno.test("link file: costs below 1 count as 1", () => {
  for (const [cost, expected] of [["0", 1], ["-3", 1], ["null", 1], ["7", 7]] as const) {
    const text = `${secret("w")}---\n${link("w").replace("cost: 1", `cost: ${cost}`)}`;
    assert.equal(parseLinkFile(text, "f")[0]?.cost, expected);
  }
});

Deno.test("link file: settings name a proxy's Secret and ask for WebSocket", () => {
  const settings = "  settings:\n    proxy-configuration: corp\n    tendril.websocket: 'true'\nstatus: {}\n";
  const proxy = "apiVersion: v1\nkind: Secret\nmetadata: {name: corp}\ntype: kubernetes.io/basic-auth\n" +
    "stringData: {host: proxy.corp, port: '3128', username: u, password: p}\n";
  const text = `${link("w").replace("status: {}\n", settings)}---\n${secret("w")}---\n${proxy}`;
  const [parsed] = parseLinkFile(text, "f");
  assert.deepEqual(parsed?.proxy, { host: "proxy.corp", port: 3128, username: "u", password: "p" });
  assert.equal(parsed?.websocket, true);
  const incomplete = failure(text.replace("port: '3128', ", ""));
  assert.equal(incomplete.code, "SITE_SECRET");
  assert.match(incomplete.message, /document 3.*Secret corp for Link w: port of the proxy is missing or wrong/);
  assert.match(failure(text.replace("{name: corp}", "{name: other}")).message, /: there is no Secret corp$/);
});

Deno.test("link file: a setting has the cost measured, and takes no number", () => {
  const text = `${link("w")}---\n${secret("w")}`;
  const set = (value: string) => text.replace("status: {}\n", `  settings:\n    tendril.cost: ${value}\nstatus: {}\n`);
  assert.equal(parseLinkFile(text, "f")[0]?.measured, false);
  assert.equal(parseLinkFile(set("measured"), "f")[0]?.measured, true);
  const wrong = failure(set("'5'"));
  assert.match(`${wrong.message} ${wrong.hint}`, /: 5 is no way to find a cost.*spec\.cost/s);
});

const both = `${secret("w")}---\n${link("w")}`;
const FAULTS: ReadonlyArray<readonly [string, string, string, RegExp]> = [
  ["nothing", "", "SITE_INVALID", /there is no Link in it/],
  ["a Secret alone", secret("w"), "SITE_INVALID", /there is no Link in it/],
  ["no Secret", link("w"), "SITE_SECRET", /link\.yaml:15:19 \(document 1\): Link w: there is no Secret w$/],
  ["prose", "Dear colleague,\n", "SITE_SYNTAX", /link\.yaml:1:1 \(document 1\): a resource is a mapping/],
  [
    "a web page",
    "<!DOCTYPE html>\n<p>Sign in: <a href='x'>here</a>\n",
    "SITE_SYNTAX",
    /link\.yaml:\d:\d+ \(document 1\):/,
  ],
  ["a tab", "a:\n\tb: c\n", "SITE_SYNTAX", /link\.yaml:2:1 \(document 1\): tabs can't be used to indent/],
  ["a broken second document", `${secret("w")}---\na: [b\n`, "SITE_SYNTAX", /link\.yaml:14:1 \(document 2\):/],
  [
    "a key twice",
    both.replace("  cost: 1\n", "  cost: 1\n  cost: 2\n"),
    "SITE_SYNTAX",
    /:20:3 .*key cost is there twice/,
  ],
  [
    "an endpoint that is none",
    both.replace('port: "45671"', "port: http"),
    "SITE_INVALID",
    /:26:11 \(document 2\): Link w: spec.endpoints.1.port must be a port, 1 to 65535$/,
  ],
  ["a port too large", both.replace('"45671"', "65536"), "SITE_INVALID", /:26:11 .* must be a port/],
  [
    "a role unknown",
    both.replace("name: edge", "name: corner"),
    "SITE_INVALID",
    /:25:11 .*endpoints.1.name must be inter-router or edge$/,
  ],
  ["no port", both.replace('    port: "45671"\n', ""), "SITE_INVALID", /:24:5 .*endpoints.1.port is missing$/],
  [
    "a host that is none",
    both.replace("host: 10.0.0.4", "host: 'a b'"),
    "SITE_INVALID",
    /:21:11 .*host must be a host name/,
  ],
  [
    "no endpoints",
    both.replace(/ {2}endpoints:[^]*(?= {2}tls)/, "  endpoints: []\n"),
    "SITE_INVALID",
    /:20:14 .*spec.endpoints must not be empty$/,
  ],
  [
    "no spec",
    "apiVersion: skupper.io/v2alpha1\nkind: Link\nmetadata: {name: w}\n",
    "SITE_INVALID",
    /:1:1 .*: spec is missing$/,
  ],
  ["a bad name", both.replaceAll("name: w", "name: W_1"), "SITE_INVALID", /metadata.name must consist of lower-case/],
  [
    "another version",
    both.replace("v2alpha1", "v3"),
    "SITE_INVALID",
    /:13:13 .*apiVersion skupper.io\/v3 is not known$/,
  ],
  [
    "a version forgotten",
    both.replace("apiVersion: skupper.io/v2alpha1\n", ""),
    "SITE_INVALID",
    /:13:1 .*apiVersion is missing$/,
  ],
  [
    "no base64",
    both.replace(/tls.key: .*/, "tls.key: '***'"),
    "SITE_SECRET",
    /:3:3 \(document 1\): Secret w: data of key tls.key is not base64$/,
  ],
  [
    "no PEM",
    both.replace(base64(KEY), base64("secret")),
    "SITE_SECRET",
    /:3:3 \(document 1\): Secret w for Link w: tls.key is not PEM$/,
  ],
  ["a certificate as key", both.replace(base64(KEY), base64(CA)), "SITE_SECRET", /tls.key is not PEM$/],
  ["a key cut off", both.replace(base64(KEY), base64(KEY.slice(0, 60))), "SITE_SECRET", /tls.key is cut off/],
  [
    "an encrypted key",
    both.replace(base64(KEY), base64(KEY.replaceAll("RSA", "ENCRYPTED"))),
    "SITE_SECRET",
    /tls.key is encrypted$/,
  ],
  ["no key", both.replace(/ {2}tls.key: .*\n/, ""), "SITE_SECRET", /tls.key is missing$/],
  ["no CA", both.replace(/ {2}ca.crt: .*\n/, ""), "SITE_SECRET", /ca.crt is missing$/],
  [
    "Secrets that differ",
    `${secret("w").replace(base64(CA), base64(CERT))}---\n${both}`,
    "SITE_INVALID",
    /document 2\): Secret w: differs from the one in link.yaml:1:1 \(document 1\)/,
  ],
  [
    "two Links of one name",
    `${both}---\n${link("w")}`,
    "SITE_INVALID",
    /document 3\): Link w: the name is taken, see link.yaml:13:1 \(document 2\)/,
  ],
];
for (const [fault, text, code, message] of FAULTS) {
  Deno.test(`link file: ${fault} is told with its place`, () => {
    const error = failure(text);
    assert.match(error.message, message);
    assert.equal(error.code, code);
    assert.match(error.hint ?? "", /^[A-Z].*\.$/);
  });
}

Deno.test("link file: no message quotes a value of a Secret", () => {
  const token = base64("the-password");
  for (
    const line of [`*${token}`, `"${token}" x`, `[${token}`, `@${token}`, `!<${token}> ]`, `${token}: ${token}: x`]
  ) {
    const error = failure(`apiVersion: v1\nkind: Secret\nmetadata: {name: w}\ndata:\n  tls.key: ${line}\n`);
    assert.ok(!error.message.includes(token), error.message);
  }
});

Deno.test("link file: control characters of the file do not reach the terminal", () => {
  const error = failure(`${secret("w")}---\n${link('"w\\e[31m\\u202e"')}`);
  assert.ok(![..."\u001b\u202e"].some((character) => error.message.includes(character)), error.message);
});

Deno.test("link file: written ones read back, Secret first, quoted ports and every value on one line", () => {
  const credentials = { ca: CA, cert: CERT.repeat(20), key: KEY };
  const endpoints = [{ role: "inter-router", host: "fd00::1", port: 55671 }, {
    role: "edge",
    host: "w.x",
    port: 443,
  }] as const;
  const text = writeLinkFile({ name: "link-west", credentials, endpoints, cost: 3 });
  const [first, second] = parseAllDocuments(text).map((document) => document.toJS());
  assert.deepEqual([first.kind, first.type, second.kind], ["Secret", "kubernetes.io/tls", "Link"]);
  assert.deepEqual(second.spec.endpoints.map(({ port }: { port: unknown }) => port), ["55671", "443"]);
  assert.match(text, /^ {2}tls\.crt: [A-Za-z0-9+/=]{3000,}$/m);
  assert.deepEqual(parseLinkFile(text, "f"), [{
    name: "link-west",
    cost: 3,
    measured: false,
    endpoints: endpoints.map((endpoint) => ({ ...endpoint, group: "" })),
    tls: credentials,
    websocket: false,
  }]);
});

Deno.test("link file: a name that YAML would take for something else is quoted, others are refused", () => {
  const part = { credentials: CREDENTIALS, endpoints: [{ role: "edge", host: "w", port: 1 }], cost: 1 } as const;
  for (const name of ["true", "null", "1e3", "1.5", "007", "no", "y"]) {
    assert.equal(parseLinkFile(writeLinkFile({ ...part, name }), "f")[0]?.name, name);
    const first = writeLinkFile({ ...part, name }).split("---\n")[1] ?? "";
    assert.equal(parse(first, { version: "1.1" }).metadata.name, name);
  }
  for (const name of ["", "A", "a\nb: c", "a: b", "-a", "a..b"]) {
    assert.throws(() => writeLinkFile({ ...part, name }), { code: "SITE_NAME" });
  }
  for (const [host, port] of [["a b", 1], ['x"', 1], ["", 1], ["x", 0], ["x", 65536], ["x", 1.5]] as const) {
    const endpoints = [{ role: "edge", host, port }] as const;
    assert.throws(() => writeLinkFile({ ...part, name: "w", endpoints }), { code: "SITE_INVALID" });
  }
});
