import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { cpuMs } from "../../tests/support/cpu_time.ts";
import { formatJson, formatText } from "./record.ts";
import { REDACTED, redactField, redactText } from "./redact.ts";

const PEM = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
}).privateKey;
const BODY = PEM.split("\n")[1] ?? "";

/** Every way in which a key may stray into a log, and the text that must not come out. */
const LEAKS: ReadonlyArray<readonly [string, Record<string, unknown>, string]> = [
  ["a PEM key as a value", { detail: PEM }, BODY],
  ["a PEM key inside a sentence", { detail: `cannot parse ${PEM} as a certificate` }, BODY],
  ["a PEM key cut before its end line", { detail: PEM.slice(0, 400) }, BODY],
  ["a PEM key with escaped line breaks", { detail: JSON.stringify(PEM) }, BODY],
  ["a PEM key as a Secret carries it", { data: { "ca.crt": btoa(PEM) } }, btoa(PEM).slice(60, 120)],
  ["base64 of a PEM key inside a sentence", { detail: `tls.key: ${btoa(PEM)}` }, btoa(PEM).slice(60, 120)],
  ["a TLS credentials object", { tls: { ca: "x", cert: PEM, key: PEM } }, BODY],
  ["a credentials member of any shape", { credentials: { user: "u", pass: "hunter22" } }, "hunter22"],
  ["a password", { password: "hunter22" }, "hunter22"],
  ["a proxy password by its own name", { proxyPassword: "hunter22" }, "hunter22"],
  ["a password in a URL", { proxy: "http://me:hunter22@proxy.example:3128" }, "hunter22"],
  ["a token in the query of a URL", { source: "https://x.example/a?v=1&access_token=hunter22&b=2" }, "hunter22"],
  ["a password as an argument", { reason: "can't run check --password hunter22" }, "hunter22"],
  ["an authorization header", { header: "Proxy-Authorization: Basic aHVudGVyMjI6eA==" }, "aHVudGVyMjI6eA"],
  ["a bearer token", { header: "Bearer abcdef123456" }, "abcdef123456"],
  ["the code of an access token", { code: "hYx7k2LmQp9sVb3nZt6wRc1d" }, "hYx7k2LmQp9s"],
  ["a nested token", { grant: { list: [{ token: "hunter22" }] } }, "hunter22"],
  ["bytes of a key", { detail: new TextEncoder().encode("hunter22") }, "hunter22"],
  ["an error that quotes a key", { error: new Error(`bad key ${PEM}`) }, BODY],
  ["a private key by name", { privateKey: "hunter22" }, "hunter22"],
];

for (const [name, fields, secret] of LEAKS) {
  Deno.test(`redaction: ${name} never gets out`, () => {
    const record = { time: 0, level: "info" as const, message: "m", fields };
    const lines = [formatJson(record), formatText(record, { colors: true, fullTime: false })];
    for (const line of lines) {
      assert.ok(!line.includes(secret), line.slice(0, 300));
      assert.match(line, /redacted|bytes/);
    }
  });
}

Deno.test("redaction: a key in the message itself never gets out", () => {
  const line = formatJson({ time: 0, level: "error", message: `refused: ${PEM}`, fields: {} });
  assert.ok(!line.includes(BODY));
  assert.ok(line.includes(REDACTED));
});

Deno.test("redaction: routing keys, error codes and plain words stay readable", () => {
  assert.equal(redactField("key", "backend"), "backend");
  assert.equal(redactField("routingKey", "backend"), "backend");
  assert.equal(redactField("code", "LINK_TLS_REFUSED"), "LINK_TLS_REFUSED");
  assert.equal(redactField("code", "ECONNREFUSED"), "ECONNREFUSED");
  assert.equal(redactField("exitCode", 3), 3);
  assert.equal(redactText("link hub at http://10.0.0.1:45671 is up"), "link hub at http://10.0.0.1:45671 is up");
  assert.equal(redactText("--link FILE or --token FILE is required"), "--link FILE or --token FILE is required");
});

Deno.test("redaction: a value that refers to itself or throws ends in words, not in a crash", () => {
  const loop: Record<string, unknown> = {
    get bad(): never {
      throw new Error("no");
    },
  };
  loop["self"] = loop;
  assert.doesNotThrow(() => JSON.stringify(redactField("x", loop)));
  assert.match(JSON.stringify(redactField("x", loop)), /unreadable/);
});

Deno.test("redaction: huge texts and lists are cut", () => {
  assert.ok(redactText("x".repeat(1_000_000)).length < 5_000);
  assert.ok(JSON.stringify(redactField("x", Array.from({ length: 10_000 }, (_, i) => i))).length < 1_000);
});

Deno.test("redaction: text built to make the patterns backtrack is handled in linear time", () => {
  const took = cpuMs(() => {
    redactText("-----BEGIN A-----".repeat(20_000));
    redactText("a://".repeat(100_000));
    redactText("a.".repeat(200_000));
    redactText("LS0tLS1CRUdJTi".repeat(50_000));
    redactText("?".repeat(200_000));
    redactText("&token".repeat(100_000));
    redactText("?aaaaaaaaaaaaaaaaaaaa".repeat(20_000));
    redactText(`Basic ${" ".repeat(200_000)}`);
  });
  assert.ok(took < 2_000, `${took} ms`);
});
