/** What Policies say about loading a plugin. Values in, verdicts out; whose signature it has is found out beforehand. */

import { isSignedBy } from "../../adaptor/signature.ts";
import { matchesGlob } from "../../lib/glob.ts";
import type { PolicyPlugin, PolicySpec } from "../spec.ts";

/** What is known of a plugin. Of what peers fetch, that is the digest. */
export interface PluginFacts {
  /** `sha256:<hex>` of the module. */
  readonly digest: string;
  /** Name of the Adaptor. */
  readonly name?: string;
  /** Where it comes from. */
  readonly source?: string;
  /** Those of the keys of Policies that it is signed by. */
  readonly signers?: readonly string[];
}

/** Whether `plugin`, of a rule, is the one of which `facts` are known: what is not known fits nothing. */
export function isAbout({ name, source, sha256, signer }: PolicyPlugin, facts: PluginFacts): boolean {
  if (sha256 !== undefined && sha256 !== facts.digest) return false;
  if (name !== undefined && (facts.name === undefined || !matchesGlob(name, facts.name))) return false;
  if (source !== undefined && (facts.source === undefined || !matchesGlob(source, facts.source))) return false;
  return signer === undefined || facts.signers?.includes(signer) === true;
}

/** Those of `policies` that are about loading at all; the others say nothing of a site's own plugins. */
export function aboutLoading(policies: readonly PolicySpec[]): PolicySpec[] {
  return policies.filter(({ rules }) => rules.some(({ load = [] }) => load.length > 0));
}

/** The first objection of `policies`, which are about loading, to a plugin of the site's own folder. */
export function loadObjection(policies: readonly PolicySpec[], facts: PluginFacts): string | undefined {
  for (const policy of policies) {
    // A rule for peers is not for the site itself.
    const rule = policy.rules.find(({ peers, load = [] }) =>
      peers === undefined && load.some((plugin) => isAbout(plugin, facts))
    );
    if ((rule?.effect ?? policy.default) === "allow") continue;
    return rule === undefined
      ? `no rule of Policy ${policy.name} allows it`
      : `${rule.name} of Policy ${policy.name} denies it`;
  }
  return undefined;
}

/** Those of the keys in `policies` by which `signature` is one of `digest`. */
export async function signersOf(
  policies: readonly PolicySpec[],
  digest: string,
  signature: string | undefined,
): Promise<string[]> {
  if (signature === undefined) return [];
  const keys = policies.flatMap(({ rules }) => rules).flatMap(({ load = [] }) =>
    load.flatMap(({ signer = [] }) => signer)
  );
  const signers: string[] = [];
  for (const key of new Set(keys)) if (await isSignedBy(digest, signature, key)) signers.push(key);
  return signers;
}
