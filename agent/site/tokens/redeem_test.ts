import assert from "node:assert/strict";
import { TendrilError } from "../../lib/errors.ts";
import { type HttpHandler, serveHttps } from "../../transport/http_server.ts";
import { TestAuthority } from "../../transport/testing_certs.ts";
import { writeLinkFile } from "../link_file.ts";
import { type Redeemed, redeemToken } from "./redeem.ts";
import type { RedeemableToken } from "./token_file.ts";

const NAMES = { name: "grants", dns: ["localhost", "127.0.0.1"], ips: ["127.0.0.1"] };

/** Redeems a token at a server that answers as `handler` does. */
async function redeemAt(handler: HttpHandler, change: Partial<RedeemableToken> = {}): Promise<Redeemed> {
  const tls = await (await TestAuthority.create("grants")).issue(NAMES);
  const server = await serveHttps(
    { host: "127.0.0.1", port: 0, tls, maxConnections: 9, maxPerAddress: 9, maxBody: 999, timeoutMs: 9000 },
    handler,
    () => {},
  );
  const url = new URL(`https://127.0.0.1:${server.port}/7f3c`);
  const common = { kind: "access-token", name: "west", url, code: "the code", ca: tls.ca } as const;
  const token = { ...common, cost: undefined, expires: undefined, siteVersion: undefined, ...change };
  try {
    return await redeemToken(token, "my-site");
  } finally {
    await server.close();
  }
}

async function errorOf(failing: Promise<unknown>): Promise<TendrilError> {
  const error = await failing.then(() => undefined, (error) => error);
  assert.ok(error instanceof TendrilError, String(error));
  assert.ok(error.hint, `${error.code} has no next step`);
  assert.ok(!`${error.message} ${error.cause} ${error.hint}`.includes("the code\n"));
  return error;
}

async function linkFile(): Promise<string> {
  const credentials = await (await TestAuthority.create("site")).issue({ name: "west" });
  const endpoints = [{ role: "edge", host: "10.0.0.4", port: 45_671 }] as const;
  return writeLinkFile({ name: "west", credentials, endpoints });
}

Deno.test("redeeming: the request is the one that Skupper's sites send, and the token's cost counts", async () => {
  const file = await linkFile();
  const second = file.slice(file.indexOf("---\napiVersion: skupper.io")).replace("name: west", "name: west-2");
  const seen: string[] = [];
  const { links } = await redeemAt(async (request) => {
    const { headers } = request;
    seen.push(request.method, new URL(request.url).pathname, `${headers.get("name")}`, `${headers.get("subject")}`);
    seen.push(await request.text());
    return new Response(file + second);
  }, { cost: 5 });
  assert.deepEqual(seen, ["POST", "/7f3c", "west", "my-site", "the code"]);
  assert.deepEqual(links.map(({ name, cost }) => [name, cost]), [["west", 5], ["west-2", 5]]);
});

Deno.test("redeeming: a claim of version 1 is asked for as that version does, and its answer is a link", async () => {
  const { ca, cert, key } = await (await TestAuthority.create("site")).issue({ name: "west" });
  const base64 = (text: string) => new TextEncoder().encode(text).toBase64();
  const secret = JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "conn1",
      labels: { "skupper.io/type": "connection-token" },
      annotations: { "edge-host": "10.0.0.4", "edge-port": "45671" },
    },
    data: { "ca.crt": base64(ca), "tls.crt": base64(cert), "tls.key": base64(key) },
  });
  const seen: string[] = [];
  const { links } = await redeemAt((request) => {
    seen.push(new URL(request.url).search, `${request.headers.get("skupper-site-name")}`);
    return Promise.resolve(new Response(secret));
  }, { kind: "claim", siteVersion: "1.9.2", cost: 2 });
  assert.deepEqual(seen, ["?site-version=1.9.2", "my-site"]);
  assert.deepEqual(links.map(({ name, cost, endpoints }) => [name, cost, endpoints[0]?.host]), [[
    "west",
    2,
    "10.0.0.4",
  ]]);
});

