/**
 * How a running site is asked: about itself by `$management`, for the whole network, and by a socket for this machine;
 * for a link by those who redeem its tokens.
 */

import { LinkPulse } from "../management/link_pulse.ts";
import { type LiveParts, LiveRouter, type NetworkView } from "../management/live_router.ts";
import type { ManagedRouter, ManagedSite } from "../management/managed_router.ts";
import { ManagementNode } from "../management/management_node.ts";
import { VERSION } from "../lib/version.ts";
import type { Router } from "../router/router.ts";
import type { SiteConfiguration } from "./configured/site_configuration.ts";
import { SiteGrants } from "./grants/site_grants.ts";
import { LocalAccess } from "./local_access.ts";
import type { SiteDeps } from "./services.ts";
import type { SiteSpec } from "./spec.ts";
import type { GrantStatus } from "./status.ts";

/** A site that can be asked. */
export interface SiteControl {
  /** The router as the network sees it. */
  readonly router: ManagedRouter;
  /** Makes the grants be there that `spec` has, also those of a site that is `ending`. Never rejects. */
  apply(spec: SiteSpec, ending?: boolean): Promise<void>;
  /** One per AccessGrant. */
  grants(): readonly GrantStatus[];
  /** Answers nobody any more; resolves when no local client is left. */
  stop(): Promise<void>;
}

/** Makes `site`, which is `spec` on `router`, answer. `network` is what an interior knows of others; `onChange`
 * hears that the state of its grants is another. Throws SITE_RUNNING. */
export async function startControl(
  spec: SiteSpec,
  router: Router,
  deps: SiteDeps,
  site: ManagedSite,
  configuration: SiteConfiguration,
  onChange: () => void,
  network?: NetworkView,
): Promise<SiteControl> {
  const { dir, logger } = deps;
  const metadata = JSON.stringify({ id: spec.id, version: VERSION });
  const local = dir === undefined ? undefined : await LocalAccess.open(dir, router, logger);
  // What the site says of itself, and that it reads its folder when told, is no business of the network.
  const pulse = new LinkPulse();
  const parts: LiveParts = { metadata, configuration, pulse, services: () => site.connections() };
  const forAll = new LiveRouter(router, network, parts);
  const forHere = new LiveRouter(router, network, { ...parts, site });
  const stopPulse = pulse.start(router);
  const stopManagement = new ManagementNode(router, forAll, forHere).start();
  const grants = new SiteGrants(deps, onChange);
  return {
    router: forAll,
    apply: (next, ending) => grants.apply(next, ending),
    grants: () => grants.status(),
    stop: async () => {
      stopPulse();
      stopManagement();
      await Promise.all([grants.close(), local?.close()]);
    },
  };
}
