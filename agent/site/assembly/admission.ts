/** Who may join a network, and what they may do there: AccessGrants, AccessTokens and Policies. */

import { accessTokenKind } from "../resources/access_token.ts";
import { declaredGrantKind, LINK_HOST_SETTING } from "../resources/access_grant.ts";
import { policyKind } from "../resources/policy.ts";
import type { GrantSpec, PolicySpec } from "../spec.ts";
import type { RedeemableToken } from "../tokens/token_file.ts";
import type { Reading } from "./reading.ts";

/** All AccessGrants. */
export function grantsOf(reading: Reading): GrantSpec[] {
  const grants: GrantSpec[] = [];
  reading.each(declaredGrantKind, ({ metadata: { name }, spec }) => {
    const { redemptionsAllowed: allowed, expirationWindow: window, code } = spec;
    const host = ("settings" in spec ? spec.settings?.[LINK_HOST_SETTING] : undefined) || undefined;
    grants.push({ name, allowed, window, code, host });
  });
  return grants;
}

/** All AccessTokens. */
export function tokensOf(reading: Reading): RedeemableToken[] {
  const tokens: RedeemableToken[] = [];
  reading.each(accessTokenKind, ({ metadata: { name }, spec: { url, code, ca, linkCost } }) => {
    const told = { name, url: new URL(url), code, ca, cost: linkCost };
    tokens.push({ kind: "access-token", ...told, expires: undefined, siteVersion: undefined });
  });
  return tokens;
}

/** All Policies. */
export function policiesOf(reading: Reading): PolicySpec[] {
  const policies: PolicySpec[] = [];
  reading.each(policyKind, ({ metadata: { name }, spec }) => {
    policies.push({ name, ...spec });
  });
  return policies;
}
