import { deepEqual, equal } from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { signDigest } from "../../adaptor/signature.ts";
import type { PolicyPlugin, PolicyRule, PolicySpec } from "../spec.ts";
import { aboutLoading, loadObjection, type PluginFacts, signersOf } from "./load_policy.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const FACTS: PluginFacts = { digest: DIGEST, name: "redis", source: "van:redis", signers: ["KEY"] };

function policy(fallback: "allow" | "deny", ...rules: Partial<PolicyRule>[]): PolicySpec {
  const whole = rules.map((rule, at): PolicyRule => (
    { name: `rule ${at + 1}`, effect: "allow", link: [], offer: [], consume: [], ...rule }
  ));
  return { name: "p", default: fallback, rules: whole };
}

Deno.test("load policy: all that a rule gives of a plugin must fit, and what is not known fits nothing", () => {
  const allowed = (plugin: PolicyPlugin, facts = FACTS) =>
    loadObjection([policy("deny", { load: [plugin] })], facts) === undefined;
  for (
    const plugin of [
      { name: "re*" },
      { source: "van:*" },
      { sha256: DIGEST },
      { signer: "KEY" },
      { name: "redis", source: "van:redis", sha256: DIGEST, signer: "KEY" },
    ]
  ) equal(allowed(plugin), true, JSON.stringify(plugin));
  for (
    const plugin of [
      { name: "mqtt" },
      { source: "https:*" },
      { sha256: `sha256:${"00".repeat(32)}` },
      { signer: "OTHER" },
      { name: "redis", signer: "OTHER" },
    ]
  ) equal(allowed(plugin), false, JSON.stringify(plugin));
  for (const plugin of [{ name: "*" }, { source: "*" }, { signer: "KEY" }]) {
    equal(allowed(plugin, { digest: DIGEST }), false);
  }
});

Deno.test("load policy: the first rule that names the plugin decides, all Policies must allow, those for peers don't count", () => {
  const says = (...policies: PolicySpec[]) => loadObjection(aboutLoading(policies), FACTS);
  equal(says(), undefined);
  equal(says(policy("deny", { offer: ["*"] })), undefined, "it is not about loading");
  equal(says(policy("deny", { load: [{ name: "mqtt" }] })), "no rule of Policy p allows it");
  equal(says(policy("allow", { effect: "deny", load: [{ name: "redis" }] })), "rule 1 of Policy p denies it");
  const first = policy("deny", { load: [{ name: "redis" }] }, { effect: "deny", load: [{ source: "van:*" }] });
  equal(says(first), undefined);
  const second = policy("allow", { name: "no vans", effect: "deny", load: [{ source: "van:*" }] });
  equal(says(first, second), "no vans of Policy p denies it");
  const peers = [{ commonName: "*" }];
  equal(says(policy("deny", { peers, load: [{ sha256: DIGEST }] })), "no rule of Policy p allows it");
});

Deno.test("load policy: a signer is one whose signature the plugin has", async () => {
  const keys = generateKeyPairSync("ed25519");
  const pem = `${keys.privateKey.export({ type: "pkcs8", format: "pem" })}`;
  const { signature, publicKey } = await signDigest(DIGEST, pem);
  const other = `${generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" })}`;
  const policies = [policy("deny", { load: [{ signer: publicKey }, { signer: other }] })];
  deepEqual(await signersOf(policies, DIGEST, signature), [publicKey]);
  deepEqual(await signersOf(policies, `sha256:${"00".repeat(32)}`, signature), []);
  deepEqual(await signersOf(policies, DIGEST, undefined), []);
  deepEqual(await signersOf(policies, DIGEST, "no base64!"), []);
});
