import assert from "node:assert/strict";
import { listNames, namesHost } from "./server_name.ts";

const none = { dnsNames: [], addresses: [] };

function dns(...dnsNames: string[]) {
  return { dnsNames, addresses: [] };
}

Deno.test("a DNS name matches exactly, in any case, with or without the root dot", () => {
  assert.ok(namesHost(dns("router.example"), "Router.Example."));
  assert.ok(namesHost(dns("a.example", "localhost"), "localhost"));
  assert.ok(!namesHost(dns("router.example"), "router.example.org"));
  assert.ok(!namesHost(dns("router.example"), "evil-router.example"));
  assert.ok(!namesHost(none, "router.example"));
});

Deno.test("a wildcard stands for one whole left label, and for no top level", () => {
  assert.ok(namesHost(dns("*.site.example"), "a.site.example"));
  assert.ok(!namesHost(dns("*.site.example"), "site.example"));
  assert.ok(!namesHost(dns("*.site.example"), "a.b.site.example"));
  assert.ok(!namesHost(dns("*.example"), "a.example"));
  assert.ok(!namesHost(dns("*"), "localhost"));
  assert.ok(!namesHost(dns("a*.site.example"), "ab.site.example"));
  assert.ok(!namesHost(dns("a.*.example"), "a.b.example"));
  assert.ok(!namesHost(dns("*.0.0.1"), "127.0.0.1"));
});

Deno.test("an address matches by its octets, whatever its spelling", () => {
  const v4 = { dnsNames: [], addresses: [Uint8Array.of(10, 0, 0, 1)] };
  const v6 = { dnsNames: [], addresses: [Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)] };
  assert.ok(namesHost(v4, "10.0.0.1"));
  assert.ok(!namesHost(v4, "10.0.0.2"));
  assert.ok(namesHost(v6, "fd00::1"));
  assert.ok(namesHost(v6, "FD00:0:0:0:0:0:0:1"));
  assert.ok(!namesHost(v6, "fd00::2"));
  assert.ok(namesHost(dns("10.0.0.1"), "10.0.0.1"), "Skupper lists addresses among the DNS names");
  assert.ok(namesHost(dns("fd00::1"), "fd00:0::1"));
  assert.ok(namesHost({ dnsNames: [], addresses: [Uint8Array.of(...Array(15).fill(0), 1)] }, "::1"));
  const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1);
  assert.ok(namesHost({ dnsNames: [], addresses: [mapped] }, "::ffff:10.0.0.1"));
});

Deno.test("names that are none match nothing", () => {
  for (const host of ["", ".", "a..b", "a b", "münchen.example", "*.site.example"]) {
    assert.ok(!namesHost(dns(host, "*.site.example"), host), host);
  }
});

Deno.test("the names of a certificate can be shown", () => {
  assert.equal(listNames(none), "no name at all");
  const addresses = [Uint8Array.of(10, 0, 0, 1), Uint8Array.of(...Array(15).fill(0), 1), Uint8Array.of(1)];
  assert.equal(listNames({ dnsNames: ["a.example"], addresses }), "a.example, 10.0.0.1, ::1, (malformed address)");
});
