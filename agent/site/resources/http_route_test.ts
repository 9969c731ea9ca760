import { deepEqual, equal, match, ok } from "node:assert/strict";
import { assemble } from "../assemble.ts";
import { scanDocuments } from "../documents.ts";

type Rule = Record<string, unknown>;

function read(rules: readonly Rule[], spec: Record<string, unknown> = {}) {
  const text = JSON.stringify({
    apiVersion: "tendril.dev/v1alpha1",
    kind: "HttpRoute",
    metadata: { name: "x" },
    spec: { listeners: ["web"], ...spec, rules },
  });
  return assemble([scanDocuments(text, "it.yaml")]);
}

function faults(...rules: Rule[]): string[] {
  return read(rules).problems.map(({ text }) => text.replace(/^.*HttpRoute x: /, ""));
}

const two = [{ routingKey: "a" }, { routingKey: "b" }];

Deno.test("HttpRoute: what contradicts itself is refused, with the place of it", () => {
  const cases: [Rule, string][] = [
    [{ backends: two, answer: { status: 404 } }, "spec.rules.0.answer must not stand beside backends"],
    [{ answer: { status: 200 } }, "spec.rules.0.answer.status must be 400, 401, 403, 404, "],
    [{ backends: two, strategy: "Sticky" }, "spec.rules.0.sticky belongs to the strategy Sticky"],
    [{ backends: two, sticky: { by: "Source" } }, "spec.rules.0.sticky belongs to the strategy Sticky"],
    [{ strategy: "Sticky", sticky: { by: "Header" } }, "spec.rules.0.sticky has to name the header"],
    [
      { backends: [{ routingKey: "a" }, { routingKey: "a" }] },
      "spec.rules.0.backends must not name a routing key twice",
    ],
    [{ backends: [{ routingKey: "a", weight: 0 }] }, "spec.rules.0.backends have no weight"],
    [
      { rewrite: { path: { type: "ReplacePrefixMatch", value: "/a" } } },
      "spec.rules.0.rewrite can replace a prefix only",
    ],
    [{ circuitBreaker: {} }, "spec.rules.0.circuitBreaker must have consecutiveFailures or errorPercent"],
    [{ retry: { attempts: 4 } }, "spec.rules.0.retry.attempts must be at most 3"],
    [{ matchs: [] }, "spec.rules.0 has no field matchs"],
    [{ name: "unmatched" }, "spec.rules.0.name must not be unmatched"],
  ];
  for (const [rule, fault] of cases) {
    const found = faults(rule);
    ok(found.some((text) => text.startsWith(fault)), `${JSON.stringify(rule)}: ${found.join("; ")}`);
  }
  deepEqual(faults({ name: "a" }, { name: "a" }), ["spec.rules.1.name is the name of another rule, too"]);
});

Deno.test("HttpRoute: nothing can be written that would split a message or end a field", () => {
  const set = (name: string, value: string) => faults({ requestHeaders: { set: [{ name, value }] } }).length > 0;
  for (
    const name of [
      "Content-Length",
      "transfer-encoding",
      "HOST",
      "Connection",
      "Upgrade",
      "TE",
      "a b",
      "a:",
      ":path",
      "",
    ]
  ) {
    ok(set(name, "x"), name);
  }
  for (const value of ["a\r\nb: c", "a\n", "a\0", " a", "é"]) ok(set("a", value), JSON.stringify(value));
  deepEqual(["", "a b\tc", "~"].filter((value) => set("a", value)), []);
  for (const value of ["a", "/a b", "/a\r\n", "/a?b", "/a#b", "/é"]) {
    ok(faults({ rewrite: { path: { type: "ReplaceFullPath", value } } }).length > 0, JSON.stringify(value));
  }
  for (const host of ["a b", "a\r\nb", "a/b", ""]) ok(faults({ rewrite: { host } }).length > 0, JSON.stringify(host));
  const many = Array.from({ length: 5 }, (_, at) => ({ name: `x-${at}`, value: "y".repeat(1000) }));
  deepEqual(faults({ responseHeaders: { add: many } }), [
    "spec.rules.0.responseHeaders must not add more than 4096 octets",
  ]);
});

Deno.test("HttpRoute: conditions are checked: patterns, paths, hosts, networks", () => {
  const path = (type: string, value: string) => faults({ matches: [{ path: { type, value } }] });
  match(path("Pattern", "a*")[0] ?? "", /^spec\.rules\.0\.matches\.0\.path\.value is a bad pattern: it must begin/);
  match(path("Pattern", `/${"*".repeat(17)}`)[0] ?? "", /is a bad pattern/);
  match(path("Exact", "a")[0] ?? "", /path\.value must begin with \/ and have no spaces/);
  deepEqual([path("Pattern", "*"), path("Pattern", "/a?b*")], [[], []]);
  for (const host of ["a b", "*", "*.", "a.*.b", "http://a"]) ok(faults({ matches: [{ host }] }).length > 0, host);
  deepEqual(faults({ matches: [{ host: "*.a.example" }, { host: "10.0.0.1" }, { host: "::1" }] }), []);
  deepEqual(faults({ forwarded: { trusted: ["10.0.0.0/99"] } }), [
    "spec.rules.0.forwarded.trusted.0 must be an IP address, or a network such as 10.0.0.0/8",
  ]);
});

Deno.test("HttpRoute: rules without a name are numbered, paths are kept in normal form, and Forwarded is inherited", () => {
  const path = { type: "Exact", value: "/%61/../b%2f" };
  const { routes } = read([{ matches: [{ path, method: "GET" }] }, { forwarded: { fields: "Forwarded" } }], {
    forwarded: { trusted: ["::1"] },
  });
  deepEqual(routes[0]?.rules.map(({ name, forwarded }) => [name, forwarded?.fields]), [
    ["rule-1", "Both"],
    ["rule-2", "Forwarded"],
  ]);
  deepEqual(routes[0]?.rules[0]?.matches[0]?.path, { type: "Exact", value: "/b%2F" });
});

Deno.test("HttpRoute: Skupper does not know it, and whoever writes one is told", () => {
  match(
    read([{}]).warnings.join("\n"),
    /it\.yaml:1:\d+ .*kind HttpRoute is an extension of Tendril, unknown to Skupper/,
  );
});

Deno.test("HttpRoute: the Listeners of a broken one are told apart, as far as they can be read", () => {
  deepEqual(read([{ strategy: "Lottery" }], { listeners: ["web", "B@d"] }).unrouted, { web: "HttpRoute x is broken" });
  equal(Object.keys(read([{ strategy: "Lottery" }], { listeners: 7 }).unrouted).length, 0);
  deepEqual(read([{}]).unrouted, {});
});
