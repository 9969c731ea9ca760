/**
 * Puts another authority in the place of the one that a site has. For a window both count (`handover.ts`): links that
 * exist go on, and what the old one issued lets its holders in. Afterwards, or at once with no window, they are shut out.
 */

import { TendrilError } from "../../lib/errors.ts";
import { bridge, createAuthority } from "../../pki/authority.ts";
import { factsOf } from "../../pki/inspect.ts";
import type { Assembled } from "../assemble.ts";
import { VALID_YEARS } from "../create.ts";
import { siteAuthority } from "../issuing.ts";
import { loadResources } from "../load.ts";
import { SERVICE_CA } from "../port_access.ts";
import { hasOwnFile, replaceSecret } from "../server_secret.ts";
import { handoverValues, readHandover } from "./handover.ts";
import { type SiteCertificate, siteCertificates } from "./list.ts";
import { type Renewal, renewCertificates } from "./renew.ts";

/** What a rotation did. */
export interface Rotation {
  /** SHA-256 fingerprint of the new authority. */
  readonly fingerprint: string;
  /** Until when the old one is trusted, ms since the epoch. */
  readonly until: number;
  /** What became of the certificates that it had issued to the site itself. */
  readonly renewals: readonly Renewal[];
}

/** True for the common name of an authority that a site has made as `subject`, or put in the place of that. */
export function isMadeAs(commonName: string, subject: string): boolean {
  return commonName === subject || commonName.startsWith(`${subject}-`);
}

/** The authorities that the site in `dir` made itself: it follows them at two thirds of their life. */
export async function madeAuthorities(dir: string, resources: Assembled): Promise<SiteCertificate[]> {
  const subjects = new Map([resources.authority, SERVICE_CA].map((name) => [name, name]));
  for (const { name, subject, signing } of resources.certificates) if (signing) subjects.set(name, subject);
  const made: SiteCertificate[] = [];
  for (const certificate of siteCertificates(resources)) {
    const { name, by, commonName } = certificate;
    const subject = subjects.get(name);
    if (by !== "itself" || subject === undefined || !isMadeAs(commonName, subject)) continue;
    // What somebody else has put there is theirs to follow, and warned of.
    if (await hasOwnFile(dir, name)) made.push(certificate);
  }
  return made;
}

/**
 * Rotates an authority of the site in `dir` at `now`, ms since the epoch: the one in Secret `wanted`, else that of its
 * links. The old one counts for `windowMs`, and never longer than it is valid. A crash leaves either the old authority or
 * the new one, and the running site or the next renewal does the rest. Throws SITE_HANDOVER while the last rotation is
 * under way, unless `windowMs` is 0; SITE_SECRET, SITE_NO_ACCESS and SITE_WRITE.
 */
export async function rotateAuthority(dir: string, now: number, windowMs: number, wanted?: string): Promise<Rotation> {
  const resources = await loadResources(dir);
  const name = wanted ?? resources.authority;
  const old = siteAuthority(resources, now, name);
  const last = readHandover(resources.secrets.get(name) ?? new Map());
  const lasts = last !== undefined && now < last.until;
  if (lasts && windowMs > 0) {
    throw new TendrilError(
      "SITE_HANDOVER",
      `the authority before this one is trusted until ${new Date(last.until).toISOString()}`,
      { hint: "Wait until then, or say --window 0s: that shuts out everybody whom either of them let in." },
    );
  }
  if (!await hasOwnFile(dir, name)) {
    throw new TendrilError("SITE_SECRET", `Secret ${name} is not in a file of its own`, {
      hint: `Move it into a file of its own, Secret-${name}.yaml.`,
    });
  }
  // What ports still trust for a window that has ended would stay: nothing written below names that authority.
  if (last !== undefined && !lasts) await settle(dir, name, now);
  // A name of its own: verifiers look for issuers by name.
  const subject = resources.certificates.find((spec) => spec.name === name && spec.signing)?.subject ?? name;
  const commonName = `${subject}-${crypto.getRandomValues(new Uint8Array(4)).toHex()}`;
  const next = await createAuthority({ commonName, years: VALID_YEARS, now });
  const until = Math.min(now + windowMs, factsOf(old.cert).notAfter);
  const previous = `${old.cert}${lasts ? last.previous : ""}`;
  const handover = { previous, bridge: await bridge(next, old, now), until };
  await replaceSecret(dir, name, next, handoverValues(handover));
  return { fingerprint: factsOf(next.cert).fingerprint, until, renewals: await renewCertificates(dir, now) };
}

/** Ends the handover of the authority `name`, whose window is over. Throws what keeps a certificate of it from being renewed. */
async function settle(dir: string, name: string, now: number): Promise<void> {
  const failed = (await renewCertificates(dir, now)).find(({ error }) => error !== undefined);
  const values = (await loadResources(dir)).secrets.get(name);
  if (failed?.error !== undefined && values !== undefined && readHandover(values) !== undefined) throw failed.error;
}
