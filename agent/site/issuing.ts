/** What a site has that lets others link to it: its ports, its authority, and the names of its certificates. */

import { TendrilError } from "../lib/errors.ts";
import { issue } from "../pki/authority.ts";
import { authorityFault, covers, hostsOf, isIssuedBy } from "../pki/inspect.ts";
import type { TlsCredentials } from "../transport/channel.ts";
import type { Assembled } from "./assemble.ts";
import { asPort, readHandover } from "./certificates/handover.ts";
import { VALID_YEARS } from "./create.ts";
import { tlsCredentials } from "./secrets.ts";
import { renewServerSecret } from "./server_secret.ts";
import type { AccessRole } from "./spec.ts";

/** How a site can be linked to. */
export interface SiteAccess {
  /** Name of the site. */
  readonly name: string;
  /** One per port, in the order of the resources. */
  readonly endpoints: ReadonlyArray<{ readonly role: AccessRole; readonly port: number }>;
  /** The credentials of those ports, each once. */
  readonly servers: readonly TlsCredentials[];
}

/**
 * Makes sure that the certificates of the ports for links name `host`; true when one had to be issued anew, which a
 * running site takes into use. Throws SITE_SECRET, SITE_WRITE, and what {@link siteAccess} does.
 */
export async function coverHost(
  dir: string,
  resources: Assembled,
  authority: TlsCredentials,
  host: string,
  now: number,
): Promise<boolean> {
  const site = siteAccess(resources, dir);
  const common = { authority, client: true, server: true, years: VALID_YEARS, now };
  let reissued = false;
  for (const server of site.servers) {
    if (!wasIssuedBy(server, authority)) {
      throw new TendrilError("SITE_SECRET", `the site's certificate was not issued by ${resources.authority}`, {
        hint:
          `Put the authority that issued it into the Secret ${resources.authority}, or make the link file with that authority.`,
      });
    }
    const names = hostsOf(server.cert);
    if (covers(names, host)) continue;
    const hosts = [...new Set([...names.dns, ...names.ip, host])];
    const issued = await issue({ ...common, commonName: site.name, hosts });
    const handover = readHandover(resources.secrets.get(resources.authority) ?? new Map());
    const renewed = asPort({ ...issued, ca: server.ca }, handover, now);
    await renewServerSecret(dir, resources, server, renewed, host);
    reissued = true;
  }
  return reissued;
}

/** The ports of a site that accept links, and the different certificates they show. Throws SITE_NO_ACCESS, SITE_INVALID. */
export function siteAccess(
  { sites: [site], access, problems, portCertificates, secrets }: Assembled,
  dir: string,
): SiteAccess {
  const endpoints: { role: "edge" | "inter-router"; port: number }[] = [];
  const servers = new Map<string, TlsCredentials>();
  for (const { role, port, tls } of access) {
    if (role === "normal" || tls === undefined) continue;
    endpoints.push({ role, port });
    servers.set(tls.cert, tls);
  }
  if (site !== undefined && endpoints.length > 0) return { name: site.name, endpoints, servers: [...servers.values()] };
  if (problems.length > 0) {
    throw new TendrilError("SITE_INVALID", `the resources in ${dir} don't make a site:\n  ${problems.join("\n  ")}`, {
      hint: "Correct the resources named above.",
    });
  }
  if (portCertificates.some(({ name }) => !secrets.has(name))) {
    throw new TendrilError("SITE_NO_ACCESS", `the certificate of the site in ${dir} is not made yet`, {
      hint: `Start the site, which makes it: tendril run ${dir}`,
    });
  }
  throw new TendrilError("SITE_NO_ACCESS", `the site in ${dir} accepts no links`, {
    hint: "Create it with 'tendril site create NAME --dir DIR --enable-link-access'.",
  });
}

function wasIssuedBy(server: TlsCredentials, authority: TlsCredentials): boolean {
  try {
    return isIssuedBy(server.cert, authority.cert);
  } catch {
    return false; // It says that it is PEM, and is not a certificate.
  }
}

/**
 * The authority in Secret `name`, that of the site unless another one is meant. Throws SITE_NO_ACCESS without one,
 * SITE_SECRET for one that can't issue at `now`.
 */
export function siteAuthority({ secrets, authority }: Assembled, now: number, name = authority): TlsCredentials {
  const values = secrets.get(name);
  if (values === undefined) {
    throw new TendrilError("SITE_NO_ACCESS", `there is no authority to issue with: no Secret ${name}`, {
      hint: "Make the link file where the site was created, or add the Secret with its authority.",
    });
  }
  const found = tlsCredentials(values, `Secret ${name}`);
  const fault = authorityFault(found, now);
  if (fault === undefined) return found;
  throw new TendrilError("SITE_SECRET", `the authority in Secret ${name} ${fault}`, {
    hint: "Put a valid authority with its RSA or ECDSA key into the Secret, or create the site anew.",
  });
}
