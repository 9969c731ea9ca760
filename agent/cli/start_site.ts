/** Starts a site as the router its role asks for; the one place that loads `interior/`. */

import type { SiteSpec } from "../site/spec.ts";
import type { RunningSite } from "../site/status.ts";
import type { Logger } from "../telemetry/log.ts";
import type { LogRing } from "../telemetry/log_ring.ts";

/** Where a site has its files. */
export interface SiteFolder {
  /** The folder that it runs from. */
  readonly dir: string;
  /** Where the program was loaded from. */
  readonly entry: string;
  /** What it has logged of late. */
  readonly history: LogRing;
}

/** Starts `spec`, which `folder` describes if it has one, with `maxMemory` octets as its ceiling of memory; resolves once its own ports are open. Links and listeners come up on their own, in their time. */
export async function startSite(
  spec: SiteSpec,
  logger: Logger,
  folder?: SiteFolder,
  maxMemory?: number,
): Promise<RunningSite> {
  const deps = { logger, ...folder, ...(maxMemory === undefined ? {} : { maxMemory }) };
  if (spec.role === "edge") {
    const { startEdge } = await import("../site/runtime.ts");
    return await startEdge(spec, deps);
  }
  // Only an interior pays for what makes a transit router.
  const { startInterior } = await import("../../interior/mod.ts");
  return await startInterior(spec, deps);
}
