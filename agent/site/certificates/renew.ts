/**
 * Renews what a site has issued itself. Each file is replaced in one step, and a running site takes it into use without
 * closing anything; so this may run beside it, twice, or be broken off anywhere, and be done again.
 */

import { messageOf, TendrilError } from "../../lib/errors.ts";
import { issue } from "../../pki/authority.ts";
import { factsOf, hostsOf, renewalTime } from "../../pki/inspect.ts";
import type { TlsCredentials } from "../../transport/channel.ts";
import type { Assembled } from "../assemble.ts";
import { VALID_YEARS } from "../create.ts";
import { GRANT_SERVER, renewGrantServer } from "../grants/access.ts";
import { siteAuthority } from "../issuing.ts";
import { loadResources } from "../load.ts";
import { hasOwnFile, replaceSecret } from "../server_secret.ts";
import { asPort, type Handover, readHandover } from "./handover.ts";
import { isOwn, type OwnCertificate, type SiteCertificate, siteCertificates } from "./list.ts";

/** A renewal is worth it only if it gives the certificate this much more time, in ms. */
const WORTH_MS = 24 * 3_600_000;

/** What became of one Secret. */
export interface Renewal {
  /** Its name. */
  readonly name: string;
  /** Until when the certificate is valid now, ms since the epoch. */
  readonly notAfter: number;
  /** Why it was not renewed, if so. */
  readonly error?: TendrilError;
}

/**
 * Makes the certificates of the site in `dir` what they are to be at `now` (ms since the epoch): those that `wanted`
 * picks, those that are due, and those of an authority that was followed by another are issued anew; whom ports trust
 * follows the handover between authorities. Throws what {@link loadResources} does.
 */
export async function renewCertificates(
  dir: string,
  now: number,
  wanted: (certificate: SiteCertificate) => boolean = () => false,
): Promise<Renewal[]> {
  const resources = await loadResources(dir);
  const done: Renewal[] = [];
  const own = Map.groupBy(siteCertificates(resources).filter(isOwn), ({ signer }) => signer);
  for (const [signer, values] of resources.secrets) {
    const handover = readHandover(values);
    const renewals: Renewal[] = [];
    for (const certificate of own.get(signer) ?? []) {
      const issuing = wanted(certificate) || mustBeIssued(certificate, values.get("tls.crt") ?? "", now);
      const kept = inUse(certificate, certificate.tls, handover, now);
      if (!issuing && kept.ca === certificate.tls.ca && kept.cert === certificate.tls.cert) continue;
      renewals.push(await replaced(dir, resources, certificate, issuing ? undefined : kept, handover, now));
    }
    const over = handover !== undefined && now >= handover.until && renewals.every(({ error }) => error === undefined);
    if (over && await hasOwnFile(dir, signer)) {
      await replaceSecret(dir, signer, siteAuthority(resources, now, signer));
    }
    done.push(...renewals);
  }
  return done;
}

/**
 * Renews the certificates of the site in `dir` now, due or not: the one in Secret `name`, or all that it can, that of the
 * port for tokens included. Throws what {@link renewCertificates} does, and GRANT_STORAGE.
 */
export async function renewAll(dir: string, now: number, name?: string): Promise<Renewal[]> {
  const renewals = await renewCertificates(dir, now, (certificate) => name === undefined || certificate.name === name);
  const wanted = name === undefined || name === GRANT_SERVER;
  const grants = wanted ? await renewGrantServer(dir, now, true) : undefined;
  return [...renewals, ...(grants === undefined ? [] : [grants])];
}

/** When something is to be done next, ms since the epoch; infinity for never. */
export function nextRenewal(resources: Assembled): number {
  const ends = [...resources.secrets.values()].map((values) => readHandover(values)?.until ?? Infinity);
  return Math.min(...ends, ...siteCertificates(resources).filter(({ by }) => by !== "another").map(renewalTime));
}

function mustBeIssued(certificate: SiteCertificate, authority: string, now: number): boolean {
  if (certificate.by === "previous") return true;
  // Near the end of the authority's own life a new certificate would end with the old one.
  const worth = factsOf(authority).notAfter - certificate.notAfter > WORTH_MS || now > certificate.notAfter;
  return now >= renewalTime(certificate) && worth;
}

async function replaced(
  dir: string,
  resources: Assembled,
  certificate: OwnCertificate,
  kept: TlsCredentials | undefined,
  handover: Handover | undefined,
  now: number,
): Promise<Renewal> {
  const { name, commonName, notAfter } = certificate;
  try {
    if (!await hasOwnFile(dir, name)) {
      throw new TendrilError("SITE_SECRET", `Secret ${name} is not in a file of its own`, {
        hint: `Move it into a file of its own, Secret-${name}.yaml, to have it renewed.`,
      });
    }
    const tls = kept ?? inUse(certificate, await issuedAnew(certificate, resources, now), handover, now);
    await replaceSecret(dir, name, tls);
    return { name, notAfter: factsOf(tls.cert).notAfter };
  } catch (error) {
    const failure = error instanceof TendrilError
      ? error
      : new TendrilError("SITE_WRITE", `Secret ${name} can't be written: ${messageOf(error)}`, {
        cause: error,
        hint: `Let the site write its folder, or renew it by hand for ${commonName}.`,
      });
    return { name, notAfter, error: failure };
  }
}

/** The same certificate with a new key and a new life; it trusts whom the old one trusted, and its issuer. */
async function issuedAnew(
  { commonName, tls, signer }: OwnCertificate,
  resources: Assembled,
  now: number,
): Promise<TlsCredentials> {
  const authority = siteAuthority(resources, now, signer);
  const { dns, ip } = hostsOf(tls.cert);
  const common = { authority, client: true, server: true, years: VALID_YEARS, now };
  const made = await issue({ ...common, commonName, hosts: [...new Set([...dns, ...ip])] });
  return { ...made, ca: tls.ca.includes(authority.cert) ? tls.ca : `${authority.cert}${tls.ca}` };
}

/** As it is to be shown, by ports for links and to the clients of services alike. */
function inUse(
  { use }: SiteCertificate,
  tls: TlsCredentials,
  handover: Handover | undefined,
  now: number,
): TlsCredentials {
  return use === "port" || use === "service" ? asPort(tls, handover, now) : tls;
}
