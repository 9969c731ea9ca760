import assert from "node:assert/strict";
import { TendrilError } from "../lib/errors.ts";
import { formatEndpoint } from "../lib/endpoint.ts";
import { parsePort, parseTarget } from "./endpoint.ts";

Deno.test("endpoint: targets as users type them", () => {
  assert.deepEqual(parseTarget("8080", "expose"), { host: "127.0.0.1", port: 8080 });
  assert.deepEqual(parseTarget("db.internal:5432", "expose"), { host: "db.internal", port: 5432 });
  assert.deepEqual(parseTarget("10.0.0.7:1", "expose"), { host: "10.0.0.7", port: 1 });
  assert.deepEqual(parseTarget("[::1]:80", "expose"), { host: "::1", port: 80 });
  assert.deepEqual(parseTarget("[fe80::1%eth0]:80", "expose"), { host: "fe80::1%eth0", port: 80 });
});

const BAD = [
  "",
  "0",
  "65536",
  "host",
  "host:",
  ":80",
  "host:0",
  "host:99999",
  "host:http",
  "::1:80",
  "[::1]",
  "[::1]:",
  "[host]:80",
  "[:::]:80",
  "a b:80",
  "http://host:80",
  "host:80/path",
  "-x:80",
  "host:-1",
];
for (const text of BAD) {
  Deno.test(`endpoint: "${text}" is refused with a next step`, () => {
    assert.throws(() => parseTarget(text, "expose"), (error: unknown) => {
      assert.ok(error instanceof TendrilError);
      assert.match(error.code, /^USAGE_(TARGET|PORT)$/);
      assert.match(error.hint ?? "", /--help/);
      return true;
    });
  });
}

Deno.test("endpoint: a bare IPv6 address is told about brackets", () => {
  assert.throws(
    () => parseTarget("fe80::1", "expose"),
    (error: TendrilError) => error.hint?.includes("[fe80::1]:PORT") ?? false,
  );
});

Deno.test("endpoint: a URL is called one", () => {
  for (const url of ["http://host", "tcp://host:80"]) {
    assert.throws(() => parseTarget(url, "expose"), (error: TendrilError) => error.message.includes("is a URL"));
  }
});

Deno.test("endpoint: port 0 is a port only where the system may choose", () => {
  assert.equal(parsePort("0", "forward", 0), 0);
  assert.throws(() => parsePort("0", "forward", 1), TendrilError);
});

Deno.test("endpoint: IPv6 is shown in brackets", () => {
  assert.equal(formatEndpoint("::1", 80), "[::1]:80");
  assert.equal(formatEndpoint("127.0.0.1", 80), "127.0.0.1:80");
});
