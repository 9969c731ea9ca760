/** Reads a folder of resource files into a site's desired state (control-plane 1.12). */

import { assemble, type Assembled } from "./assemble.ts";
import { readRevoked } from "./certificates/revocations.ts";
import { type ReadResult, scanDocuments } from "./documents.ts";
import { Problem, problemsError } from "./problems.ts";
import type { SiteSpec } from "./spec.ts";
import { readFolder } from "./store/folder.ts";
import { readLinkPorts } from "./store/given_ports.ts";
import { readGivenSecrets, withGiven } from "./store/given_secrets.ts";

/** Options of {@link loadSite}. */
export interface LoadOptions {
  /** Hears of everything that was passed over. */
  readonly warn?: (message: string) => void;
}

/**
 * Loads the site in `dir`. A resource that is broken is left out, with what is wrong in `broken`. Throws one TendrilError
 * that lists all problems when no site can be made, or a file can't be read, so that what it holds is not known:
 * SITE_FOLDER, SITE_SYNTAX, SITE_TOO_LARGE, SITE_SECRET or SITE_INVALID, the last also for several problems of different
 * codes.
 */
export async function loadSite(dir: string, options: LoadOptions = {}): Promise<SiteSpec> {
  const spec = await siteOf(dir, await readResources(dir), options);
  const revoked = await readRevoked(dir);
  return revoked.length === 0 ? spec : { ...spec, revoked };
}

/** The site that `assembled` resources of `dir` make. Throws as {@link loadSite} does. */
export async function siteOf(dir: string, assembled: Assembled, options: LoadOptions = {}): Promise<SiteSpec> {
  const { listeners, multiKeyListeners, connectors, adaptors, routes, unrouted, access, policies } = assembled;
  const { certificates, grants, linkPorts } = assembled;
  const [site] = assembled.sites;
  const problems = [...assembled.problems, ...siteProblems(dir, assembled)];
  // To go on without a Policy would open what it shuts.
  const fatal = problems.some(({ about }) => about === undefined || about.kind === "Site" || about.kind === "Policy");
  if (fatal || site === undefined) throw problemsError(`no site can be made of ${dir}`, problems);
  for (const warning of assembled.warnings) options.warn?.(warning);
  const broken = [...assembled.broken];
  const idle = policies.find(({ rules }) => rules.every(({ load = [] }) => load.length === 0));
  if (site.edge && idle !== undefined) {
    options.warn?.(`Policy ${idle.name} has no effect: an edge accepts nobody, and it is about no plugin`);
  }
  const role = site.edge ? "edge" : "interior";
  const wanted = role === "edge" ? "edge" : "inter-router";
  const links = assembled.links.filter(({ name, endpoints }) => {
    if (endpoints.some((endpoint) => endpoint.role === wanted)) return true;
    const message = `Link ${name} has no endpoint for the role ${wanted} and will not be used`;
    const hint = "Have a link file made by a site with a RouterAccess of that role.";
    broken.push({ kind: "Link", name, status: "Pending", code: undefined, message, hint });
    options.warn?.(message);
    return false;
  });
  const acceptsLinks = access.some(({ role }) => role !== "normal");
  for (const { name } of acceptsLinks ? [] : grants) {
    const message = `AccessGrant ${name} can't be redeemed: this site accepts no links`;
    const hint = "Put it into the folder of an interior with a RouterAccess.";
    broken.push({ kind: "AccessGrant", name, status: "Error", code: "SITE_INVALID", message, hint });
    options.warn?.(message);
  }
  const id = site.uid ?? await derivedId(site.name);
  const tokens = assembled.tokens.map(({ name }) => name);
  const parts = {
    listeners,
    multiKeyListeners,
    connectors,
    adaptors,
    routes,
    unrouted,
    links,
    access,
    linkPorts,
    policies,
    certificates,
    grants,
  };
  return { id, name: site.name, role, ...parts, tokens, broken };
}

/**
 * All resources of a folder, whether or not they make a site; `problems` tells what is wrong with them. Throws as
 * {@link loadSite} does when a file can't be read as YAML.
 */
export async function loadResources(dir: string): Promise<Assembled> {
  const assembled = await readResources(dir);
  const { problems } = assembled;
  if (problems.some(({ code }) => code === "SITE_FOLDER" || code === "SITE_SYNTAX" || code === "SITE_TOO_LARGE")) {
    throw problemsError(`can't read the resources in ${dir}`, problems);
  }
  return assembled;
}

/** What only the whole folder can have wrong. */
export function siteProblems(dir: string, { sites, access, siteSeen }: Assembled): Problem[] {
  const [site, ...others] = sites;
  const found = (text: string, hint: string) => new Problem("SITE_INVALID", text, hint);
  if (site === undefined) {
    return siteSeen ? [] : [found(`${dir}: there is no Site`, "Make one with 'tendril site create NAME --dir DIR'.")];
  }
  const result = others.map(({ where, name }) =>
    found(`${where}: Site ${name}: there is another Site in ${site.where}`, "Keep one Site per folder.")
  );
  if (site.edge && access.length > 0) {
    const what = `${site.where}: Site ${site.name}: an edge can't have RouterAccess ${access[0]?.name}`;
    result.push(found(what, "Remove the RouterAccess, or spec.edge to make the site an interior."));
  }
  return result;
}

async function readResources(dir: string): Promise<Assembled> {
  const { files, problems } = await readFolder(dir);
  const reads = [...files].map(([name, text]): ReadResult => scanDocuments(text, `${dir.replace(/\/$/, "")}/${name}`));
  const given = withGiven(reads, await readGivenSecrets(dir));
  return assemble([{ documents: [], problems }, ...given], await readLinkPorts(dir));
}

/** A Site that was written without a uid gets one that stays the same: from the SHA-256 of its name, as a UUID v8. */
async function derivedId(name: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name)));
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toHex();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
