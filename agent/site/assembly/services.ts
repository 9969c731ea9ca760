/** What a site does for its clients: Adaptors, Listeners, MultiKeyListeners, Connectors and HttpRoutes. */

import { title } from "../check.ts";
import type { ResourceDocument } from "../documents.ts";
import type { AccessLog, HttpRouteSpec } from "../http_route_spec.ts";
import { shown } from "../problems.ts";
import { adaptorKind } from "../resources/adaptor.ts";
import { connectorKind, HTTP_SETTING, PROXY_PROTOCOL_SETTING } from "../resources/connector.ts";
import { httpRouteKind, meantListeners } from "../resources/http_route.ts";
import { listenerKind } from "../resources/listener.ts";
import { multiKeyListenerKind } from "../resources/multi_key_listener.ts";
import { ACCESS_LOG_SETTING } from "../resources/schema.ts";
import { judgingIdentity, serverIdentity, targetTls } from "../secrets.ts";
import {
  type AdaptorSpec,
  type ConnectorSpec,
  type ListenerSpec,
  type MultiKeyListenerSpec,
  PROTOCOLS,
} from "../spec.ts";
import type { Reading } from "./reading.ts";

/** All Adaptors. */
export function adaptorsOf(reading: Reading): AdaptorSpec[] {
  const adaptors: AdaptorSpec[] = [];
  reading.each(adaptorKind, ({ metadata: { name }, spec }) => {
    const { source, sha256, signature, keys, ca, canary } = spec;
    // Absent and undefined are not the same to an exact type.
    const limits = Object.fromEntries(Object.entries(spec.limits).filter(([, limit]) => limit !== undefined));
    adaptors.push({
      name,
      source,
      keys,
      ca,
      limits,
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(signature === undefined ? {} : { signature }),
      ...(canary === undefined ? {} : { canary }),
    });
  });
  return adaptors;
}

/** All Listeners; `accessLog` holds for those that say nothing about it. */
export function listenersOf(reading: Reading, accessLog: AccessLog): ListenerSpec[] {
  const listeners: ListenerSpec[] = [];
  reading.each(listenerKind, ({ metadata: { name }, spec }, document) => {
    const { routingKey, host, port, type, tlsCredentials, settings, subjects } = spec;
    const protocol = protocolOf(type, document, reading);
    const tls = reading.secrets.tls(tlsCredentials, document, serverIdentity, { host, bind: host });
    if (protocol === undefined || tls === undefined || !reading.take(host, port, document, ["spec", "port"])) return;
    const log = settings?.[ACCESS_LOG_SETTING] ?? accessLog;
    const logged = log === "off" ? {} : { accessLog: log };
    const elsewhere = subjects.length === 0 ? {} : { subjects };
    listeners.push({ name, routingKey, host, port, ...protocol, ...tls, ...logged, ...elsewhere });
  });
  return listeners;
}

/** All MultiKeyListeners. */
export function multiKeyListenersOf(reading: Reading): MultiKeyListenerSpec[] {
  const listeners: MultiKeyListenerSpec[] = [];
  reading.each(multiKeyListenerKind, ({ metadata: { name }, spec }, document) => {
    const { host, port, strategy, tlsCredentials, requireClientCert } = spec;
    const read = requireClientCert ? judgingIdentity : serverIdentity;
    const tls = reading.secrets.tls(tlsCredentials, document, read, { host, bind: host });
    if (tls === undefined || !reading.take(host, port, document, ["spec", "port"])) return;
    listeners.push({ name, strategy, host, port, ...tls });
  });
  return listeners;
}

/** All Connectors. */
export function connectorsOf(reading: Reading): ConnectorSpec[] {
  const connectors: ConnectorSpec[] = [];
  reading.each(connectorKind, ({ metadata: { name }, spec }, document) => {
    const { routingKey, host, port, type, tlsCredentials, useClientCert, healthCheck } = spec;
    const protocol = protocolOf(type, document, reading);
    const tls = reading.secrets.tls(tlsCredentials, document, (values, where) => targetTls(values, where, spec), {
      host,
    });
    if (tlsCredentials === "" && useClientCert) {
      const what = "spec.useClientCert has no effect without spec.tlsCredentials";
      reading.findings.warn(document, ["spec", "useClientCert"], `${title("Connector", document)}: ${what}`);
    }
    const http = httpOf(spec.settings?.[HTTP_SETTING] ?? "", type, document, reading);
    if (protocol === undefined || tls === undefined || http === undefined) return;
    const checked = healthCheck === undefined || healthCheck === null ? {} : { healthCheck };
    const proxyProtocol = spec.settings?.[PROXY_PROTOCOL_SETTING];
    const told = proxyProtocol === undefined ? {} : { proxyProtocol };
    connectors.push({ name, routingKey, host, port, ...protocol, ...tls, ...http, ...told, ...checked });
  });
  return connectors;
}

/** All HttpRoutes. */
export function routesOf(reading: Reading): HttpRouteSpec[] {
  const routes: HttpRouteSpec[] = [];
  reading.each(httpRouteKind, ({ metadata: { name }, spec }, document) => {
    routes.push({ name, ...spec });
    reading.findings.warn(document, ["kind"], "kind HttpRoute is an extension of Tendril, unknown to Skupper");
  });
  return routes;
}

/** Why Listeners have no rules, by name, where those that are meant for them are not among `routes`. */
export function unroutedOf(reading: Reading, routes: readonly HttpRouteSpec[]): Record<string, string> {
  const unrouted: Record<string, string> = {};
  for (const { kind, name, value } of reading.documents) {
    if (kind !== httpRouteKind.kind || routes.some((route) => route.name === name)) continue;
    // To open the port without its rules would pass on what they are to keep back.
    for (const listener of meantListeners(value) ?? []) unrouted[listener] = `HttpRoute ${shown(name)} is broken`;
  }
  return unrouted;
}

/** The adaptor that `type` names, if it is not plain TCP; Skupper would refuse such a resource. Undefined after a problem. */
function protocolOf(
  type: string,
  document: ResourceDocument,
  { documents, findings }: Reading,
): { protocol?: string } | undefined {
  if (type === "" || type === "tcp") return {};
  // Broken Adaptors too: they have told their problem.
  const adaptors = documents.filter(({ kind }) => kind === adaptorKind.kind).map(({ name }) => name);
  const known = [...new Set([...PROTOCOLS, ...adaptors])];
  if (!known.includes(type)) {
    const hint = `Use one of ${known.join(", ")}, or add an Adaptor of that name.`;
    findings.problem(document, ["spec", "type"], `there is no adaptor ${shown(type)}`, hint);
    return undefined;
  }
  findings.warn(document, ["spec", "type"], `type ${type} is an extension of Tendril, unknown to Skupper`);
  return { protocol: type };
}

/** What an `auto` target speaks of HTTP. Undefined after a problem. */
function httpOf(
  version: string,
  type: string,
  document: ResourceDocument,
  { findings }: Reading,
): { http?: "http1" | "http2" } | undefined {
  if (version === "") return {};
  const path = ["spec", "settings", HTTP_SETTING];
  if (type !== "auto") {
    findings.warn(document, path, `${HTTP_SETTING} means nothing without type: auto`);
    return {};
  }
  if (version === "http1" || version === "http2") return { http: version };
  findings.problem(document, path, `${shown(version)} is no version of HTTP`, "Write http1 or http2.");
  return undefined;
}
