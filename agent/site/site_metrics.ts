/** The metrics of a running site: collected when somebody asks, so that being asked is all that they cost. */

import type { ManagedRouter } from "../management/managed_router.ts";
import { VERSION } from "../lib/version.ts";
import type { MetricName, Sample } from "../telemetry/metrics.ts";
import type { ConnectorStatus, ListenerStatus, SiteStatus } from "./status.ts";

const MS = 1000;
const PERCENT = 100;
/** Characters of a digest that tell it from others. */
const SHOWN_DIGEST = 19;

/** What there is to measure of `site`, which `router` is the router of. */
export function siteMetrics(router: ManagedRouter, site: SiteStatus): Sample[] {
  const samples: Sample[] = [];
  const add = (metric: MetricName, value: number | undefined, ...labels: string[]) => {
    if (value !== undefined) samples.push({ metric, labels, value });
  };
  const expiry = (kind: string, name: string, ms: number | undefined) => {
    if (ms === undefined || !Number.isFinite(ms)) return;
    add("tendril_certificate_expiry_timestamp_seconds", Math.floor(ms / MS), kind, name);
  };
  add("tendril_info", 1, site.name, site.role, VERSION);
  add("tendril_uptime_seconds", router.uptimeSeconds);
  add("tendril_resident_memory_bytes", router.residentOctets);
  add("tendril_output_queue_bytes", router.queuedOctets);
  add("tendril_amqp_credit", 0);
  for (const direction of ["in", "out"]) add("tendril_amqp_unsettled_deliveries", 0, direction);
  for (const { role, direction } of router.connections()) add("tendril_connections", 1, role, direction);
  for (const { type, direction, credit, undelivered, unsettled } of router.links()) {
    add("tendril_amqp_links", 1, type, direction);
    add("tendril_amqp_credit", direction === "in" ? credit : undefined);
    add("tendril_amqp_unsettled_deliveries", undelivered + unsettled, direction);
  }
  add("tendril_addresses", [...router.addresses()].length);
  add("tendril_routers", [...router.nodes()].length);
  for (const { name, state, connections, expires } of site.links) {
    add("tendril_link_up", state === "active" || state === "standby" ? 1 : 0, name);
    add("tendril_link_streams", connections ?? 0, name);
    expiry("link", name, expires);
  }
  // The ports of one RouterAccess show the same certificate.
  for (const [name, [port]] of Map.groupBy(site.access, ({ name }) => name)) expiry("access", name, port?.expires);
  for (const { name, expires } of site.certificates ?? []) expiry("certificate", name, expires);
  // One of each kind may have the same name.
  const listeners = { Listener: site.listeners, MultiKeyListener: site.multiKeyListeners ?? [] };
  for (const [kind, all] of Object.entries(listeners)) {
    for (const listener of all) {
      add("tendril_listener_open", listener.open ? 1 : 0, listener.name, kind);
      service("listener", listener, add, kind);
    }
  }
  for (const connector of site.connectors) {
    add("tendril_connector_healthy", connector.health?.healthy === false ? 0 : 1, connector.name);
    service("connector", connector, add);
  }
  for (const { name, state, faults, canary, rollbacks, versions } of site.adaptors) {
    add("tendril_adaptor_ready", state === "ready" ? 1 : 0, name);
    add("tendril_adaptor_faults_total", faults, name);
    add("tendril_adaptor_canary_ratio", (canary?.share ?? 0) / PERCENT, name);
    add("tendril_adaptor_rollbacks_total", rollbacks, name);
    for (const { version, digest, calls, errors, traps } of versions) {
      const labels = [name, version, digest.slice(0, SHOWN_DIGEST)];
      add("tendril_adaptor_calls_total", calls, ...labels);
      add("tendril_adaptor_errors_total", errors, ...labels);
      add("tendril_adaptor_traps_total", traps, ...labels);
    }
  }
  add("tendril_broken_resources", site.broken?.filter(({ status }) => status === "Error").length ?? 0);
  return samples;
}

function service(
  kind: "listener" | "connector",
  { name, connections, traffic }: ListenerStatus | ConnectorStatus,
  add: (metric: MetricName, value: number | undefined, ...labels: string[]) => void,
  ...labels: string[]
): void {
  add(`tendril_${kind}_connections`, connections, name, ...labels);
  add(`tendril_${kind}_connections_total`, traffic?.opened, name, ...labels);
  add(`tendril_${kind}_requests_total`, traffic?.requests, name, ...labels);
  add(`tendril_${kind}_received_bytes_total`, traffic?.octetsIn, name, ...labels);
  add(`tendril_${kind}_sent_bytes_total`, traffic?.octetsOut, name, ...labels);
}
