/** The versions of one plugin that a site has had of late, with what was asked of each: one that is gone is told of, too. */

import type { WasmAdaptorModule } from "../../adaptor/module.ts";
import type { PluginCounts } from "../../adaptor/plugin_counts.ts";
import type { AdaptorVersionStatus } from "../status.ts";

/** Versions of one plugin that are told of. */
export const MAX_VERSIONS = 4;

/** One version, as it is told of. */
export interface Version {
  /** `sha256:<hex>` of it. */
  readonly digest: string;
  /** As it describes itself. */
  readonly version: string;
  /** What was asked of it. */
  readonly counts: PluginCounts;
}

/** See the head of the file. */
export class VersionBook {
  /** The latest last. */
  #versions: Version[] = [];

  /** Takes `module` in before anything is asked of it; one that was there before goes on counting. */
  add(module: WasmAdaptorModule): void {
    const { digest, version } = module;
    const known = this.#versions.find((other) => other.digest === digest);
    if (known !== undefined) module.counts = known.counts;
    const others = this.#versions.filter((other) => other !== known);
    this.#versions = [...others, known ?? { digest, version, counts: module.counts }].slice(-MAX_VERSIONS);
  }

  /** A snapshot. */
  status(): AdaptorVersionStatus[] {
    return this.#versions.map(versionStatus);
  }
}

/** What a status says of one version. */
export function versionStatus({ digest, version, counts }: Version): AdaptorVersionStatus {
  const { calls, errors, traps } = counts;
  return { digest, version, calls, errors, traps };
}
