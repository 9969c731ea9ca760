/**
 * Turns what changed between two snapshots of a site into log records: pure, so the words an operator reads are tested
 * without a network. Repeated failures with the same reason are told once.
 */

import type { AccessStatus, ConnectorStatus, LinkStatus, ListenerStatus, SiteStatus } from "../site/status.ts";
import type { LogFields } from "../telemetry/log.ts";
import type { LogLevel } from "../telemetry/level.ts";
import { formatEndpoint } from "../lib/endpoint.ts";

/** One thing to tell. */
export interface Narration {
  /** How grave it is. */
  readonly level: LogLevel;
  /** What happened. */
  readonly message: string;
  /** The facts. */
  readonly fields: LogFields;
}

/** What is worth telling about `next` to someone who knows `previous`; undefined means: knows nothing. */
export function narrate(previous: SiteStatus | undefined, next: SiteStatus): Narration[] {
  const told: Narration[] = previous === undefined ? [opening(next)] : [];
  // A RouterAccess has several ports.
  told.push(...changes(previous?.access, next.access, accessChange, ({ name, role }) => `${name} ${role}`));
  told.push(...changes(previous?.links, next.links, linkChange));
  told.push(...changes(previous?.listeners, next.listeners, listenerChange));
  told.push(...changes(previous?.multiKeyListeners, next.multiKeyListeners ?? [], listenerChange));
  told.push(...changes(previous?.connectors, next.connectors, connectorChange));
  return told;
}

function opening(site: SiteStatus): Narration {
  return tell("info", "site is running", {
    site: site.name,
    role: site.role,
    routerId: site.routerId,
    pid: Deno.pid,
  });
}

/** Pairs the members of two lists by name, or what `id` makes of them, and asks `compare` about each pair. */
function changes<T extends { readonly name: string }>(
  before: readonly T[] | undefined,
  after: readonly T[],
  compare: (before: T | undefined, after: T) => Narration | undefined,
  id: (member: T) => string = ({ name }) => name,
): Narration[] {
  return after
    .map((member) => compare(before?.find((old) => id(old) === id(member)), member))
    .filter((narration) => narration !== undefined);
}

function accessChange(before: AccessStatus | undefined, after: AccessStatus): Narration | undefined {
  const fields = { access: after.name, role: after.role, address: formatEndpoint(after.host, after.port) };
  // Each peer that comes and goes is logged with its name where it is accepted.
  const opened = before === undefined || before.fault !== undefined || before.port !== after.port;
  // Why a port is not open is told where it is tried.
  return opened && after.fault === undefined ? tell("info", "accepting peers", fields) : undefined;
}

function linkChange(before: LinkStatus | undefined, after: LinkStatus): Narration | undefined {
  const fields = { link: after.name, endpoint: after.endpoint, remote: after.remote };
  const entered = before?.state !== after.state;
  switch (after.state) {
    case "active":
      return entered ? tell("info", "link is active", { ...fields, cost: after.cost }) : undefined;
    case "standby":
      return entered ? tell("info", "link is on standby", { ...fields, cost: after.cost }) : undefined;
    case "connecting":
      return entered && before === undefined ? tell("info", "link is connecting", fields) : undefined;
    case "down":
      // A reason that differs is news even when the state is not; the same reason each second is noise.
      return entered && before?.state !== "connecting" || before?.message !== after.message
        ? tell("warn", "link is down", { ...fields, code: after.code, reason: after.message, next: after.hint })
        : undefined;
  }
}

function listenerChange(before: ListenerStatus | undefined, after: ListenerStatus): Narration | undefined {
  const fields = {
    listener: after.name,
    routingKey: after.routingKey,
    address: formatEndpoint(after.host, after.port),
  };
  if (after.code !== undefined) return refused(before, after, "listener is not allowed", fields);
  if (after.open) return before?.open ? undefined : tell("info", "listener is open", fields);
  if (before?.open) return tell("info", "listener is closed", { ...fields, reason: after.message });
  if (before === undefined || before.message !== after.message) {
    return tell("info", "listener waits", { ...fields, reason: after.message });
  }
  return undefined;
}

function connectorChange(before: ConnectorStatus | undefined, after: ConnectorStatus): Narration | undefined {
  const fields = { connector: after.name, routingKey: after.routingKey, target: after.target };
  if (after.code !== undefined) return refused(before, after, "connector is not allowed", fields);
  if (before?.code !== undefined) return tell("info", "connector offers", fields);
  const { health } = after;
  if (health !== undefined && before?.health?.healthy !== health.healthy) {
    const facts = { ...fields, since: health.since };
    if (health.healthy) return tell("info", "target is healthy", facts);
    if (before !== undefined) return tell("warn", "target is unhealthy", { ...facts, reason: health.result });
  }
  if (before === undefined) return tell("info", "connector offers", fields);
  if (before.message === after.message) return undefined;
  return after.message === "OK"
    ? tell("info", "target answers again", fields)
    : tell("warn", "target failed", { ...fields, reason: after.message });
}

/** The interior has an objection, which is told once. */
function refused(
  before: ListenerStatus | ConnectorStatus | undefined,
  { code, message, hint }: ListenerStatus | ConnectorStatus,
  what: string,
  fields: LogFields,
): Narration | undefined {
  if (before?.message === message) return undefined;
  return tell("warn", what, { ...fields, code, reason: message, next: hint });
}

function tell(level: LogLevel, message: string, fields: LogFields): Narration {
  return { level, message, fields };
}
