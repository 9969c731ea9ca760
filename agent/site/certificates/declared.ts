/**
 * The certificates that Certificates in the folder of a site ask for, and those that its ports and services need: each is
 * made by its authority and kept in the Secret of its name, in a file of its own, where it is renewed as everything that the site has
 * issued. A Secret that somebody else has put there stays as it is.
 */

import { messageOf, TendrilError } from "../../lib/errors.ts";
import { createAuthority, issue } from "../../pki/authority.ts";
import { authorityFault, covers, factsOf, hostsOf, isIssuedBy } from "../../pki/inspect.ts";
import type { TlsCredentials } from "../../transport/channel.ts";
import type { Assembled } from "../assemble.ts";
import { VALID_YEARS } from "../create.ts";
import { localNames } from "../local_names.ts";
import { type PortCertificate, SERVICE_CA } from "../port_access.ts";
import { type SecretValues, tlsCredentials } from "../secrets.ts";
import { hasOwnFile, replaceSecret } from "../server_secret.ts";
import type { CertificateSpec } from "../spec.ts";
import { asPort, readHandover } from "./handover.ts";
import type { Renewal } from "./renew.ts";
import { isMadeAs } from "./rotate.ts";

/** Makes what `resources`, those of the site in `dir`, lack at `now` (ms since the epoch). */
export async function makeCertificates(dir: string, resources: Assembled, now: number): Promise<Renewal[]> {
  const done: Renewal[] = [];
  const secrets = new Map(resources.secrets);
  const put = async (name: string, make: () => Promise<TlsCredentials>) => {
    // What can't be read is somebody's, and is told of.
    if (resources.broken.some((each) => each.kind === "Secret" && each.name === name)) return;
    try {
      if (secrets.has(name) && !await hasOwnFile(dir, name)) return;
      const made = await make();
      await replaceSecret(dir, name, made);
      secrets.set(name, new Map([["ca.crt", made.ca], ["tls.crt", made.cert], ["tls.key", made.key]]));
      done.push({ name, notAfter: factsOf(made.cert).notAfter });
    } catch (error) {
      const failure = error instanceof TendrilError ? error : new TendrilError("SITE_WRITE", messageOf(error), {
        hint: "Let the site write its folder.",
      });
      done.push({ name, notAfter: 0, error: failure });
    }
  };
  // Whoever signs comes first.
  const declared = resources.certificates.toSorted((one, other) => Number(other.signing) - Number(one.signing));
  for (const spec of declared.filter(({ signing }) => signing)) {
    if (isWanted(secrets, spec)) await put(spec.name, () => authorityNamed(spec.subject, now));
  }
  const ports = resources.portCertificates.filter((port) => isLacking(port, secrets, resources.authority));
  const leaves = declared.filter((spec) => !spec.signing && isWanted(secrets, spec));
  const isNamed = (name: string) => declared.some((spec) => spec.name === name);
  const services = resources.serviceCertificates.filter(({ name }) => !isNamed(name));
  const standard = [
    ...(ports.length > 0 ? [resources.authority] : []),
    ...(services.length > 0 || leaves.some(({ ca }) => ca === SERVICE_CA) ? [SERVICE_CA] : []),
  ];
  for (const name of standard) if (!secrets.has(name)) await put(name, () => authorityNamed(name, now));
  for (const { name, subject, hosts, bind } of ports) {
    const known = secrets.get(name)?.get("tls.crt");
    await put(name, async () => {
      const names = known === undefined ? { dns: [], ip: [] } : hostsOf(known);
      const wanted = hosts.length === 0 ? localNames(bind) : hosts;
      const more = { hosts: [...new Set([...names.dns, ...names.ip, ...wanted])] };
      const commonName = known === undefined ? subject : factsOf(known).commonName;
      return await signed(secrets, resources.authority, { commonName, ...more }, now);
    });
  }
  for (const { name, ca, subject: commonName, hosts } of leaves) {
    await put(name, () => signed(secrets, ca, { commonName, hosts }, now));
  }
  for (const { name, subject: commonName, binds } of services) {
    const hosts = [...new Set(binds.flatMap(localNames))];
    await put(name, () => signed(secrets, SERVICE_CA, { commonName, hosts }, now));
  }
  return done;
}

/** True where there is no certificate for `spec`, or one that was made for it as it was before. */
function isWanted(secrets: ReadonlyMap<string, SecretValues>, spec: CertificateSpec): boolean {
  const known = secrets.get(spec.name)?.get("tls.crt");
  return !secrets.has(spec.name) || known !== undefined && isOutdated(known, spec, secrets);
}

/** True where a port has no certificate, or one of the site's own that lacks names it must have. */
function isLacking(
  { name, hosts }: PortCertificate,
  secrets: ReadonlyMap<string, SecretValues>,
  authority: string,
): boolean {
  const known = secrets.get(name)?.get("tls.crt");
  if (known === undefined) return !secrets.has(name);
  try {
    const names = hostsOf(known);
    return !hosts.every((host) => covers(names, host)) &&
      isIssuedBy(known, secrets.get(authority)?.get("tls.crt") ?? "");
  } catch {
    return false; // No certificate: whoever uses it complains.
  }
}

/** True for a certificate that was made for the Certificate as it was before. */
function isOutdated(
  cert: string,
  { ca, subject, hosts, signing }: CertificateSpec,
  secrets: ReadonlyMap<string, SecretValues>,
): boolean {
  try {
    const facts = factsOf(cert);
    const names = hostsOf(cert);
    const fits = (signing ? isMadeAs(facts.commonName, subject) : facts.commonName === subject) &&
      facts.authority === signing &&
      (signing || hosts.every((host) => covers(names, host)));
    return !fits && isIssuedBy(cert, signing ? cert : secrets.get(ca)?.get("tls.crt") ?? "");
  } catch {
    return false; // No certificate: whoever put it there knows why.
  }
}

async function authorityNamed(commonName: string, now: number): Promise<TlsCredentials> {
  return await createAuthority({ commonName, years: VALID_YEARS, now });
}

/** A certificate by the authority in Secret `ca`. Throws SITE_SECRET when that can't sign. */
async function signed(
  secrets: ReadonlyMap<string, SecretValues>,
  ca: string,
  subject: { readonly commonName: string; readonly hosts: readonly string[] },
  now: number,
): Promise<TlsCredentials> {
  const values = secrets.get(ca);
  const authority = values === undefined ? undefined : tlsCredentials(values, `Secret ${ca}`);
  const fault = authority === undefined ? "is not there" : authorityFault(authority, now);
  if (authority === undefined || fault !== undefined) {
    throw new TendrilError("SITE_SECRET", `the authority in Secret ${ca} ${fault}`, {
      hint: "Put a valid authority with its RSA or ECDSA key into that Secret.",
    });
  }
  const made = await issue({ ...subject, authority, client: true, server: true, years: VALID_YEARS, now });
  return asPort(made, readHandover(values ?? new Map()), now);
}
