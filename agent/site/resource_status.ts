/** Works out the status of every resource of a site from what runs, what was asked for, and what was broken. */

import { formatEndpoint } from "../lib/endpoint.ts";
import { conclude, fails, type Finding, holds, type ResourceStatus, unknown } from "./conditions.ts";
import type { PartDigest } from "./digest.ts";
import type { BrokenResource } from "./problems.ts";
import type { CertificateSpec } from "./spec.ts";
import type { FolderProblem } from "./report.ts";
import type {
  AccessStatus,
  AdaptorStatus,
  ConnectorStatus,
  GrantStatus,
  HealthStatus,
  HttpRouteStatus,
  LinkStatus,
  ListenerStatus,
  SiteStatus,
} from "./status.ts";

const SEE_LOG = "See the log of the site, and run `tendril reload` when the cause is gone.";

/**
 * All resources of `site`, of which `parts` were asked for; `problem` is what keeps its folder from being applied, `tokens`
 * are its AccessTokens.
 */
export function resourceStatuses(
  site: SiteStatus,
  parts: readonly PartDigest[],
  problem: FolderProblem | undefined,
  tokens: readonly string[] = [],
): ResourceStatus[] {
  const broken = site.broken ?? [];
  const faultOf = (kind: string, name: string) => broken.find((other) => other.kind === kind && other.name === name);
  const listened = new Set(site.listeners.map(({ routingKey }) => routingKey));
  const running = [
    ...site.listeners.map((listener) => listenerStatus(listener, faultOf("Listener", listener.name))),
    ...(site.multiKeyListeners ?? []).map((listener) =>
      multiKeyStatus(listener, faultOf("MultiKeyListener", listener.name))
    ),
    ...site.connectors.map((connector) =>
      connectorStatus(connector, faultOf("Connector", connector.name), listened.has(connector.routingKey))
    ),
    ...site.links.map((link) => linkStatus(link, faultOf("Link", link.name))),
    ...[...Map.groupBy(site.access, ({ name }) => name)].map(([name, ports]) =>
      accessStatus(name, ports, faultOf("RouterAccess", name))
    ),
    ...site.adaptors.filter(({ name }) => parts.some((part) => part.kind === "Adaptor" && part.name === name))
      .map((adaptor) => adaptorStatus(adaptor, faultOf("Adaptor", adaptor.name))),
  ];
  running.push(...(site.routes ?? []).map((route) => routeStatus(route, faultOf("HttpRoute", route.name))));
  // A Policy runs nowhere: what is asked for is in force.
  const policies = parts.filter(({ kind }) => kind === "Policy");
  running.push(...policies.map(({ kind, name }) => conclude(kind, name, [configured(faultOf(kind, name))])));
  running.push(...tokens.map((name) => tokenStatus(name, site)));
  running.push(...(site.certificates ?? []).map((each) => certificateStatus(each, faultOf("Certificate", each.name))));
  running.push(...(site.grants ?? []).map((grant) => grantStatus(grant, faultOf("AccessGrant", grant.name))));
  const known = new Set(running.map(({ kind, name }) => `${kind} ${name}`));
  const missing = parts.filter(({ kind, name }) => !known.has(`${kind} ${name}`) && faultOf(kind, name) === undefined);
  const absent = [
    ...missing.map(({ kind, name }) =>
      conclude(kind, name, [fails("Configured", "Error", "it could not be started", SEE_LOG)])
    ),
    ...broken.filter(({ kind, name }) => !known.has(`${kind} ${name}`))
      .map((fault) => conclude(fault.kind, fault.name, [configured(fault)])),
  ];
  return [siteStatus(site, parts, problem), ...running, ...absent];
}

/** Whether the resource is in order; `fault` is what is wrong with the form that it has now in the folder. */
function configured(fault: BrokenResource | undefined, otherwise: Finding = holds("Configured")): Finding {
  if (fault === undefined) return otherwise;
  return fails("Configured", fault.status, fault.message, fault.hint);
}

function siteStatus(site: SiteStatus, parts: readonly PartDigest[], problem: FolderProblem | undefined) {
  const findings = [
    problem === undefined ? holds("Configured") : fails("Configured", "Error", problem.message, problem.hint),
    holds("Running"),
  ];
  const open = site.access.filter(({ fault }) => fault === undefined);
  const faulty = site.access.find(({ fault }) => fault !== undefined);
  const shut = faulty?.name ??
    parts.find(({ kind, name }) => kind === "RouterAccess" && !open.some((access) => access.name === name))?.name;
  if (parts.some(({ kind }) => kind === "RouterAccess")) {
    const what = `not all ports of RouterAccess ${shut} are open`;
    const next = faulty?.fault?.hint || SEE_LOG;
    findings.push(shut === undefined ? holds("Resolved") : fails("Resolved", "Pending", what, next));
  }
  const endpoints = open.map(({ name, role, host, port }) => ({
    name: role,
    host,
    port: `${port}`,
    group: name,
  }));
  return conclude("Site", site.name, findings, { id: site.id, role: site.role, routerId: site.routerId, endpoints });
}

