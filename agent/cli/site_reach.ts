/**
 * What a site is to reach, from its resources: the values for the placeholders of documented permissions, so that a
 * command can print the flags that it runs with.
 */

import { formatEndpoint } from "../lib/endpoint.ts";
import type { AccessRole, ConnectorSpec, LinkSpec, RouterRole } from "../site/spec.ts";
import { LOCAL_SOCKET } from "./permissions.ts";

/** What stands for the folder of a site where it is written to. */
export const WHOLE_FOLDER = "DIR, to write";
/** What stands for every port that a site opens, whatever for. */
export const BOUND_PORTS = "all that is bound";

/** Values by placeholder. */
export type Reach = Readonly<Record<string, readonly string[]>>;

/** `host:port` of whatever is dialled for `links`: the proxy where there is one, else each endpoint of the role. */
export function linkReach(links: readonly LinkSpec[], role: RouterRole): string[] {
  const wanted: AccessRole = role === "edge" ? "edge" : "inter-router";
  return links.flatMap(({ endpoints, proxy }) =>
    proxy !== undefined
      ? [formatEndpoint(proxy.host, proxy.port)]
      : endpoints.filter((endpoint) => endpoint.role === wanted).map(({ host, port }) => formatEndpoint(host, port))
  );
}

/** `host:port` of the target, and of what its check asks in its place. */
function targetReach({ host, port, healthCheck }: ConnectorSpec): string[] {
  const check = healthCheck?.http ?? healthCheck?.tcp;
  const asked = check === undefined ? [] : [formatEndpoint(check.host ?? host, check.port ?? port)];
  return [formatEndpoint(host, port), ...asked];
}

/** Port 0 can't be named: then the host alone is. */
function bound({ host, port }: { readonly host: string; readonly port: number }): string {
  return formatEndpoint(host, port).replace(/:0$/, "");
}

/** What the site in the folder `dir` is to reach, by what its files say now, with the program from `entry`. Throws what loading them does. */
export async function folderReach(dir: string, entry: string): Promise<Reach> {
  const { loadResources, loadSite } = await import("../site/load.ts");
  const { isOwn, siteCertificates } = await import("../site/certificates/list.ts");
  const { GRANT_PORT, readAccess } = await import("../site/grants/access.ts");
  const { localSocket } = await import("../site/local_access.ts");
  const { givenFolders } = await import("../site/store/given_secrets.ts");
  const { bundlePath } = await import("../site/grants/bundle.ts");
  const bundle = bundlePath(entry);
  const site = await loadSite(dir);
  const resources = await loadResources(dir);
  // An AccessGrant in the folder is served from the first start on, at the port that tokens have or will have.
  const granted = (site.grants ?? []).length > 0 ? GRANT_PORT : undefined;
  const grantPort = (await readAccess(dir))?.port ?? granted;
  const redeemed = resources.tokens.map(({ url }) => url);
  const servers = (site.adaptors ?? []).map(({ source }) => source).filter((source) => source.startsWith("https:"));
  const port = (url: URL) => `${url.hostname}:${url.port || 443}`;
  // Whoever makes or renews certificates, or redeems tokens, writes files into the folder itself.
  const { portCertificates, serviceCertificates, secrets } = resources;
  const makes = serviceCertificates.length > 0 || portCertificates.some(({ name }) => !secrets.has(name));
  const writes = redeemed.length > 0 || makes || siteCertificates(resources).some(isOwn);
  const links = site.access.find(({ role }) => role !== "normal");
  const listening = [...site.listeners, ...site.multiKeyListeners ?? []].map(bound);
  const accepting = site.access.map(bound);
  const granting = grantPort === undefined || links === undefined ? [] : [formatEndpoint(links.host, grantPort)];
  return {
    [BOUND_PORTS]: [...listening, ...accepting, ...granting],
    [WHOLE_FOLDER]: writes ? [dir] : [],
    DIR: [dir, ...givenFolders(dir).filter((folder) => !folder.startsWith(`${dir.replace(/\/+$/, "")}/`))],
    "hostname,networkInterfaces": makes ? ["hostname,networkInterfaces"] : [],
    BUNDLE: grantPort === undefined || bundle === undefined ? [] : [bundle],
    "DIR/run": writes ? [] : [`${dir}/run`],
    "DIR/grants": grantPort === undefined || writes ? [] : [`${dir}/grants`],
    // Whoever has stored no plugin yet is not about to, as far as the folder tells.
    "DIR/plugin-store": writes || !(await isThere(`${dir}/plugin-store`)) ? [] : [`${dir}/plugin-store`],
    // What a token becomes is known when it is redeemed: a link to the same host, as a rule.
    "LINK_HOST:PORT": [...linkReach(site.links, site.role), ...redeemed.map(({ hostname }) => hostname)],
    "LISTENER_HOST:PORT": listening,
    "TARGET_HOST:PORT": site.connectors.flatMap(targetReach),
    ROOTS: site.connectors.some(({ tls }) => tls?.ca === "") ? [await systemRoots()] : [],
    "ACCESS_HOST:PORT": accepting,
    "PLUGIN_HOST:PORT": servers.map((source) => port(new URL(source))),
    "GRANT_HOST:PORT": [...redeemed.map(port), ...granting],
    PROGRAM: site.connectors.flatMap(({ healthCheck }) => healthCheck?.command?.slice(0, 1) ?? []),
    [LOCAL_SOCKET]: [`unix:${await Deno.realPath(dir)}/${localSocket("").slice(1)}`],
  };
}

/** Where this machine keeps the CAs that it trusts. */
export async function systemRoots(): Promise<string> {
  const { SYSTEM_ROOTS } = await import("../site/secure_target.ts");
  for (const path of SYSTEM_ROOTS) if (await isThere(path)) return path;
  return SYSTEM_ROOTS[0]!;
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
