/**
 * The certificates that Certificates in the folder of a site ask for: each is made by its authority and kept in the Secret
 * of its name, in a file of its own, where it is renewed as everything that the site has issued. A Secret that somebody
 * else has put there stays as it is.
 */

import { messageOf, TendrilError } from "../../lib/errors.ts";
import { createAuthority, issue } from "../../pki/authority.ts";
import { authorityFault, covers, factsOf, hostsOf, isIssuedBy } from "../../pki/inspect.ts";
import type { TlsCredentials } from "../../transport/channel.ts";
import type { Assembled } from "../assemble.ts";
import { VALID_YEARS } from "../create.ts";
import { tlsCredentials } from "../secrets.ts";
import { hasOwnFile, replaceSecret } from "../server_secret.ts";
import type { CertificateSpec } from "../spec.ts";
import type { Renewal } from "./renew.ts";

/** Makes what `resources`, those of the site in `dir`, lack at `now` (ms since the epoch). */
export async function makeCertificates(dir: string, resources: Assembled, now: number): Promise<Renewal[]> {
  const done: Renewal[] = [];
  for (const spec of resources.certificates) {
    const { name } = spec;
    const known = resources.secrets.get(name)?.get("tls.crt");
    if (resources.secrets.has(name) && (known === undefined || !isOutdated(known, spec, resources))) continue;
    try {
      if (known !== undefined && !await hasOwnFile(dir, name)) continue;
      const made = await make(spec, resources, now);
      await replaceSecret(dir, name, made);
      done.push({ name, notAfter: factsOf(made.cert).notAfter });
    } catch (error) {
      const failure = error instanceof TendrilError ? error : new TendrilError("SITE_WRITE", messageOf(error), {
        hint: "Let the site write its folder.",
      });
      done.push({ name, notAfter: 0, error: failure });
    }
  }
  return done;
}

/** True for a certificate that was made for the Certificate as it was before. */
function isOutdated(cert: string, { ca, subject, hosts, signing }: CertificateSpec, { secrets }: Assembled): boolean {
  try {
    const facts = factsOf(cert);
    const names = hostsOf(cert);
    const fits = facts.commonName === subject && facts.authority === signing &&
      (signing || hosts.every((host) => covers(names, host)));
    return !fits && isIssuedBy(cert, signing ? cert : secrets.get(ca)?.get("tls.crt") ?? "");
  } catch {
    return false; // No certificate: whoever put it there knows why.
  }
}

async function make(spec: CertificateSpec, { secrets }: Assembled, now: number): Promise<TlsCredentials> {
  const { ca, subject: commonName, hosts, signing } = spec;
  if (signing) return await createAuthority({ commonName, years: VALID_YEARS, now });
  const values = secrets.get(ca);
  const authority = values === undefined ? undefined : tlsCredentials(values, `Secret ${ca}`);
  const fault = authority === undefined ? "is not there" : authorityFault(authority, now);
  if (authority === undefined || fault !== undefined) {
    throw new TendrilError("SITE_SECRET", `the authority in Secret ${ca} ${fault}`, {
      hint: "Put a valid authority with its RSA or ECDSA key into that Secret.",
    });
  }
  return await issue({ authority, commonName, hosts, client: true, server: true, years: VALID_YEARS, now });
}
