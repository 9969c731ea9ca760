/** What the status says of a module that is loaded, built in or not. */

import type { AdaptorModule } from "../../adaptor/action.ts";
import type { AdaptorStatus } from "../status.ts";
import { versionStatus } from "./version_book.ts";

/** How `module` is, which is called `name` here. `problem` is what there is to say besides its own health. */
export function adaptorStatus(name: string, module: AdaptorModule, source: string, problem?: string): AdaptorStatus {
  const { digest, version, health, counts } = module;
  const refusal = health?.refusal();
  return {
    name,
    digest,
    version,
    source,
    state: refusal === undefined ? "ready" : "quarantined",
    faults: health?.faults ?? 0,
    rollbacks: 0,
    versions: counts === undefined ? [] : [versionStatus({ digest, version, counts })],
    message: refusal?.message ?? problem ?? health?.lastFault?.message ?? "OK",
  };
}
