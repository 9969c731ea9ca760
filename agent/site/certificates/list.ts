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
  /** Who issued it: the authority of this site, the one before that, itself, or somebody else. */
  readonly by: "this site" | "previous" | "itself" | "another";
}

/** Share of its life that is left when a certificate is late. */
const LATE = 1 / 10;

/** Certificates among `resources`, the authority first. Secrets without any are passed over. */
export function siteCertificates(resources: Assembled): SiteCertificate[] {
  const { secrets, access, links, listeners, multiKeyListeners, connectors } = resources;
  const own = secrets.get(resources.authority);
  const authority = own?.get("tls.crt");
  const previous = own === undefined ? undefined : readHandover(own)?.previous;
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
    const by = signedBy(tls.cert, tls.cert)
      ? "itself"
      : signedBy(tls.cert, authority)
      ? "this site"
      : splitPem(previous ?? "").some((each) => signedBy(tls.cert, each))
      ? "previous"
      : "another";
    found.push({ name, use, tls, by, ...facts });
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

/** True when the site itself can issue it anew. */
export function isOwn({ use, by }: SiteCertificate): boolean {
  return use !== "authority" && (by === "this site" || by === "previous");
}

function rank({ use }: SiteCertificate): number {
  return ["authority", "port", "link", "service", "unused"].indexOf(use);
}

function signedBy(cert: string, authority: string | undefined): boolean {
  try {
    return authority !== undefined && isIssuedBy(cert, authority);
  } catch {
    return false; // It says that it is PEM, and is not a certificate.
  }
}
