/**
 * What a certificate that is already there says: its hosts, who issued it, and whether an authority is fit to issue.
 * Reads with `node:crypto`, so that nobody loads the X.509 library only to look.
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { withoutRootDot } from "../lib/host_name.ts";

/** Certificate and private key, PEM. */
export interface KeyPairPem {
  /** The first certificate counts. */
  readonly cert: string;
  /** PKCS#1, SEC1 or PKCS#8. */
  readonly key: string;
}

/** The names of a certificate. */
export interface CertificateHosts {
  /** dNSName entries in lower case, addresses among them as they are spelt. */
  readonly dns: ReadonlySet<string>;
  /** iPAddress entries, in the form of {@link canonicalHost}. */
  readonly ip: ReadonlySet<string>;
}

const ISSUING_CURVES = new Set(["prime256v1", "secp384r1"]);

/** The names that `cert` (PEM) is for. Throws what the parser throws when it is no certificate. */
export function hostsOf(cert: string): CertificateHosts {
  const dns = new Set<string>();
  const ip = new Set<string>();
  // Names with quotes or commas arrive quoted; no host has them, so such an entry may be cut anywhere.
  for (const entry of (new X509Certificate(cert).subjectAltName ?? "").split(", ")) {
    const [, kind, value = ""] = /^(DNS|IP Address):(.+)$/.exec(entry) ?? [];
    if (kind === "DNS") dns.add(value.toLowerCase());
    else if (kind === "IP Address") ip.add(canonicalHost(value));
  }
  return { dns, ip };
}

/** True when a server with these names passes for `host` with every verifier: routers in C look at DNS names only. */
export function covers({ dns, ip }: CertificateHosts, host: string): boolean {
  const name = canonicalHost(host);
  return dns.has(name) && (isIP(name) === 0 || ip.has(name));
}

/** One spelling per host: lower case without the root dot, and IPv6 addresses in their shortest form. */
export function canonicalHost(host: string): string {
  return isIP(host) === 6 && !host.includes("%")
    ? new URL(`http://[${host}]`).hostname.slice(1, -1)
    : withoutRootDot(host.toLowerCase());
}

/** True when `cert` was signed by `authority` (both PEM). */
export function isIssuedBy(cert: string, authority: string): boolean {
  const issuer = new X509Certificate(authority);
  const certificate = new X509Certificate(cert);
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Why `authority` can't issue at `now` (ms since the epoch), as the rest of a sentence; undefined if it can. */
export function authorityFault({ cert, key }: KeyPairPem, now: number): string | undefined {
  let certificate: X509Certificate;
  let privateKey: ReturnType<typeof createPrivateKey>;
  try {
    certificate = new X509Certificate(cert);
    privateKey = createPrivateKey(key);
  } catch {
    // Parsers may quote their input, and the input holds a key: no cause.
    return "has a certificate or key that can't be read";
  }
  if (!certificate.ca) return "is not the certificate of an authority";
  if (Date.parse(certificate.validTo) <= now) return `expired on ${certificate.validTo}`;
  const { asymmetricKeyType, asymmetricKeyDetails } = privateKey;
  const usable = asymmetricKeyType === "rsa" ||
    asymmetricKeyType === "ec" && ISSUING_CURVES.has(asymmetricKeyDetails?.namedCurve ?? "");
  if (!usable) return `has a key of a type that can't issue here: ${asymmetricKeyType}`;
  return certificate.checkPrivateKey(privateKey) ? undefined : "has a key that does not belong to its certificate";
}
