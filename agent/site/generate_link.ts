/** Issues what another site needs to link to this one. */

import { TendrilError } from "../lib/errors.ts";
import { hostsOf, issue } from "../pki/authority.ts";
import { SITE_CA, VALID_YEARS } from "./create.ts";
import { secretYaml, writeLinkFile } from "./link_file.ts";
import { loadResources } from "./load.ts";
import { tlsCredentials } from "./secrets.ts";
import { writeFile } from "./write_files.ts";

/** What the link is to be. */
export interface GenerateLinkOptions {
  /** Folder of the site that will be linked to. */
  readonly dir: string;
  /** Name or address by which the other site reaches this one. */
  readonly host: string;
  /** Name of Secret and Link; default `link-<site>`. */
  readonly name?: string;
  readonly cost?: number;
}

/** A link file, and whether the site's own certificate had to be issued anew. */
export interface GeneratedLink {
  readonly yaml: string;
  /** True when the server certificate now names the host as well: a running site must be restarted to use it. */
  readonly reissued: boolean;
}

/** Makes a link file with a client certificate of its own. Throws SITE_NO_ACCESS, and what {@link loadResources} does. */
export async function generateLink({ dir, host, name, cost = 1 }: GenerateLinkOptions): Promise<GeneratedLink> {
  const { sites: [site], access, secrets } = await loadResources(dir);
  const endpoints = access.flatMap(({ role, port }) => role === "normal" ? [] : [{ role, host, port }]);
  const authoritySecret = secrets.get(SITE_CA);
  if (site === undefined || endpoints.length === 0 || authoritySecret === undefined) {
    throw new TendrilError("SITE_NO_ACCESS", `the site in ${dir} accepts no links`, {
      hint: "Create it with 'tendril site create NAME --dir DIR --enable-link-access'.",
    });
  }
  const authority = tlsCredentials(authoritySecret, SITE_CA);
  const now = Date.now();
  const common = { authority, algorithm: "rsa", years: VALID_YEARS, now } as const;
  const server = tlsCredentials(secrets.get(site.name) ?? new Map(), `Secret ${site.name}`);
  const hosts = await hostsOf(server.cert);
  const reissued = !hosts.includes(host);
  if (reissued) {
    const renewed = await issue({ ...common, commonName: site.name, hosts: [...hosts, host] });
    await writeFile(dir, `Secret-${site.name}.yaml`, secretYaml(site.name, renewed));
  }
  const linkName = name ?? `link-${site.name}`;
  const credentials = await issue({ ...common, commonName: linkName, hosts: [] });
  return { yaml: writeLinkFile({ name: linkName, credentials, endpoints, cost }), reissued };
}
