/** What `tendril certificate status` tells: the certificates of a site as plain values, without keys. */

import { renewalTime } from "../../pki/inspect.ts";
import { grantServerCertificate } from "../grants/access.ts";
import { loadResources } from "../load.ts";
import { readHandover } from "./handover.ts";
import { type CertificateState, certificateState, type CertificateUse, isOwn, siteCertificates } from "./list.ts";
import { readRevoked } from "./revocations.ts";
import { madeAuthorities } from "./rotate.ts";

/** One certificate. */
export interface CertificateReport {
  /** Name of its Secret. */
  readonly name: string;
  /** What it is for. */
  readonly use: CertificateUse | "tokens";
  /** Distinguished name. */
  readonly subject: string;
  /** Who issued it. */
  readonly issuedBy: string;
  /** How it is. */
  readonly state: CertificateState;
  /** When it expires (RFC 3339). */
  readonly expires: string;
  /** When the running site renews it, or has another authority follow it; null when it can't. */
  readonly renewed: string | null;
  /** Upper-case hex. */
  readonly serial: string;
  /** SHA-256. */
  readonly fingerprint: string;
}

/** All there is to tell. */
export interface CertificatesReport {
  /** The authority first. */
  readonly certificates: readonly CertificateReport[];
  /** The rotation of the authority that is under way, if any. */
  readonly handover: { readonly until: string } | null;
  /** Fingerprints and serial numbers. */
  readonly revoked: readonly string[];
}

/** Tells of the site in `dir` at `now`, ms since the epoch. Throws what `loadResources` does, SITE_INVALID, GRANT_STORAGE. */
export async function certificateReport(dir: string, now: number): Promise<CertificatesReport> {
  const resources = await loadResources(dir);
  const time = (ms: number) => new Date(ms).toISOString();
  const made = new Set((await madeAuthorities(dir, resources)).map(({ name }) => name));
  const certificates: CertificateReport[] = siteCertificates(resources).map((certificate) => {
    const { name, use, subject, by, signer, notAfter, serial, fingerprint, issuer } = certificate;
    const bySite = signer === resources.authority ? "this site" : signer;
    const issuedBy = by === "another" ? issuer : by === "previous" ? "its last authority" : bySite ?? by;
    const renewed = isOwn(certificate) || made.has(name) ? time(renewalTime(certificate)) : null;
    const state = certificateState(certificate, now);
    return { name, use, subject, issuedBy, state, expires: time(notAfter), renewed, serial, fingerprint };
  });
  const grants = await grantServerCertificate(dir);
  if (grants !== undefined) {
    const { name, subject, notAfter, serial, fingerprint } = grants;
    const [state, expires, renewed] = [certificateState(grants, now), time(notAfter), time(renewalTime(grants))];
    const issuedBy = "its own authority";
    certificates.push({ name, use: "tokens", subject, issuedBy, state, expires, renewed, serial, fingerprint });
  }
  const handover = readHandover(resources.secrets.get(resources.authority) ?? new Map());
  return {
    certificates,
    handover: handover === undefined || now >= handover.until ? null : { until: time(handover.until) },
    revoked: await readRevoked(dir),
  };
}