function listenerStatus(listener: ListenerStatus, fault: BrokenResource | undefined): ResourceStatus {
  const { name, routingKey, host, port, open, matched, message, connections, code, detected, reachable } = listener;
  const address = formatEndpoint(host, port);
  // A MultiKeyListener has several, of which one is enough.
  const wanted = reachable === undefined ? `the routing key ${routingKey}` : `one of the routing keys ${routingKey}`;
  const stuck = !open && message !== "OK" && matched !== false && code === undefined;
  const hint = /address already in use|AddrInUse/i.test(message)
    ? `End the program that has ${address}, or choose another port.`
    : `Check that ${address} may be bound by this process, and what the message says.`;
  const findings = [
    configured(fault, stuck ? fails("Configured", "Error", message || "not started", hint) : undefined),
    code !== undefined ? fails("Matched", "Error", message, listener.hint ?? SEE_LOG) : matched === false
      ? fails(
        "Matched",
        "Pending",
        "No matching connectors",
        `Create a Connector with ${wanted} at any site of the network, and see that its links are up.`,
      )
      : matched === undefined
      ? unknown("Matched", "not asked yet")
      : holds("Matched"),
  ];
  return conclude("Listener", name, findings, {
    routingKey,
    host,
    port,
    hasMatchingConnector: matched === true,
    connections,
    ...(detected === undefined ? {} : {
      detectedTcp: detected.tcp,
      detectedHttp1: detected.http1,
      detectedHttp2: detected.http2,
    }),
  });
}

/** As for a Listener, in the words that Skupper has for several keys. */
function multiKeyStatus(listener: ListenerStatus, fault: BrokenResource | undefined): ResourceStatus {
  const { kind: _kind, conditions, details, ...rest } = listenerStatus(listener, fault);
  const { hasMatchingConnector, routingKey, ...others } = details;
  return {
    kind: "MultiKeyListener",
    ...rest,
    conditions: conditions.map((each) => each.type === "Matched" ? { ...each, type: "Operational" } : each),
    details: {
      ...others,
      routingKeys: `${routingKey}`,
      hasDestination: hasMatchingConnector === true,
      routingKeysReachable: (listener.reachable ?? []).join(","),
    },
  };
}

function connectorStatus(
  { name, routingKey, target, message, connections, health, hint }: ConnectorStatus,
  fault: BrokenResource | undefined,
  here: boolean,
): ResourceStatus {
  const next = hint ??
    (health === undefined || health.healthy
      ? `Check that the service at ${target} runs and can be reached from here.`
      : "See to what the health check found: the routing key is served again once it passes.");
  const findings = [
    configured(fault),
    message === "OK" ? holds("Operational") : fails("Operational", "Error", message || "not started", next),
    here ? holds("Matched") : unknown("Matched", "No matching listeners at this site; others may have some"),
  ];
  const details = { routingKey, target, hasMatchingListener: here, connections };
  return conclude(
    "Connector",
    name,
    findings,
    health === undefined ? details : { ...details, ...healthDetails(health) },
  );
}

function healthDetails({ healthy, since, result, checkedAt, heldSeconds }: HealthStatus) {
  return {
    healthy,
    healthSince: since,
    healthResult: result,
    healthCheckedAt: checkedAt ?? null,
    healthHeldSeconds: heldSeconds ?? null,
  };
}

function linkStatus(
  { name, state, cost, endpoint, remote, message, hint, connections }: LinkStatus,
  fault: BrokenResource | undefined,
): ResourceStatus {
  const next = hint ?? `Check that the other site runs and that ${endpoint} can be reached from here.`;
  const operational = state === "active" || state === "standby"
    ? holds("Operational")
    : state === "connecting"
    ? fails("Operational", "Pending", "Not operational: connecting", next)
    : fails("Operational", "Error", `Not operational: ${message}`, next);
  return conclude("Link", name, [configured(fault), operational], {
    cost,
    endpoint,
    state,
    remoteSiteName: remote ?? null,
    connections: connections ?? null,
  });
}