Deno.test("redeeming: each refusal of a Skupper or Tendril site is an error of its own", async () => {
  const cases: [number, string, string][] = [
    [403, "Redemption of access token refused\n", "TOKEN_CODE"],
    [404, "No such claim\n", "TOKEN_UNKNOWN"],
    [404, "No such access granted\n", "TOKEN_USED_UP"],
    [404, "the token expired at x [GRANT_EXPIRED]\n", "TOKEN_EXPIRED"],
    [404, "x [GRANT_USED_UP]\n", "TOKEN_USED_UP"],
    [429, "too many attempts\n", "TOKEN_RATE"],
    [503, "Internal error\n", "TOKEN_REFUSED"],
    [500, "Could not get issuer for requested certificate\n", "TOKEN_REFUSED"],
    [302, "", "TOKEN_REFUSED"],
  ];
  for (const [status, text, code] of cases) {
    const error = await errorOf(redeemAt(() => Promise.resolve(new Response(text, { status }))));
    assert.equal(error.code, code, `${status} ${text}`);
    assert.match(String(error.cause), new RegExp(`answered ${status}`));
  }
});

Deno.test("redeeming: an answer that is no usable link says so", async () => {
  const file = await linkFile();
  const other = await linkFile();
  const key = /tls\.key: .*/.exec(other)?.[0] ?? "";
  const answers = [
    "",
    "<html>",
    file.slice(0, file.indexOf("---\napiVersion: skupper.io")),
    file.replace(/tls\.key: .*/, ""),
    file.replace(/tls\.key: .*/, key),
  ];
  for (const answer of answers) {
    assert.equal((await errorOf(redeemAt(() => Promise.resolve(new Response(answer))))).code, "TOKEN_ANSWER");
  }
});

Deno.test("redeeming: whoever is not the site of the token gets no code", async () => {
  let asked = 0;
  const handler: HttpHandler = () => {
    asked++;
    return Promise.resolve(new Response());
  };
  const other = await TestAuthority.create("grants");
  assert.equal((await errorOf(redeemAt(handler, { ca: other.pem }))).code, "TOKEN_CA");
  assert.equal((await errorOf(redeemAt(handler, { ca: "no PEM" }))).code, "TOKEN_CA");
  assert.equal(asked, 0);
});

Deno.test("redeeming: clocks, names and servers that are not there are told apart", async () => {
  const authority = await TestAuthority.create("grants");
  const hour = 3_600_000;
  const from = (ms: number) => ({ notBefore: new Date(Date.now() + ms), notAfter: new Date(Date.now() + ms + hour) });
  const cases = [
    [{ ...NAMES, ...from(hour) }, "TOKEN_CLOCK"],
    [{ ...NAMES, ...from(-2 * hour) }, "TOKEN_CLOCK"],
    [{ name: "grants", dns: ["elsewhere.example"] }, "TOKEN_HOST"],
  ] as const;
  const token = { kind: "access-token", name: "west", code: "x", ca: authority.pem } as const;
  const rest = { cost: undefined, expires: undefined, siteVersion: undefined };
  for (const [names, code] of cases) {
    const tls = await authority.issue(names);
    const options = {
      host: "127.0.0.1",
      port: 0,
      tls,
      maxConnections: 9,
      maxPerAddress: 9,
      maxBody: 999,
      timeoutMs: 9000,
    };
    const server = await serveHttps(options, () => Promise.resolve(new Response()), () => {});
    const url = new URL(`https://127.0.0.1:${server.port}/x`);
    const error = await errorOf(redeemToken({ ...token, ...rest, url }, "me"));
    await server.close();
    assert.equal(error.code, code);
  }
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  const nobody = new URL(`https://127.0.0.1:${listener.addr.port}/x`);
  assert.equal((await errorOf(redeemToken({ ...token, ...rest, url: nobody }, "me"))).code, "TOKEN_UNREACHABLE");
});
