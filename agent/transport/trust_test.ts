import assert from "node:assert/strict";
import { run } from "../../tests/support/processes.ts";
import { testWith } from "../../tests/support/programs.ts";
import { TendrilError } from "../lib/errors.ts";
import { pemCertificates } from "./certificate.ts";
import type { TlsCredentials } from "./channel.ts";
import { readCredentials } from "./credentials.ts";
import { forge, TestAuthority } from "./testing_certs.ts";
import { TrustAnchors } from "./trust.ts";

function verdict(anchors: TrustAnchors, pem: string, now = Date.now()): string {
  try {
    anchors.verify(pemCertificates(pem), "server", now);
    return "trusted";
  } catch (error) {
    return (error as TendrilError).code;
  }
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return "no error";
  } catch (error) {
    return error instanceof TendrilError ? error.code : String(error);
  }
}

Deno.test("a chain may pass intermediate authorities in any order, but none that may not issue", async () => {
  const root = await TestAuthority.create("root");
  const upper = await root.issueAuthority("upper");
  const lower = await upper.issueAuthority("lower");
  const { cert } = await lower.issue({ name: "leaf" });
  const anchors = new TrustAnchors(root.pem);
  assert.equal(verdict(anchors, cert + lower.pem + upper.pem), "trusted");
  assert.equal(verdict(anchors, cert + upper.pem + lower.pem), "trusted");
  assert.equal(verdict(anchors, cert + upper.pem), "LINK_TLS_CA");
  assert.equal(verdict(anchors, cert), "LINK_TLS_CA");
  assert.equal(verdict(new TrustAnchors(root.pem + lower.pem), cert), "trusted");

  const notAuthority = await root.issueAuthority("plain", { ca: false });
  const below = await notAuthority.issue({ name: "leaf" });
  assert.equal(verdict(anchors, below.cert + notAuthority.pem), "LINK_TLS_CA");
});

Deno.test("time decides, at the leaf and at the authority", async () => {
  const root = await TestAuthority.create("root");
  const { cert } = await root.issue({ name: "leaf", notAfter: new Date(Date.now() + 1e12) });
  const anchors = new TrustAnchors(root.pem);
  assert.equal(verdict(anchors, cert), "trusted");
  assert.equal(verdict(anchors, cert, Date.now() - 1e9), "LINK_TLS_NOT_YET_VALID");
  assert.equal(verdict(anchors, cert, Date.now() + 1e11), "LINK_TLS_EXPIRED", "the authority has expired by then");
  assert.equal(verdict(anchors, cert, Date.now() + 1e13), "LINK_TLS_EXPIRED");
});

Deno.test("a name alone makes nobody an issuer", async () => {
  const root = await TestAuthority.create("root");
  const impostor = await TestAuthority.create("root");
  const anchors = new TrustAnchors(root.pem);
  assert.equal(verdict(anchors, (await impostor.issue({ name: "leaf" })).cert), "LINK_TLS_CA");
  assert.equal(verdict(anchors, (await impostor.issue({ name: "leaf" })).cert + impostor.pem), "LINK_TLS_CA");
  assert.equal(verdict(anchors, (await forge("root", {}, "version 1")).cert), "LINK_TLS_CERTIFICATE");
  assert.equal(verdict(anchors, ""), "LINK_TLS_NO_CERT");
});

Deno.test("credentials that can't work are refused before anybody dials", async () => {
  const site = await TestAuthority.create("site");
  const good = await site.issue({ name: "west" });
  const other = await site.issue({ name: "east" });
  const refused = (change: Partial<TlsCredentials>) => codeOf(() => readCredentials({ ...good, ...change }));
  assert.equal(refused({}), "no error");
  assert.equal(refused({ ca: "" }), "LINK_TLS_CREDENTIALS");
  assert.equal(refused({ ca: good.key }), "LINK_TLS_CREDENTIALS");
  assert.equal(refused({ ca: (await forge("site", { ca: true }, "version 1")).cert }), "LINK_TLS_CREDENTIALS");
  assert.equal(refused({ cert: "" }), "LINK_TLS_CREDENTIALS");
  assert.equal(refused({ key: "nonsense" }), "LINK_TLS_CREDENTIALS");
  assert.equal(refused({ key: other.key }), "LINK_TLS_CREDENTIALS");
  assert.equal(refused({ cert: "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----" }), "LINK_TLS_CERTIFICATE");
});

Deno.test("an unreadable key is not quoted in the error", async () => {
  const site = await TestAuthority.create("site");
  const good = await site.issue({ name: "west" });
  const key = good.key.replace(/MIG/, "SECRET");
  try {
    readCredentials({ ...good, key });
    assert.fail("the key was taken");
  } catch (error) {
    assert.ok(!Deno.inspect(error).includes("SECRET"));
  }
});

const KINDS: Readonly<Record<string, string>> = {
  "RSA with SHA-256": "rsa:2048 -sha256",
  "RSA with SHA-512": "rsa:2048 -sha512",
  "P-256 with SHA-256": "ec -pkeyopt ec_paramgen_curve:P-256 -sha256",
  "P-384 with SHA-384": "ec -pkeyopt ec_paramgen_curve:P-384 -sha384",
  "P-521 with SHA-512": "ec -pkeyopt ec_paramgen_curve:P-521 -sha512",
  "Ed25519": "ed25519",
};

testWith(["openssl"], "authorities of every usual kind are understood, as OpenSSL makes them", async () => {
  const dir = await Deno.makeTempDir();
  const openssl = async (args: string) => {
    const { code, stderr } = await run("openssl", args.split(" "), { cwd: dir });
    assert.equal(code, 0, stderr);
  };
  for (const [kind, options] of Object.entries(KINDS)) {
    await openssl(`req -x509 -newkey ${options} -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=ca`);
    await openssl(`req -newkey ${options} -nodes -keyout leaf.key -out leaf.csr -subj /CN=leaf`);
    await Deno.writeTextFile(`${dir}/ext`, "subjectAltName=DNS:leaf.example");
    const digest = /-sha\d+/.exec(options)?.[0] ?? "-sha256";
    await openssl(
      `x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -set_serial 7 -days 1 -extfile ext -out leaf.crt ${digest}`,
    );
    const [ca, cert, key] = await Promise.all(
      ["ca.crt", "leaf.crt", "leaf.key"].map((name) => Deno.readTextFile(`${dir}/${name}`)),
    );
    readCredentials({ ca, cert, key });
    assert.equal(verdict(new TrustAnchors(ca), cert), "trusted", kind);
    // The last byte of the signature.
    const der = pemCertificates(cert)[0].slice();
    der[der.length - 1] ^= 1;
    assert.throws(() => new TrustAnchors(ca).verify([der], "server", Date.now()), kind);
  }
  await Deno.remove(dir, { recursive: true });
});