function accessStatus(name: string, ports: readonly AccessStatus[], fault: BrokenResource | undefined): ResourceStatus {
  const open = ports.filter((port) => port.fault === undefined);
  const endpoints = open.map(({ role, host, port }) => ({ name: role, host, port: `${port}` }));
  const peers = ports.reduce((sum, { peers }) => sum + peers, 0);
  const shut = ports.find((port) => port.fault !== undefined);
  const resolved = shut?.fault === undefined
    ? holds("Resolved")
    : fails("Resolved", "Error", `the port for role ${shut.role} is not open: ${shut.fault.message}`, shut.fault.hint);
  return conclude("RouterAccess", name, [configured(fault), resolved], { endpoints, peers });
}

function tokenStatus(name: string, { links, broken = [] }: SiteStatus): ResourceStatus {
  const all = [...links, ...broken.filter(({ kind }) => kind === "Link")];
  // One that gives several links numbers them.
  const redeemed = all.some((link) => link.name === name || link.name === `${name}-1`);
  const next = "See the log of the site for what keeps it, or redeem it with `tendril token redeem FILE --dir DIR`.";
  const finding = redeemed ? holds("Redeemed") : fails("Redeemed", "Pending", "Not redeemed", next);
  return conclude("AccessToken", name, [finding], { redeemed });
}

function certificateStatus(
  { name, subject, hosts, expires }: CertificateSpec,
  fault: BrokenResource | undefined,
): ResourceStatus {
  const finding = expires === undefined
    ? fails("Resolved", "Pending", "there is no certificate yet", SEE_LOG)
    : expires < Date.now()
    ? fails("Resolved", "Error", "the certificate has expired", SEE_LOG)
    : holds("Resolved");
  const expiration = expires === undefined ? "" : new Date(expires).toISOString();
  return conclude("Certificate", name, [configured(fault), finding], { subject, hosts: hosts.join(","), expiration });
}

function grantStatus(grant: GrantStatus, fault: BrokenResource | undefined): ResourceStatus {
  const { name, state, url, ca, redemptions, allowed, expires, message, hint } = grant;
  const again = "Delete it and write another one to have a new token.";
  const made = state !== "pending";
  const findings = [
    configured(fault),
    made
      ? holds("Processed")
      : fails("Processed", message === "Not Processed" ? "Pending" : "Error", message, hint ?? SEE_LOG),
    state === "expired"
      ? fails("Resolved", "Error", "the token has expired", again)
      : made
      ? holds("Resolved")
      : fails("Resolved", "Pending", "Not Resolved", SEE_LOG),
  ];
  const details = { url, ca, redemptions, redemptionsAllowed: allowed, expirationTime: expires };
  return conclude("AccessGrant", name, findings, details);
}

function adaptorStatus(
  { name, state, digest, version, source, message, faults, rollbacks, canary, versions }: AdaptorStatus,
  fault: BrokenResource | undefined,
): ResourceStatus {
  const reason = state === "loading" ? "Pending" : "Error";
  const next = `Check that ${source} can be reached, and that it is the module that was pinned.`;
  const operational = state === "ready"
    ? holds("Operational")
    : fails("Operational", reason, `${state}: ${message}`, next);
  const trial = canary === undefined ? {} : { canaryVersion: canary.version, canaryShare: canary.share };
  const details = { digest, version, source, faults, rollbacks, ...trial, versions };
  return conclude("Adaptor", name, [configured(fault), operational], details);
}

function routeStatus(
  { name, listeners, faults = [], rules }: HttpRouteStatus,
  fault: BrokenResource | undefined,
): ResourceStatus {
  const unserved = rules.find(({ backends }) => backends.length > 0 && !backends.some(({ reachable }) => reachable));
  const findings = [
    configured(fault),
    faults.length === 0
      ? holds("Resolved")
      : fails("Resolved", "Error", faults.map(({ message }) => message).join("; "), faults[0]?.hint ?? SEE_LOG),
    unserved === undefined ? holds("Matched") : fails(
      "Matched",
      "Pending",
      `No matching connectors for rule ${unserved.name}`,
      `Create a Connector with the routing key ${unserved.backends[0]?.routingKey} at any site of the network.`,
    ),
  ];
  const sum = (count: "requests" | "errors" | "retries") => rules.reduce((total, rule) => total + rule[count], 0);
  return conclude("HttpRoute", name, findings, {
    listeners,
    listenerNames: listeners.join(" "),
    requests: sum("requests"),
    errors: sum("errors"),
    retries: sum("retries"),
    rules,
  });
}
