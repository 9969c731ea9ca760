/**
 * The surface of the agent that `interior/` builds on: one import for each room, so that what the two share can be
 * seen at a glance.
 */

export { accept, type Acceptor } from "./transport/accept.ts";
export { readCredentials } from "./transport/credentials.ts";
export { Router } from "./router/router.ts";
export type { NodeFacts } from "./management/managed_router.ts";
export type { NetworkView } from "./management/live_router.ts";
export { type SiteControl, startControl } from "./site/control.ts";
export { SiteConfiguration } from "./site/configured/site_configuration.ts";
export { histogramSamples } from "./telemetry/metrics.ts";
export { siteMetrics } from "./site/site_metrics.ts";
export { type SiteDeps, SiteServices } from "./site/services.ts";
export { Revocations } from "./site/certificates/revocations.ts";
export { isAbout } from "./site/adaptors/load_policy.ts";
export { Roster, type RosterChange } from "./site/roster.ts";
export {
  type AccessSpec,
  type ConnectorSpec,
  differsInCredentials,
  isBroken,
  type KeyStrategy,
  leadsAlike,
  type LinkSpec,
  type PolicyPeer,
  type PolicyPlugin,
  type PolicyRole,
  type PolicyRule,
  type PolicySpec,
  type SiteSpec,
} from "./site/spec.ts";
export type { AccessStatus, LinkStatus, RunningSite, SiteChange } from "./site/status.ts";
export type { OutboundLink } from "./router/outbound_link.ts";
export { linkTarget, refuseRestart } from "./site/runtime.ts";
export { Backoff } from "./transport/backoff.ts";
