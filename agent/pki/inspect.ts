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

/** What people and programs ask of a certificate. */
export interface CertificateFacts {
  /** Distinguished name on one line. */
  readonly subject: string;
  /** Common name of the subject; empty without one. */
  readonly commonName: string;
  /** Distinguished name of who issued it. */
  readonly issuer: string;
  /** Upper-case hex, as other tools print it. */
  readonly serial: string;
  /** SHA-256, upper-case hex with colons. */
  readonly fingerprint: string;
  /** First moment of validity, ms since the epoch. */
  readonly notBefore: number;
  /** Last moment of validity, ms since the epoch. */
  readonly notAfter: number;
  /** True for one that may issue others. */
  readonly authority: boolean;
}

/** Of its life, what has passed when a certificate is to be renewed. */
const RENEW_AFTER = 2 / 3;

const ISSUING_CURVES = new Set(["prime256v1", "secp384r1"]);

/** What `cert` (PEM, the first one counts) says. Throws what the parser throws when it is no certificate. */
export function factsOf(cert: string): CertificateFacts {
  const { subject, issuer, serialNumber, fingerprint256, validFrom, validTo, ca } = new X509Certificate(cert);
  const line = (name: string) => (name ?? "").split("\n").join(", ");
  return {
    subject: line(subject),
    commonName: /^CN=(.*)$/m.exec(subject ?? "")?.[1] ?? "",
    issuer: line(issuer),
    serial: serialNumber,
    fingerprint: fingerprint256,
    notBefore: Date.parse(validFrom),
    notAfter: Date.parse(validTo),
    authority: ca,
  };
}

/** When a certificate is to be renewed, ms since the epoch: at two thirds of its life. */
export function renewalTime({ notBefore, notAfter }: Pick<CertificateFacts, "notBefore" | "notAfter">): number {
  return notBefore + (notAfter - notBefore) * RENEW_AFTER;
}

/** The certificates of a PEM text, one text each, in order. */
export function splitPem(text: string): string[] {
  const found = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return found.map((pem) => `${pem}\n`);
}

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
  // Key identifiers only help to find an issuer: one that is missing or another does not make the signature false.
  return certificate.issuer === issuer.subject && certificate.verify(issuer.publicKey);
}

/** Why `pair` is no proof of who somebody is, as a full clause; undefined if it is one. Never quotes from it. */
export function keyFault({ cert, key }: KeyPairPem): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch {
    return "tls.crt is not a certificate";
  }
  try {
    return certificate.checkPrivateKey(createPrivateKey(key)) ? undefined : "tls.key does not belong to tls.crt";
  } catch {
    return "tls.key can't be read";
  }
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

/** When the first certificate in `pem` expires, ms since the epoch; undefined where there is none that can be read. */
export function expiryOf(pem: string | undefined): number | undefined {
  try {
    return pem === undefined ? undefined : factsOf(pem).notAfter;
  } catch {
    return undefined;
  }
}
