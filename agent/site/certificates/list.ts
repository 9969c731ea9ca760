/** The certificates of a site: which there are, what they are for, and which of them the site renews by itself. */

import { type CertificateFacts, factsOf, isIssuedBy, renewalTime, splitPem } from "../../pki/inspect.ts";
import type { TlsCredentials } from "../../transport/channel.ts";
import type { Assembled } from "../assemble.ts";
import { serverIdentity, tlsCredentials } from "../secrets.ts";
import { readHandover } from "./handover.ts";

/** What a certificate is for; `service`: a Listener shows it, or a Connector. */
export type CertificateUse = "authority" | "port" | "link" | "service" | "unused";

/** How a certificate is: `due` is past two thirds of its life, `late` in the last tenth. */
export type CertificateState = "ok" | "due" | "late" | "expired" | "not yet valid";

/** One certificate of a site. */
export interface SiteCertificate extends CertificateFacts {
  /** Name of its Secret. */
  readonly name: string;
  /** What it is for. */
  readonly use: CertificateUse;
  /** Certificate, key and whom to trust. */
  readonly tls: TlsCredentials;
  /** Who issued it: an authority of this site, the one before that, itself, or somebody else. */
  readonly by: "this site" | "previous" | "itself" | "another";
  /**
   * Name of the Secret with the authority that issued it, or has followed that; undefined where there is none here, and
   * for what came as files that are never written to.
   */
  readonly signer: string | undefined;
}

/** Share of its life that is left when a certificate is late. */
const LATE = 1 / 10;

/** Certificates among `resources`, the authority first. Secrets without any are passed over. */
export function siteCertificates(resources: Assembled): SiteCertificate[] {
  const { secrets, given, access, links, listeners, multiKeyListeners, connectors } = resources;
  const signers = signersOf(resources);
  const shown = new Set([
    ...[...listeners, ...multiKeyListeners].map((listener) => listener.tls?.cert),
    ...connectors.map((connector) => connector.tls?.identity?.cert),
  ]);
  const found: SiteCertificate[] = [];
  for (const [name, values] of secrets) {
    let facts: CertificateFacts;
    let tls: TlsCredentials;
    try {
      // Services need not trust anybody, so their Secrets may lack that.
      const ca = values.get("ca.crt") ?? "";
      tls = ca === "" ? { ca, ...serverIdentity(values, name) } : tlsCredentials(values, name);
      facts = factsOf(tls.cert);
    } catch {
      continue; // No credentials, or such as whoever uses them complains about.
    }
    const use = facts.authority
      ? "authority"
      : access.some((port) => port.tls?.cert === tls.cert)
      ? "port"
      : links.some((link) => link.tls.cert === tls.cert)
      ? "link"
      : shown.has(tls.cert)
      ? "service"
      : "unused";
    found.push({
      name,
      use,
      tls,
      ...facts,
      ...issuerOf(tls.cert, signers),
      ...(given.has(name) ? { signer: undefined } : {}),
    });
  }
  return found.sort((one, other) => rank(one) - rank(other) || (one.name < other.name ? -1 : 1));
}

/** How a certificate is at `now`, ms since the epoch. */
export function certificateState(facts: CertificateFacts, now: number): CertificateState {
  const { notBefore, notAfter } = facts;
  if (now < notBefore) return "not yet valid";
  if (now > notAfter) return "expired";
  if (now >= notAfter - (notAfter - notBefore) * LATE) return "late";
  return now >= renewalTime(facts) ? "due" : "ok";
}

/** A certificate that the site itself can issue anew. */
export type OwnCertificate = SiteCertificate & { readonly signer: string };

/** True for an {@link OwnCertificate}. */
export function isOwn(certificate: SiteCertificate): certificate is OwnCertificate {
  return certificate.use !== "authority" && certificate.signer !== undefined;
}

/** An authority with its key, and those that it has followed. */
interface Signer {
  /** Name of its Secret. */
  readonly name: string;
  /** PEM. */
  readonly cert: string;
  /** PEM, one each. */
  readonly previous: readonly string[];
}

/** All in the folder, that of the site first. */
function signersOf({ secrets, authority }: Assembled): Signer[] {
  const signers: Signer[] = [];
  for (const [name, values] of secrets) {
    const cert = values.get("tls.crt");
    if (cert === undefined || !values.has("tls.key") || !isAuthority(cert)) continue;
    signers.push({ name, cert, previous: splitPem(readHandover(values)?.previous ?? "") });
  }
  return signers.sort((one, other) => Number(other.name === authority) - Number(one.name === authority));
}

function issuerOf(cert: string, signers: readonly Signer[]): Pick<SiteCertificate, "by" | "signer"> {
  if (signedBy(cert, cert)) return { by: "itself", signer: undefined };
  const signer = signers.find((each) => signedBy(cert, each.cert));
  if (signer !== undefined) return { by: "this site", signer: signer.name };
  const follower = signers.find(({ previous }) => previous.some((each) => signedBy(cert, each)));
  return follower === undefined ? { by: "another", signer: undefined } : { by: "previous", signer: follower.name };
}

function isAuthority(cert: string): boolean {
  try {
    return factsOf(cert).authority;
  } catch {
    return false; // No certificate: whoever uses it complains.
  }
}

function rank({ use }: SiteCertificate): number {
  return ["authority", "port", "link", "service", "unused"].indexOf(use);
}

function signedBy(cert: string, authority: string): boolean {
  try {
    return isIssuedBy(cert, authority);
  } catch {
    return false; // It says that it is PEM, and is not a certificate.
  }
}
