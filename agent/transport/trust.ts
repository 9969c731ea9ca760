/**
 * Does a peer's certificate chain lead to an authority we trust? Chain and anchors in, a verdict out; no sockets, and
 * the time is an argument.
 *
 * The TLS layer under us has asked the same question already, but its answer is not enough: on Deno 2.9 the node:tls
 * client checks a certificate that is not version 3, or not well encoded, by comparing issuer and subject names only,
 * so anybody who knows the authority's name can pass for its servers. The node:tls server resumes sessions across
 * servers and so can report a peer that another authority vouched for. Therefore every handshake is judged again here,
 * signature by signature.
 */

import { Buffer } from "node:buffer";
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { TendrilError } from "../lib/errors.ts";
import { type Certificate, pemCertificates, readCertificate } from "./certificate.ts";
import { sameBytes } from "./der.ts";

/** The end of a connection a certificate is to stand for. */
export type PeerRole = "server" | "client";

/** Longest chain followed, leaf and authority included. */
const MAX_CHAIN = 6;

/** Signature algorithms (hex object identifier) and the digest node:crypto wants; null where the key implies it. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  "2a 86 48 86 f7 0d 01 01 0b": "sha256",
  "2a 86 48 86 f7 0d 01 01 0c": "sha384",
  "2a 86 48 86 f7 0d 01 01 0d": "sha512",
  "2a 86 48 ce 3d 04 03 02": "sha256",
  "2a 86 48 ce 3d 04 03 03": "sha384",
  "2a 86 48 ce 3d 04 03 04": "sha512",
  "2b 65 70": null,
};

/** What was found out about a peer. */
export interface Verified {
  /** Its own certificate. */
  readonly certificate: Certificate;
  /** SHA-256 fingerprint of the trusted authority to which its chain leads. */
  readonly authority: string;
}

/** An authority and its key, parsed once. */
interface Anchor {
  readonly fingerprint: string;
  readonly certificate: Certificate;
  readonly key: KeyObject;
}

/** The authorities one side of a link trusts. */
export class TrustAnchors {
  readonly #anchors: readonly Anchor[];

  /** Reads the authorities of a PEM text; throws `LINK_TLS_CREDENTIALS` if there are none, or one is malformed. */
  constructor(pem: string) {
    try {
      this.#anchors = pemCertificates(pem).map((der) => {
        const certificate = readCertificate(der);
        const fingerprint = fingerprintOf(createHash("sha256").update(der).digest());
        return { fingerprint, certificate, key: publicKeyOf(certificate) };
      });
    } catch (error) {
      throw new TendrilError("LINK_TLS_CREDENTIALS", "A CA certificate of the link can't be read.", {
        cause: error,
        hint: "Check ca.crt of the link's secret; it must hold X.509 version 3 certificates in PEM.",
      });
    }
    if (this.#anchors.length === 0) {
      throw new TendrilError("LINK_TLS_CREDENTIALS", "The link names no CA certificate to trust.", {
        hint: "Put the CA certificate of the remote site in ca.crt of the link's secret.",
      });
    }
  }

  /** True when the authority with this SHA-256 fingerprint is among them. */
  has(fingerprint: string): boolean {
    return this.#anchors.some((anchor) => anchor.fingerprint === fingerprint);
  }

  /**
   * Judges `chain` (DER, the peer's own certificate first, the rest in any order) at `now` (ms since the epoch) and
   * returns what it found. Throws `LINK_TLS_CERTIFICATE`, `LINK_TLS_EXPIRED`, `LINK_TLS_NOT_YET_VALID`,
   * `LINK_TLS_PURPOSE` or `LINK_TLS_CA`.
   */
  verify(chain: readonly Uint8Array[], role: PeerRole, now: number): Verified {
    const [first, ...rest] = chain;
    if (first === undefined) {
      throw new TendrilError("LINK_TLS_NO_CERT", "The peer presented no certificate.", {
        hint: "Give the peer a certificate issued by this link's CA.",
      });
    }
    const leaf = readCertificate(first);
    checkValidity(leaf, now);
    if (!leaf.purpose[role]) {
      throw new TendrilError("LINK_TLS_PURPOSE", `The peer's certificate is not meant for a ${role}.`, {
        hint: `Have it issued with the extended key usage "${role} auth".`,
      });
    }
    const others = rest.slice(0, MAX_CHAIN).flatMap(readable);
    let current = leaf;
    for (let depth = 1; depth < MAX_CHAIN; depth++) {
      const anchor = this.#anchors.find((each) => issued(each.certificate, each.key, current));
      if (anchor !== undefined) {
        checkValidity(anchor.certificate, now);
        return { certificate: leaf, authority: anchor.fingerprint };
      }
      const next = others.find((each) => each.authority && issued(each, publicKeyOf(each), current));
      if (next === undefined) break;
      checkValidity(next, now);
      current = next;
    }
    throw new TendrilError("LINK_TLS_CA", "The peer's certificate was not issued by a CA this link trusts.", {
      hint: "Compare ca.crt of the link's secret with the CA of the remote site; redeem a new token if it was rotated.",
    });
  }
}

/** SHA-256 of a certificate as upper-case hex with colons, the form other tools print. */
export function fingerprintOf(digest: Uint8Array): string {
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":");
}

function readable(der: Uint8Array): Certificate[] {
  try {
    return [readCertificate(der)];
  } catch {
    return [];
  }
}

function checkValidity(certificate: Certificate, now: number): void {
  if (now > certificate.notAfter) {
    const when = new Date(certificate.notAfter).toISOString();
    throw new TendrilError("LINK_TLS_EXPIRED", `The peer's certificate expired at ${when}.`, {
      hint: "Renew the certificate at the peer, or check the clock of this machine.",
    });
  }
  if (now < certificate.notBefore) {
    const when = new Date(certificate.notBefore).toISOString();
    throw new TendrilError("LINK_TLS_NOT_YET_VALID", `The peer's certificate is valid only from ${when}.`, {
      hint: "Check the clocks of both machines.",
    });
  }
}

function issued(issuer: Certificate, key: KeyObject, subject: Certificate): boolean {
  if (!sameBytes(issuer.subject, subject.issuer)) return false;
  const digest = DIGESTS[subject.algorithm];
  if (digest === undefined) return false;
  try {
    return verify(digest, subject.signed, key, subject.signature);
  } catch {
    return false;
  }
}

function publicKeyOf(certificate: Certificate): KeyObject {
  return createPublicKey({ key: Buffer.from(certificate.publicKey), format: "der", type: "spki" });
}
