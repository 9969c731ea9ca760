import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import type { HttpMatch, PathMatch } from "../../site/http_route_spec.ts";
import { fittingMatch } from "./matcher.ts";
import { viewOf } from "./testing_heads.ts";

const ANY: HttpMatch = { headers: [], queryParams: [] };

function fits(match: Partial<HttpMatch>, line: string, ...fields: string[]): boolean {
  return fittingMatch([{ ...ANY, ...match }], viewOf(line, ...fields)) !== undefined;
}

function paths(path: PathMatch, targets: readonly string[]): string[] {
  return targets.filter((target) => fits({ path }, `GET ${target}`));
}

Deno.test("matcher: an exact path is that and no other, whatever the query", () => {
  const targets = ["/a", "/a?b=c", "/a/", "/A", "/ab", "/"];
  deepEqual(paths({ type: "Exact", value: "/a" }, targets), ["/a", "/a?b=c"]);
});

Deno.test("matcher: a prefix goes by whole segments, with or without a slash at its end", () => {
  const targets = ["/api", "/api/", "/api/x?y", "/apix", "/", "/x/api"];
  deepEqual(paths({ type: "PathPrefix", value: "/api" }, targets), ["/api", "/api/", "/api/x?y"]);
  deepEqual(paths({ type: "PathPrefix", value: "/api/" }, targets), ["/api", "/api/", "/api/x?y"]);
  deepEqual(paths({ type: "PathPrefix", value: "/" }, targets), targets);
});

Deno.test("matcher: in a pattern a star stands for any characters", () => {
  const targets = ["/a/x.png", "/a/b/y.png", "/a/x.jpg", "/b/x.png"];
  deepEqual(paths({ type: "Pattern", value: "/a/*.png" }, targets), ["/a/x.png", "/a/b/y.png"]);
});

Deno.test("matcher: another spelling of a path is no way around a rule", () => {
  const admin: PathMatch = { type: "PathPrefix", value: "/admin" };
  const spellings = ["/%61dmin", "/x/../admin", "/./admin/", "/x/%2e%2E/admin", "http://h/admin", "HTTP://h/admin?x"];
  deepEqual(paths(admin, spellings), spellings);
  deepEqual(paths(admin, ["/admin%2fx", "/adm%00in", "*", "h:80"]), []);
  deepEqual(paths({ type: "Exact", value: "/a%2Fb" }, ["/a%2fb", "/a/b"]), ["/a%2fb"]);
});

Deno.test("matcher: a target without a path fits no path, but everything else", () => {
  equal(fits({ path: { type: "PathPrefix", value: "/" } }, "OPTIONS *"), false);
  equal(fits({ method: "OPTIONS" }, "OPTIONS *"), true);
});

Deno.test("matcher: hosts are compared without port and case; a star stands for labels in front", () => {
  const hosts = ["a.example", "A.Example:8080", "a.example.", "b.a.example", "c.b.a.example", "xa.example", ""];
  const fitting = (host: string) => hosts.filter((given) => fits({ host }, "GET /", `Host: ${given}`));
  deepEqual(fitting("a.example"), ["a.example", "A.Example:8080", "a.example."]);
  deepEqual(fitting("*.a.example"), ["b.a.example", "c.b.a.example"]);
  equal(fits({ host: "::1" }, "GET /", "Host: [::1]:80"), true);
});

Deno.test("matcher: methods are compared as they are, fields and parameters by name and value", () => {
  equal(fits({ method: "GET" }, "get /"), false);
  const header = (type: "Exact" | "Pattern" | "Present", value: string) =>
    fits({ headers: [{ name: "x-team", type, value }] }, "GET /", "X-Other: red", "X-Team: blue", "x-team: green");
  deepEqual([header("Exact", "green"), header("Exact", "red")], [true, false]);
  deepEqual([header("Pattern", "gr*"), header("Present", "")], [true, true]);
  equal(fits({ headers: [{ name: "x-none", type: "Present", value: "" }] }, "GET /", "X-Team: a"), false);
  const param = (value: string, target: string) =>
    fits({ queryParams: [{ name: "a b", type: "Exact", value }] }, `GET ${target}`);
  deepEqual([param("c d", "/?x&a%20b=c+d"), param("c", "/?a%20b=c+d"), param("", "/")], [true, false, false]);
});

Deno.test("matcher: all conditions of a match must hold, and one match of several is enough", () => {
  const get: HttpMatch = { ...ANY, method: "GET", host: "a" };
  const put: HttpMatch = { ...ANY, method: "PUT" };
  equal(fittingMatch([get, put], viewOf("PUT /")), put);
  equal(fittingMatch([get, put], viewOf("GET /", "Host: b")), undefined);
  equal(fittingMatch([get, put], viewOf("GET /", "Host: a")), get);
});

Deno.test("matcher: whatever comes as target and fields, a request is seen and judged", () => {
  const match: HttpMatch = {
    host: "*.a",
    path: { type: "Pattern", value: "/*a*b*" },
    headers: [{ name: "cookie", type: "Pattern", value: "*a*" }],
    queryParams: [{ name: "a", type: "Present", value: "" }],
  };
  fc.assert(fc.property(fc.string(), fc.string(), fc.string(), (target, host, cookie) => {
    const view = viewOf(`GET ${target}`, `Host: ${host}`, `Cookie: ${cookie}`);
    fittingMatch([match], view);
    equal(view.path === "" || view.path.startsWith("/"), true);
    equal(view.path.split("/").includes(".."), false);
  }));
});
