import assert from "node:assert/strict";
import { TendrilError } from "../../lib/errors.ts";
import { base64, CA, CERT, CREDENTIALS, KEY, link, secret } from "../testing_link_files.ts";
import { describeToken } from "./describe.ts";
import { redeemedYaml } from "./redeem.ts";
import { parseToken } from "./token_file.ts";
import { parseLinkFile } from "../link_file.ts";

const indented = CA.trimEnd().replaceAll("\n", "\n    ");

/** As `skupper token issue` writes it. */
const ACCESS_TOKEN = `apiVersion: skupper.io/v2alpha1
kind: AccessToken
metadata:
  creationTimestamp: null
  name: west-7d1c
spec:
  ca: |
    ${indented}
  code: gatekeeperkeeper
  linkCost: 3
  url: https://[fd00::1]:9090/7f3c
status: {}
`;

/** As `skupper token create` of version 1 writes it. */
const CLAIM = `apiVersion: v1
data:
  ca.crt: ${base64(CA)}
  password: ${base64("gatekeeperkeeper")}
kind: Secret
metadata:
  annotations:
    skupper.io/claim-expiration: "2026-11-21T09:06:57Z"
    skupper.io/generated-by: 7f3c
    skupper.io/site-version: 1.9.2
    skupper.io/url: https://claims.example.com:443/7d1c
  creationTimestamp: null
  labels:
    skupper.io/type: token-claim
  name: 7d1c
`;

/** As \`skupper token create --token-type cert\` of version 1 writes it. */
const CERTIFICATE = `apiVersion: v1
data:
  ca.crt: ${base64(CA)}
  tls.crt: ${base64(CERT)}
  tls.key: ${base64(KEY)}
kind: Secret
metadata:
  annotations:
    edge-host: edge.example.com
    edge-port: "443"
    inter-router-host: 10.0.0.4
    inter-router-port: "55671"
    skupper.io/cost: "7"
    skupper.io/generated-by: 7f3c
  labels:
    skupper.io/type: connection-token
  name: link1
`;

function refusal(text: string): TendrilError {
  try {
    parseToken(text, "x.token");
  } catch (error) {
    assert.ok(error instanceof TendrilError, String(error));
    assert.ok(!`${error.message} ${error.hint}`.includes("gatekeeper"), "the code is shown");
    return error;
  }
  assert.fail("it was taken");
}

Deno.test("tokens: an AccessToken of version 2 is read", () => {
  const token = parseToken(ACCESS_TOKEN, "x.token");
  assert.ok(token.kind === "access-token");
  const { name, url, code, ca, cost } = token;
  assert.deepEqual([name, url.href, code, ca, cost], [
    ...["west-7d1c", "https://[fd00::1]:9090/7f3c", "gatekeeperkeeper", CA, 3],
  ]);
  const json = JSON.stringify({
    apiVersion: "skupper.io/v2alpha1",
    kind: "AccessToken",
    metadata: { name: "west-7d1c", namespace: "x" },
    spec: { url: url.href, code, ca, linkCost: 0 },
  });
  assert.deepEqual(parseToken(json, "x.json"), { ...token, cost: undefined });
});

Deno.test("tokens: a claim of version 1 is read", () => {
  const token = parseToken(CLAIM, "x.yaml");
  assert.ok(token.kind === "claim");
  const { name, url, code, ca, expires, siteVersion } = token;
  assert.deepEqual([name, url.href, code, ca, expires, siteVersion], [
    ...["7d1c", "https://claims.example.com/7d1c", "gatekeeperkeeper", CA, "2026-11-21T09:06:57Z", "1.9.2"],
  ]);
});

Deno.test("tokens: a certificate token of version 1 is a link, which is written as one", () => {
  const token = parseToken(CERTIFICATE, "x.yaml");
  assert.ok(token.kind === "certificate");
  const [made] = parseLinkFile(redeemedYaml({ name: token.name, links: [token.link] }), "link.yaml");
  assert.deepEqual(made, token.link);
  assert.deepEqual([made?.name, made?.cost, made?.tls], ["link1", 7, CREDENTIALS]);
  assert.deepEqual(made?.endpoints.map(({ role, host, port }) => `${role} ${host} ${port}`), [
    ...["inter-router 10.0.0.4 55671", "edge edge.example.com 443"],
  ]);
});

Deno.test("tokens: what is shown of one has neither code nor key", () => {
  for (const text of [ACCESS_TOKEN, CLAIM, CERTIFICATE]) {
    const shown = JSON.stringify(describeToken(parseToken(text, "x")));
    for (const hidden of ["gatekeeper", base64("gatekeeperkeeper"), "PRIVATE", "BEGIN"]) {
      assert.ok(!shown.includes(hidden), `${hidden} in ${shown}`);
    }
  }
});

Deno.test("tokens: what is no token says what it is, and never its code", () => {
  const cases: [string, string, RegExp][] = [
    ["", "SITE_INVALID", /no AccessToken/],
    [secret("link-west") + "---\n" + link("link-west"), "SITE_INVALID", /no AccessToken.*/],
    [`${ACCESS_TOKEN}---\n${ACCESS_TOKEN.replace("west-7d1c", "east")}`, "SITE_INVALID", /several tokens/],
    [ACCESS_TOKEN.replace("https:", "http:"), "SITE_INVALID", /x\.token:\d+:\d+.*spec\.url must be a URL.*https/],
    [ACCESS_TOKEN.replace("url:", "uri:"), "SITE_INVALID", /spec\.url is missing/],
    [ACCESS_TOKEN.replace("  code: gatekeeperkeeper\n", ""), "SITE_INVALID", /spec\.code is missing/],
    [ACCESS_TOKEN.replace("west-7d1c", "../west"), "SITE_INVALID", /metadata\.name must consist/],
    [ACCESS_TOKEN.replace("v2alpha1", "v9"), "SITE_INVALID", /another apiVersion/],
    [ACCESS_TOKEN.replace("linkCost: 3", "linkCost: -3"), "SITE_INVALID", /spec\.linkCost/],
    [ACCESS_TOKEN.replace("kind:", "\tkind:"), "SITE_SYNTAX", /x\.token:2:/],
    [CLAIM.replace("skupper.io/url", "skupper.io/uri"), "SITE_INVALID", /annotation skupper\.io\/url/],
    [CLAIM.replace("password", "passwort"), "SITE_INVALID", /no password/],
    [CERTIFICATE.replaceAll("-port", "-part"), "SITE_INVALID", /edge-host and edge-port/],
    [CERTIFICATE.replace("tls.key", "tls.kex"), "SITE_SECRET", /tls\.key is missing/],
  ];
  for (const [text, code, words] of cases) {
    const error = refusal(text);
    assert.equal(error.code, code, words.source);
    assert.match(error.message, words);
    assert.ok(error.hint);
  }
  assert.match(refusal(secret("l") + "---\n" + link("l")).hint ?? "", /link file: use it with --link/);
});
