/** Reads a folder of resource files into a site's desired state. */

import { TendrilError } from "../lib/errors.ts";
import { assemble, type Assembled } from "./assemble.ts";
import { readDocuments, type ResourceDocument } from "./documents.ts";
import type { SiteSpec } from "./spec.ts";

const RESOURCE_FILE = /\.(ya?ml|json)$/;

/** Options of {@link loadSite}. */
export interface LoadOptions {
  /** Hears of everything that was passed over. */
  readonly warn?: (message: string) => void;
}

/**
 * Loads the site in `dir`. Throws SITE_FOLDER when it can't be read, SITE_SYNTAX for a broken file, SITE_INVALID with
 * one line per problem.
 */
export async function loadSite(dir: string, options: LoadOptions = {}): Promise<SiteSpec> {
  const assembled = await loadResources(dir);
  for (const warning of assembled.warnings) options.warn?.(warning);
  const problems = [...assembled.problems];
  const [site, ...others] = assembled.sites;
  if (site === undefined) problems.push(`${dir}: there is no Site`);
  for (const other of others) problems.push(`${other.where}: there is another Site in ${site.where}`);
  if (site?.edge === true && assembled.access.length > 0) {
    problems.push(`${site.where}: an edge site can't have a RouterAccess`);
  }
  if (problems.length > 0 || site === undefined) {
    throw new TendrilError("SITE_INVALID", `the resources in ${dir} don't make a site:\n  ${problems.join("\n  ")}`, {
      hint: "Correct the resources named above; 'tendril site create NAME --dir DIR' makes a new site.",
    });
  }
  const role = site.edge ? "edge" : "interior";
  const wanted = role === "edge" ? "edge" : "inter-router";
  for (const link of assembled.links) {
    if (!link.endpoints.some((endpoint) => endpoint.role === wanted)) {
      options.warn?.(`Link ${link.name} has no endpoint for the role ${wanted} and will not be used`);
    }
  }
  return {
    id: site.uid ?? await derivedId(site.name),
    name: site.name,
    role,
    listeners: assembled.listeners,
    connectors: assembled.connectors,
    links: assembled.links.filter((link) => link.endpoints.some((endpoint) => endpoint.role === wanted)),
    access: assembled.access,
  };
}

/** All resources of a folder, whether or not they make a site. */
export async function loadResources(dir: string): Promise<Assembled> {
  const documents: ResourceDocument[] = [];
  let names: string[];
  try {
    names = [...Deno.readDirSync(dir)].filter((entry) => entry.isFile && RESOURCE_FILE.test(entry.name))
      .map((entry) => entry.name).sort();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("SITE_FOLDER", `can't read the folder ${dir}`, {
      cause,
      hint: "Name the folder that holds the site's YAML files.",
    });
  }
  for (const name of names) documents.push(...readDocuments(await Deno.readTextFile(`${dir}/${name}`), name));
  return assemble(documents);
}

/** A Site that was written without a uid gets one that stays the same: from the SHA-256 of its name. */
async function derivedId(name: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name)));
  hash[6] = (hash[6] & 0x0f) | 0x80;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  const hex = hash.toHex();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
