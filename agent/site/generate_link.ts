/** Issues what another site needs to link to this one. */

import { TendrilError } from "../lib/errors.ts";
import { issue } from "../pki/authority.ts";
import { authorityFault, canonicalHost, covers, hostsOf, isIssuedBy } from "../pki/inspect.ts";
import type { TlsCredentials } from "../transport/channel.ts";
import type { Assembled } from "./assemble.ts";
import { checkName, SITE_CA, VALID_YEARS } from "./create.ts";
import { writeLinkFile } from "./link_file.ts";
import { loadResources } from "./load.ts";
import { host as hostSchema } from "./resources/schema.ts";
import { tlsCredentials } from "./secrets.ts";
import { renewServerSecret } from "./server_secret.ts";

/** What the link is to be. */
export interface GenerateLinkOptions {
  /** Folder of the site that will be linked to. */
  readonly dir: string;
  /** Name or address by which the other site reaches this one. */
  readonly host: string;
  /** Name of Secret and Link; default `link-<site>`. */
  readonly name?: string;
  /** At least 1, the default; lower is preferred. */
  readonly cost?: number;
}

/** A link file, and whether the site's own certificate had to be issued anew. */
export interface GeneratedLink {
  /** Secret and Link; holds a private key. */
  readonly yaml: string;
  /** True when the server certificate now names the host as well: a running site must be restarted to use it. */
  readonly reissued: boolean;
}

/**
 * Makes a link file with a client certificate of its own. Throws SITE_NO_ACCESS when the site accepts no links,
 * SITE_NAME, SITE_INVALID for a bad host or cost or broken resources, SITE_SECRET when the site's authority or
 * certificate can't serve, SITE_WRITE, and what {@link loadResources} throws.
 */
export async function generateLink(options: GenerateLinkOptions): Promise<GeneratedLink> {
  const { dir, cost = 1 } = options;
  if (!hostSchema.safeParse(options.host).success) {
    throw new TendrilError("SITE_INVALID", `${JSON.stringify(options.host)} is no host to link to`, {
      hint: "Use a host name or an IP address, without port and brackets.",
    });
  }
  if (!Number.isInteger(cost) || cost < 1) {
    throw new TendrilError("SITE_INVALID", `${cost} can't be the cost of a link`, {
      hint: "Use a whole number from 1.",
    });
  }
  const host = canonicalHost(options.host);
  const resources = await loadResources(dir);
  const site = accessOf(resources, dir);
  const name = options.name ?? `link-${site.name}`;
  if (options.name !== undefined) checkName(options.name, "link");
  const now = Date.now();
  const authority = authorityOf(resources, now);
  const common = { authority, client: true, server: true, years: VALID_YEARS, now };
  // The client's first: when something fails, the site is as it was.
  const credentials = await issue({ ...common, commonName: name, hosts: [] });
  let reissued = false;
  for (const server of site.servers) {
    if (!wasIssuedBy(server, authority)) {
      throw new TendrilError("SITE_SECRET", `the site's certificate was not issued by ${SITE_CA}`, {
        hint: `Put the authority that issued it into the Secret ${SITE_CA}, or make the link file with that authority.`,
      });
    }
    const names = hostsOf(server.cert);
    if (covers(names, host)) continue;
    const hosts = [...new Set([...names.dns, ...names.ip, host])];
    const renewed = await issue({ ...common, commonName: site.name, hosts });
    await renewServerSecret(dir, resources, server, renewed, host);
    reissued = true;
  }
  const endpoints = site.endpoints.map(({ role, port }) => ({ role, host, port }));
  return { yaml: writeLinkFile({ name, credentials, endpoints, cost }), reissued };
}

/** The ports that accept links, and the different certificates they show. */
function accessOf({ sites: [site], access, problems }: Assembled, dir: string) {
  const endpoints: { role: "edge" | "inter-router"; port: number }[] = [];
  const servers = new Map<string, TlsCredentials>();
  for (const { role, port, tls } of access) {
    if (role === "normal" || tls === undefined) continue;
    endpoints.push({ role, port });
    servers.set(tls.cert, tls);
  }
  if (site !== undefined && endpoints.length > 0) return { name: site.name, endpoints, servers: servers.values() };
  if (problems.length > 0) {
    throw new TendrilError("SITE_INVALID", `the resources in ${dir} don't make a site:\n  ${problems.join("\n  ")}`, {
      hint: "Correct the resources named above.",
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

function authorityOf({ secrets }: Assembled, now: number): TlsCredentials {
  const values = secrets.get(SITE_CA);
  if (values === undefined) {
    throw new TendrilError("SITE_NO_ACCESS", `there is no authority to issue with: no Secret ${SITE_CA}`, {
      hint: "Make the link file where the site was created, or add the Secret with its authority.",
    });
  }
  const authority = tlsCredentials(values, `Secret ${SITE_CA}`);
  const fault = authorityFault(authority, now);
  if (fault === undefined) return authority;
  throw new TendrilError("SITE_SECRET", `the authority in Secret ${SITE_CA} ${fault}`, {
    hint: "Put a valid authority with its RSA or ECDSA key into the Secret, or create the site anew.",
  });
}
