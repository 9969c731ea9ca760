/** Issues what another site needs to link to this one. */

import { TendrilError } from "../lib/errors.ts";
import { issue } from "../pki/authority.ts";
import { canonicalHost, factsOf } from "../pki/inspect.ts";
import { checkName, VALID_YEARS } from "./create.ts";
import { coverHost, siteAccess, siteAuthority } from "./issuing.ts";
import { writeLinkFile } from "./link_file.ts";
import { loadResources } from "./load.ts";
import { host as hostSchema } from "./resources/schema.ts";

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
  /** Serial number of the certificate in it, by which it can be revoked. */
  readonly serial: string;
  /** True when the server certificate was issued anew, to name the host as well. */
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
  const site = siteAccess(resources, dir);
  const name = options.name ?? `link-${site.name}`;
  if (options.name !== undefined) checkName(options.name, "link");
  const now = Date.now();
  const authority = siteAuthority(resources, now);
  // The client's first: when something fails, the site is as it was.
  const common = { authority, client: true, server: true, years: VALID_YEARS, now };
  const credentials = await issue({ ...common, commonName: name, hosts: [] });
  const reissued = await coverHost(dir, resources, authority, host, now);
  const endpoints = site.endpoints.map(({ role, port }) => ({ role, host, port }));
  return {
    yaml: writeLinkFile({ name, credentials, endpoints, cost }),
    serial: factsOf(credentials.cert).serial,
    reissued,
  };
}
