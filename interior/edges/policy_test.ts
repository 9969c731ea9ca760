import { deepEqual, equal } from "node:assert/strict";
import type { PolicyRule, PolicySpec } from "../../agent/mod.ts";
import { objection, policiesFor, type PolicyAction, type PolicySubject } from "./policy.ts";

const WEST: PolicySubject = { commonName: "west", fingerprint: "AA", id: "west" };
const NOBODY: PolicySubject = { commonName: undefined, fingerprint: undefined, id: "west" };

function rule(given: Partial<PolicyRule>): PolicyRule {
  return { name: "rule 1", effect: "allow", link: [], offer: [], consume: [], ...given };
}

function policy(fallback: "allow" | "deny", ...rules: Partial<PolicyRule>[]): PolicySpec {
  return { name: "p", default: fallback, rules: rules.map(rule) };
}

/** What objects, as `policy rule`; undefined when it is allowed. */
function says(policies: PolicySpec[], who: PolicySubject, action: PolicyAction, name: string): string | undefined {
  const found = objection(policiesFor(policies, who), action, name);
  return found && `${found.policy} ${found.rule}`;
}

Deno.test("policy: without one everything is allowed; the default holds for what no rule names", () => {
  equal(says([], WEST, "offer", "web"), undefined);
  equal(says([policy("allow")], WEST, "offer", "web"), undefined);
  equal(says([policy("deny")], WEST, "offer", "web"), "p undefined");
});

Deno.test("policy: a rule is about the actions and names that it has, and no others", () => {
  const rules = [policy("deny", { link: ["edge"], offer: ["web.*"], consume: ["db"] })];
  const allowed = (action: PolicyAction, names: string[]) =>
    names.filter((name) => says(rules, WEST, action, name) === undefined);
  deepEqual(allowed("link", ["edge", "inter-router", "client", "web.eu"]), ["edge"]);
  deepEqual(allowed("offer", ["web.eu", "web", "db", "edge"]), ["web.eu"]);
  deepEqual(allowed("consume", ["web.eu", "db", "db2"]), ["db"]);
});

Deno.test("policy: the first rule that names something decides", () => {
  const rules = [policy(
    "allow",
    { name: "shops", peers: [{ site: "west" }], offer: ["web"] },
    { name: "others", effect: "deny", offer: ["web", "db"] },
  )];
  equal(says(rules, WEST, "offer", "web"), undefined);
  equal(says(rules, WEST, "offer", "db"), "p others");
  equal(says(rules, { ...WEST, commonName: "east", id: "east" }, "offer", "web"), "p others");
  equal(says(rules, WEST, "offer", "mail"), undefined);
});

Deno.test("policy: of several, all must allow", () => {
  const strict = policy("deny", { offer: ["*"] });
  const other = { ...policy("allow", { name: "not web", effect: "deny", offer: ["web"] }), name: "q" };
  equal(says([strict, other], WEST, "offer", "web"), "q not web");
  equal(says([strict, other], WEST, "consume", "web"), "p undefined");
  equal(says([strict, other], WEST, "offer", "db"), undefined);
});

Deno.test("policy: peers are known by what they have proven, and all that is given must fit", () => {
  const fits = (peer: NonNullable<PolicyRule["peers"]>[number], who: PolicySubject) =>
    says([policy("deny", { peers: [peer], offer: ["web"] })], who, "offer", "web") === undefined;
  const liar = { ...WEST, commonName: "east" };
  deepEqual([WEST, liar, NOBODY].map((who) => fits({ site: "w*" }, who)), [true, false, false]);
  deepEqual([WEST, liar, NOBODY].map((who) => fits({ commonName: "*st" }, who)), [true, true, false]);
  deepEqual([WEST, NOBODY].map((who) => fits({ fingerprint: "AA" }, who)), [true, false]);
  equal(fits({ commonName: "*" }, NOBODY), false, "who has no certificate has no name");
  equal(fits({ commonName: "west", fingerprint: "BB" }, WEST), false);
});
