import assert from "node:assert/strict";
import fc from "fast-check";
import { TendrilError } from "../lib/errors.ts";
import { pemCertificates, readCertificate } from "./certificate.ts";
import { forge, TestAuthority } from "./testing_certs.ts";

async function sample(): Promise<Uint8Array> {
  const site = await TestAuthority.create("site");
  const { cert } = await site.issue({ dns: ["a.example", "10.0.0.1"], ips: ["10.0.0.1", "fd00::1"] });
  return pemCertificates(cert)[0];
}

function isRefused(der: Uint8Array): boolean {
  try {
    readCertificate(der);
    return false;
  } catch (error) {
    assert.ok(error instanceof TendrilError, String(error));
    assert.equal(error.code, "LINK_TLS_CERTIFICATE");
    return true;
  }
}

Deno.test("reads what a certificate says", async () => {
  const site = await TestAuthority.create("site");
  const notBefore = new Date("2020-01-02T03:04:05Z");
  const notAfter = new Date("2051-12-31T23:59:59Z");
  const names = { dns: ["a.example", "*.b.example"], ips: ["10.0.0.1", "fd00::1"] };
  const { cert } = await site.issue({ ...names, notBefore, notAfter, purposes: ["client"] });
  const read = readCertificate(pemCertificates(cert)[0]);
  assert.deepEqual(read.dnsNames, ["a.example", "*.b.example"]);
  assert.deepEqual(read.addresses.map((each) => each.length), [4, 16]);
  assert.equal(read.notBefore, notBefore.getTime());
  assert.equal(read.notAfter, notAfter.getTime());
  assert.deepEqual(read.purpose, { server: false, client: true });
  assert.equal(read.authority, false);
  assert.equal(readCertificate(pemCertificates(site.pem)[0]).authority, true);
});

Deno.test("only version 3 is read, and only without garbage inside or behind", async () => {
  for (const fault of ["version 1", "trailing garbage in an extension"] as const) {
    assert.ok(isRefused(pemCertificates((await forge("site", {}, fault)).cert)[0]));
  }
  const der = await sample();
  assert.ok(!isRefused(der));
  assert.ok(isRefused(Uint8Array.of(...der, 0)));
});

Deno.test("a length written longer than it need be is refused, although the signed part is untouched", async () => {
  // What somebody without the key could do to a good certificate so that a lenient reader skips the rest of its checks.
  const der = await sample();
  assert.equal(der[1], 0x82);
  assert.ok(isRefused(Uint8Array.of(0x30, 0x83, 0, der[2], der[3], ...der.subarray(4))));
});

Deno.test("no cut and no changed byte does more than refuse the certificate", async () => {
  const der = await sample();
  for (let length = 0; length < der.length; length++) assert.ok(isRefused(der.subarray(0, length)));
  fc.assert(fc.property(fc.nat(der.length - 1), fc.nat(255), (at, value) => {
    const changed = der.slice();
    changed[at] = value;
    isRefused(changed);
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void isRefused(bytes)));
});

Deno.test("the common name is the one that the subject has, and none if it has two", async () => {
  const site = await TestAuthority.create("site");
  const nameOf = async (name: string) => {
    const { cert } = await site.issue({ name });
    return readCertificate(pemCertificates(cert)[0]).commonName;
  };
  assert.equal(await nameOf("west"), "west");
  assert.equal(
    await nameOf("Zürich, O=x".replaceAll(",", "\\,")),
    "Zürich, O=x",
    "what looks like another part is none",
  );
  assert.equal(await nameOf("west, CN=east"), undefined);
});
