/** What Policies say about one peer. Values in, verdicts out. */

import { matchesGlob } from "../../agent/lib/glob.ts";
import { isAbout, type PolicyPeer, type PolicyRule, type PolicySpec } from "../../agent/mod.ts";
import { PLUGIN_STORE_ADDRESS } from "../../agent/router/address.ts";

/** Who a peer is, as far as rules can tell. */
export interface PolicySubject {
  /** Of its certificate. */
  readonly commonName: string | undefined;
  /** Of its certificate. */
  readonly fingerprint: string | undefined;
  /** What it calls itself. */
  readonly id: string;
}

/** What it wants to do. */
export type PolicyAction = "link" | "offer" | "consume" | "manage" | "push" | "load";

/** Why it may not. */
export interface Objection {
  /** Name of the Policy. */
  readonly policy: string;
  /** Name of the rule; undefined where none fits and the default is to deny. */
  readonly rule: string | undefined;
}

/** The part of `policies` that is about `subject`. */
export function policiesFor(policies: readonly PolicySpec[], subject: PolicySubject): PolicySpec[] {
  return policies.map((policy) => ({
    ...policy,
    rules: policy.rules.filter(({ peers }) => peers === undefined || peers.some((peer) => fits(peer, subject))),
  }));
}

/** The first objection to `action` on `name`, a role, a routing key or a digest; `policies` are those of {@link policiesFor}. */
export function objection(policies: readonly PolicySpec[], action: PolicyAction, name: string): Objection | undefined {
  for (const policy of policies) {
    const rule = policy.rules.find((each) => names(each, action, name));
    if ((rule?.effect ?? policy.default) === "deny") return { policy: policy.name, rule: rule?.name };
  }
  return undefined;
}

function names(rule: PolicyRule, action: PolicyAction, name: string): boolean {
  if (action === "link") return rule.link.some((role) => role === name);
  if (action === "load") {
    // To fetch a plugin is to send to its address.
    const address = `${PLUGIN_STORE_ADDRESS}/${name.replace(/^sha256:/, "")}`;
    return (rule.load ?? []).some((plugin) => isAbout(plugin, { digest: name })) || names(rule, "consume", address);
  }
  if (action === "manage" || action === "push") return rule[action] === true;
  return rule[action].some((glob) => matchesGlob(glob, name));
}

function fits({ commonName, site, fingerprint }: PolicyPeer, subject: PolicySubject): boolean {
  if (fingerprint !== undefined && fingerprint !== subject.fingerprint) return false;
  const name = subject.commonName;
  if (commonName !== undefined && (name === undefined || !matchesGlob(commonName, name))) return false;
  return site === undefined || (name !== undefined && name === subject.id && matchesGlob(site, name));
}
