/**
 * The ports for links of a site whose resources name none: those of Skupper or, where they are taken, the next free ones
 * (control-plane 2.3). What was chosen stands in the file `link-ports.txt` of its folder, a role and a port per line, and
 * stays: links of other sites lead there.
 */

import { messageOf } from "../lib/errors.ts";
import type { Logger } from "../telemetry/log.ts";
import { isPortFree } from "../transport/free_port.ts";
import { type LoadOptions, loadSite } from "./load.ts";
import { LINK_PORTS } from "./port_access.ts";
import type { SiteSpec } from "./spec.ts";
import { LINK_PORTS_FILE } from "./store/given_ports.ts";
import { replaceFile } from "./write_files.ts";

const PORT_MAX = 65_535;
const HEAD = "# Ports on which this site accepts links; remove this file to have them chosen anew.\n";
/** Where a RouterAccess that names no address listens. */
const EVERYWHERE = "0.0.0.0";

/**
 * Loads the site in `dir` to run it: chooses its ports for links when they are first needed, of those that `isFree` names.
 * Throws what `loadSite` does.
 */
export async function loadToRun(
  dir: string,
  logger: Logger,
  options: LoadOptions = {},
  isFree: typeof isPortFree = isPortFree,
): Promise<SiteSpec> {
  const spec = await loadSite(dir, options);
  if (spec.linkPorts !== "open" || !await chooseLinkPorts(dir, spec, logger, isFree)) return spec;
  return await loadSite(dir, options);
}

/** True when ports were chosen and written down. */
async function chooseLinkPorts(
  dir: string,
  spec: SiteSpec,
  logger: Logger,
  isFree: typeof isPortFree,
): Promise<boolean> {
  // Without a place to write it down there is no choice that would last.
  if (Deno.permissions.querySync({ name: "write", path: dir }).state !== "granted") return false;
  const own = new Set([...spec.listeners, ...spec.multiKeyListeners ?? []].map(({ port }) => port));
  const chosen: Record<string, number> = {};
  for (const [role, first] of Object.entries(LINK_PORTS)) {
    const port = firstFree(first, own, isFree);
    // Where nothing may be tried, opening the usual one says why.
    if (port === undefined) return false;
    chosen[role] = port;
    own.add(port);
  }
  const text = Object.entries(chosen).map(([role, port]) => `${role} ${port}\n`).join("");
  try {
    await replaceFile(dir, LINK_PORTS_FILE, `${HEAD}${text}`);
  } catch (error) {
    logger.warn("ports for links can't be written down, and are the usual ones", { reason: messageOf(error) });
    return false;
  }
  logger.info("ports for links chosen", chosen);
  return true;
}

function firstFree(first: number, own: ReadonlySet<number>, isFree: typeof isPortFree): number | undefined {
  for (let port = first; port <= PORT_MAX; port++) {
    if (own.has(port)) continue;
    const free = isFree(EVERYWHERE, port);
    if (free !== false) return free === undefined ? undefined : port;
  }
  return undefined;
}
