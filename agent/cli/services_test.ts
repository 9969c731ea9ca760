import assert from "node:assert/strict";
import { TendrilError } from "../lib/errors.ts";
import { forwardedWord, parseExposed, parseForwarded, pickKey } from "./services.ts";

const exposed = (line: string) =>
  parseExposed(line.split(" "), ({ port }) => `picked-${port}`).map(({ key, host, port }) => `${key} ${host} ${port}`);
const forwarded = (line: string) => parseForwarded(line.split(" ")).map(({ key, port }) => `${key} ${port}`);

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof TendrilError, String(error));
    return error.code;
  }
  return "accepted";
}

Deno.test("services: expose takes keys before targets, with an equals sign, or none", () => {
  assert.deepEqual(exposed("3000"), ["picked-3000 127.0.0.1 3000"]);
  assert.deepEqual(exposed("web 8080"), ["web 127.0.0.1 8080"]);
  assert.deepEqual(exposed("3000 8080 db=localhost:5432"), [
    "picked-3000 127.0.0.1 3000",
    "picked-8080 127.0.0.1 8080",
    "db localhost 5432",
  ]);
  assert.deepEqual(exposed("web 80 db.internal:5432 [::1]:81"), [
    "web 127.0.0.1 80",
    "picked-5432 db.internal 5432",
    "picked-81 ::1 81",
  ]);
});

Deno.test("services: a key that looks like a target is written with an equals sign", () => {
  assert.deepEqual(exposed("8080=9090 backend:8080=localhost:81 a=b=1"), [
    "8080 127.0.0.1 9090",
    "backend:8080 localhost 81",
    "a=b 127.0.0.1 1",
  ]);
});

Deno.test("services: forward takes ports after keys, with an equals sign, or none", () => {
  assert.deepEqual(forwarded("web"), ["web 0"]);
  assert.deepEqual(forwarded("web 9090 db=5432 cache 3000"), ["web 9090", "db 5432", "cache 3000"]);
  assert.deepEqual(forwarded("3000 4000"), ["3000 4000"]);
  assert.deepEqual(forwarded("a b c"), ["a 0", "b 0", "c 0"]);
});

Deno.test("services: what expose prints for others is what forward takes", () => {
  for (const key of ["web", "a=b", "a=80"]) assert.deepEqual(parseForwarded([forwardedWord(key)]), [{ key, port: 0 }]);
});

for (const line of ["web", "web host", "web=", "=80", "web 0", "web 65536", "web=host:", "3000 web"]) {
  Deno.test(`services: expose ${line} is refused`, () => {
    assert.match(codeOf(() => exposed(line)), /^USAGE_(TARGET|PORT)$/);
  });
}
for (const line of ["web 65536", "web=x", "web=", "a 80 b 80"]) {
  Deno.test(`services: forward ${line} is refused`, () => assert.equal(codeOf(() => forwarded(line)), "USAGE_PORT"));
}

Deno.test("services: an address of the routers themselves is no key", () => {
  assert.equal(codeOf(() => exposed("$management 80")), "USAGE_TARGET");
  assert.equal(codeOf(() => forwarded("web _topo/0/hub/$management")), "USAGE_TARGET");
});

Deno.test("services: a picked key tells folder or host and port, and is another one each time", () => {
  const pick = (host: string, cwd: string) => pickKey({ host, port: 3000 }, cwd);
  assert.match(pick("127.0.0.1", "/home/me/My Shop_2/"), /^my-shop-2-3000-[a-z2-9]{5}$/);
  assert.match(pick("localhost", "C:\\work\\shop"), /^shop-3000-[a-z2-9]{5}$/);
  assert.match(pick("db.internal", "/home/me/shop"), /^db-internal-3000-[a-z2-9]{5}$/);
  assert.match(pick("::1", "/"), /^3000-[a-z2-9]{5}$/);
  assert.match(pick("::1", `/${"long-".repeat(20)}`), /^[a-z-]{39,40}-3000-[a-z2-9]{5}$/);
  assert.equal(new Set(Array.from({ length: 100 }, () => pick("::1", "/shop"))).size, 100);
});
