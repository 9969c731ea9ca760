import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createAuthority, issue } from "./authority.ts";
import { authorityFault, canonicalHost, covers, hostsOf, isIssuedBy } from "./inspect.ts";

const now = Date.now();
const EC = { algorithm: "ecdsa", years: 1, now } as const;
const LEAF = { commonName: "x", hosts: [], client: true, server: true } as const;
const YEAR_MS = 365 * 86_400_000;

Deno.test("inspect: hosts are known by every spelling, and a name is not covered by its beginning", async () => {
  const authority = await createAuthority({ commonName: "ca", ...EC });
  const hosts = ["Hub.Example.com", "10.0.0.4", "fd00::1"];
  const { cert } = await issue({ authority, commonName: "x", hosts, client: true, server: true, ...EC });
  const names = hostsOf(cert);
  assert.deepEqual([...names.dns], ["hub.example.com", "10.0.0.4", "fd00::1"]);
  assert.deepEqual([...names.ip], ["10.0.0.4", "fd00::1"]);
  for (const host of ["hub.example.COM", "10.0.0.4", "FD00:0::1"]) assert.ok(covers(names, host), host);
  for (const host of ["hub", "example.com", "10.0.0.40", "::1"]) assert.ok(!covers(names, host), host);
});

Deno.test("inspect: an address counts only as DNS name and as address", () => {
  assert.ok(!covers({ dns: new Set(["10.0.0.4"]), ip: new Set() }, "10.0.0.4"));
  assert.ok(!covers({ dns: new Set(), ip: new Set(["10.0.0.4"]) }, "10.0.0.4"));
});

Deno.test("inspect: a certificate without names has no hosts", async () => {
  assert.deepEqual(hostsOf((await createAuthority({ commonName: "ca", ...EC })).cert), {
    dns: new Set(),
    ip: new Set(),
  });
});

Deno.test("inspect: one spelling per host", () => {
  assert.equal(canonicalHost("FD00:0:0::0001"), "fd00::1");
  assert.equal(canonicalHost("::ffff:1.2.3.4"), "::ffff:102:304");
  assert.equal(canonicalHost("Hub.Example"), "hub.example");
  assert.equal(canonicalHost("hub.example."), "hub.example", "certificates don't write the dot at the end");
});

Deno.test("inspect: an authority of the same name is not the issuer", async () => {
  const [authority, impostor] = [
    await createAuthority({ commonName: "ca", ...EC }),
    await createAuthority({ commonName: "ca", ...EC }),
  ];
  const other = await createAuthority({ commonName: "other", ...EC });
  const { cert } = await issue({ authority, commonName: "x", hosts: [], client: true, server: true, ...EC });
  const issuers = [authority, impostor, other].map((each) => isIssuedBy(cert, each.cert));
  assert.deepEqual(issuers, [true, false, false]);
  const renamed = await issue({ ...EC, authority: { ...authority, cert: other.cert }, ...LEAF });
  assert.ok(!isIssuedBy(renamed.cert, authority.cert), "nor is one with the same key and another name");
});

Deno.test("inspect: what is wrong with an authority is told without its key", async () => {
  const authority = await createAuthority({ commonName: "ca", ...EC });
  const other = await createAuthority({ commonName: "ca", ...EC });
  const leaf = await issue({ authority, commonName: "x", hosts: [], client: true, server: true, ...EC });
  const ed25519 = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  assert.equal(authorityFault(authority, now), undefined);
  assert.match(authorityFault(leaf, now) ?? "", /not the certificate of an authority/);
  assert.match(authorityFault(authority, now + 2 * YEAR_MS) ?? "", /^expired on /);
  assert.match(authorityFault({ cert: authority.cert, key: other.key }, now) ?? "", /does not belong/);
  assert.match(authorityFault({ cert: authority.cert, key: ed25519 }, now) ?? "", /can't issue here: ed25519/);
  const garbage = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
  assert.equal(
    authorityFault({ cert: authority.cert, key: garbage }, now),
    "has a certificate or key that can't be read",
  );
});
