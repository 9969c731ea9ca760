import { deepEqual } from "node:assert/strict";
import type { HttpMatch, HttpRewrite } from "../../site/http_route_spec.ts";
import { editFields, rewritten } from "./head_edits.ts";
import { Forwarder, isNetwork } from "./forwarded.ts";
import { headOf, linesOf, viewOf } from "./testing_heads.ts";

function rewrite(edits: HttpRewrite, line: string, prefix?: string): string[] {
  const view = viewOf(line, "Host: a.example:80");
  const match: HttpMatch | undefined = prefix === undefined
    ? undefined
    : { headers: [], queryParams: [], path: { type: "PathPrefix", value: prefix } };
  return linesOf({ properties: rewritten(view.head.properties, edits, match, view) });
}

Deno.test("edits: fields are removed, then set, then added, whatever their case", () => {
  const { properties } = headOf("GET /", "A: 1", "b: 2", "a: 3", "C: 4", "D: 5");
  const edited = editFields(properties, { set: [["A", "x"]], add: [["B", "y"]], remove: ["c"] });
  deepEqual(linesOf({ properties: edited }), [":path: /", "b: 2", "D: 5", "A: x", "B: y"]);
});

Deno.test("edits: what is not a field keeps its place, even by the name of one", () => {
  const { properties } = headOf("GET /");
  deepEqual(editFields(properties, { set: [], add: [], remove: [":path"] }), properties);
});

Deno.test("rewrite: a prefix or the whole path gives way, the query stays", () => {
  const cases: [HttpRewrite, string, string | undefined, string][] = [
    [{ replacePrefixMatch: "/v1" }, "GET /api/x?y=1", "/api", "/v1/x?y=1"],
    [{ replacePrefixMatch: "/v1/" }, "GET /api/x", "/api/", "/v1/x"],
    [{ replacePrefixMatch: "/v1" }, "GET /api", "/api", "/v1"],
    [{ replacePrefixMatch: "/" }, "GET /api/x", "/api", "/x"],
    [{ replacePrefixMatch: "/" }, "GET /api", "/api", "/"],
    [{ replacePrefixMatch: "/v1" }, "GET /x", "/", "/v1/x"],
    [{ replacePrefixMatch: "/v1" }, "GET /z/../%61pi/x", "/api", "/v1/x"],
    [{ replaceFullPath: "/one" }, "GET /a/b?c", undefined, "/one?c"],
    [{ replaceFullPath: "/one" }, "OPTIONS *", undefined, "*"],
  ];
  for (const [edits, line, prefix, path] of cases) {
    deepEqual(rewrite(edits, line, prefix), [`:path: ${path}`, "Host: a.example:80"]);
  }
});

Deno.test("rewrite: another host takes its place in the field, and leaves no other in the target", () => {
  deepEqual(rewrite({ host: "b" }, "GET /x"), [":path: /x", "Host: b"]);
  deepEqual(rewrite({ host: "b" }, "GET http://a.example:80/x?y"), [":path: /x?y", "Host: b"]);
});

const CLIENT = { address: "10.1.2.3", proto: "http" } as const;

Deno.test("forwarded: what a client says of itself is replaced, in all forms of it", () => {
  const { properties } = headOf(
    "GET /",
    "Forwarded: for=evil",
    "x-forwarded-for: evil",
    "X-Forwarded-Host: evil",
    "A: 1",
  );
  const told = new Forwarder({ fields: "Forwarded", trusted: [] }).tell(properties, "h:80", CLIENT);
  deepEqual(linesOf({ properties: told }), [":path: /", "A: 1", 'Forwarded: for=10.1.2.3;host="h:80";proto=http']);
});

Deno.test("forwarded: what somebody trusted says is added to", () => {
  const { properties } = headOf(
    "GET /",
    "Forwarded: for=1.1.1.1",
    "X-Forwarded-For: 1.1.1.1",
    "X-Forwarded-Proto: https",
  );
  const told = new Forwarder({ fields: "Both", trusted: ["10.1.0.0/16", "::1"] }).tell(properties, "h", CLIENT);
  deepEqual(linesOf({ properties: told }), [
    ":path: /",
    "Forwarded: for=1.1.1.1, for=10.1.2.3;host=h;proto=http",
    "X-Forwarded-For: 1.1.1.1, 10.1.2.3",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: h",
  ]);
});

Deno.test("forwarded: an IPv6 address is quoted; a host can't break out of its quotes", () => {
  const forwarder = new Forwarder({ fields: "Forwarded", trusted: ["10.0.0.0/8"] });
  const told = forwarder.tell(headOf("GET /").properties, 'h";for=evil', { address: "2001:db8::1", proto: "http" });
  deepEqual(linesOf({ properties: told })[1], 'Forwarded: for="[2001:db8::1]";host="h;for=evil";proto=http');
});

Deno.test("forwarded: networks are told from what is none", () => {
  const texts = [
    "10.0.0.0/8",
    "::1",
    "fd00::/8",
    "127.0.0.1",
    "10.0.0.0/33",
    "10.0.0/8",
    "localhost",
    "1.1.1.1/8/8",
    "",
  ];
  deepEqual(texts.filter(isNetwork), ["10.0.0.0/8", "::1", "fd00::/8", "127.0.0.1"]);
});
