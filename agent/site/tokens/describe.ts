/** What may be shown of a token: everything but its code and its key. */

import { X509Certificate } from "node:crypto";
import { formatEndpoint } from "../../lib/endpoint.ts";
import type { Token } from "./token_file.ts";

/** Facts in the order in which people read them; null where the token says nothing. */
export interface TokenFacts {
  /** Kind of the token. */
  readonly kind: string;
  /** Of the link that comes out of it. */
  readonly name: string;
  /** Where it is redeemed. */
  readonly url: string | null;
  /** Where the link leads; known only to certificate tokens. */
  readonly endpoints: readonly string[] | null;
  /** Cost of the link. */
  readonly cost: number | null;
  /** When it expires, if it says so itself. */
  readonly expires: string | null;
  /** SHA-256 fingerprint of the CA. */
  readonly ca: string;
  /** Until when the CA is valid. */
  readonly caValidTo: string;
}

const KINDS = {
  "access-token": "AccessToken",
  claim: "claim of Skupper version 1",
  certificate: "certificate token of Skupper version 1, a link already",
} as const;

/** Describes `token`. */
export function describeToken(token: Token): TokenFacts {
  const { kind, name } = token;
  const common = { kind: KINDS[kind], name };
  if (token.kind === "certificate") {
    const { endpoints, cost, tls } = token.link;
    const places = endpoints.map(({ role, host, port }) => `${role} ${formatEndpoint(host, port)}`);
    return { ...common, url: null, endpoints: places, cost, expires: null, ...authority(tls.ca) };
  }
  // The path is the name of the grant, no secret.
  const { url, cost = null, expires = null } = token;
  return { ...common, url: url.href, endpoints: null, cost, expires, ...authority(token.ca) };
}

function authority(pem: string): Pick<TokenFacts, "ca" | "caValidTo"> {
  try {
    const { fingerprint256, validTo } = new X509Certificate(pem);
    return { ca: fingerprint256, caValidTo: new Date(validTo).toISOString() };
  } catch {
    return { ca: "can't be read", caValidTo: "unknown" };
  }
}
