/** The parts of a running site as entities of management (wire-protocol G.4), those of its folder and all others alike. */

import { formatEndpoint } from "../../lib/endpoint.ts";
import { VERSION } from "../../lib/version.ts";
import { type Attributes, type Configured, CONFIGURED_TYPES } from "../../management/configured.ts";
import type { LogLevel } from "../../telemetry/level.ts";
import type { AccessSpec, ConnectorSpec, LinkSpec, ListenerSpec, MultiKeyListenerSpec, SiteSpec } from "../spec.ts";
import type { LinkStatus, SiteStatus, TrafficStatus } from "../status.ts";

/** What an entity was made from: a part of the folder, which has no words of its own for it, or a CREATE. */
export type Made = Configured | undefined;

/** A Listener. Skupper calls its entity by that name, too. */
export function tcpListener(spec: ListenerSpec, { listeners }: SiteStatus, made: Made): Configured {
  const { name, routingKey, host, port } = spec;
  const now = listeners.find((listener) => listener.name === name);
  return entity("tcpListener", made, `listener/${name}`, { address: routingKey, host, port: `${port}` }, {
    ...counters(now?.traffic),
    operStatus: now?.open === true ? "up" : "down",
    connectionMsg: now === undefined || now.message === "OK" || now.matched !== true ? "" : now.message,
  });
}

/** A MultiKeyListener. Its keys are {@link listenerAddresses}. */
export function multiAddressListener(
  { name, strategy: { kind }, host, port, tls }: MultiKeyListenerSpec,
  { multiKeyListeners = [] }: SiteStatus,
): Configured {
  const now = multiKeyListeners.find((listener) => listener.name === name);
  const authenticatePeer = tls?.clientCa !== undefined;
  const told = { host, port: `${port}`, multiAddressStrategy: kind, authenticatePeer };
  return entity("tcpListener", undefined, multiAddress(name), told, {
    ...counters(now?.traffic),
    operStatus: now?.open === true ? "up" : "down",
    connectionMsg: "",
  });
}

/** The keys of a MultiKeyListener, with their weights, or more for those that come first, as Skupper numbers them. */
export function listenerAddresses({ name, strategy }: MultiKeyListenerSpec): Configured[] {
  const values = strategy.kind === "weighted"
    ? Object.entries(strategy.weights)
    : strategy.keys.map((key, at) => [key, strategy.keys.length - 1 - at] as const);
  return values.map(([address, value]) =>
    entity("listenerAddress", undefined, `${name}/${address}`, { address, value, listener: multiAddress(name) }, {})
  );
}

function multiAddress(name: string): string {
  return `multiAddress/${name}`;
}

/** A Connector. */
export function tcpConnector(spec: ConnectorSpec, { connectors }: SiteStatus, made: Made): Configured {
  const { name, routingKey, host, port } = spec;
  const now = connectors.find((connector) => connector.name === name);
  const told = { address: routingKey, host, port: `${port}` };
  return entity("tcpConnector", made, `connector/${name}@${host}`, told, counters(now?.traffic));
}

/** A Link. */
export function connector(spec: LinkSpec, role: "edge" | "inter-router", status: SiteStatus, made: Made): Configured {
  const { name, cost, endpoints } = spec;
  const own = endpoints.filter((endpoint) => endpoint.role === role);
  const { host = "", port = 0 } = own[0] ?? {};
  const now = status.links.find((link) => link.name === name);
  return entity("connector", made, name, { host, port: `${port}`, role, cost, saslMechanisms: "EXTERNAL" }, {
    failoverUrls: own.map(({ host, port }) => `amqps://${formatEndpoint(host, port)}`).join(", "),
    connectionStatus: connectionStatus(now),
    connectionMsg: now?.state === "down" ? now.message : "",
  });
}

/** A port for peers. */
export function listener({ name, role, host, port, cost, tls }: AccessSpec, made: Made): Configured {
  const secure = tls !== undefined;
  const sasl = secure ? { saslMechanisms: "EXTERNAL" } : {};
  return entity("listener", made, `${name}-${role}`, {
    ...{ host, port: `${port}`, role, cost, ...sasl },
    ...{ authenticatePeer: secure, requireEncryption: secure, requireSsl: secure },
  }, {});
}

/** The log: one module, that of all there is. */
export function log(level: LogLevel): Configured {
  const enable = level === "warn" ? "warning+" : `${level}+`;
  const attributes = { module: "DEFAULT", enable, includeTimestamp: true, includeSource: false, outputFile: "stderr" };
  return { name: "log/DEFAULT", identity: "log/DEFAULT", attributes };
}

/** The site itself. */
export function site({ name }: SiteSpec): Configured {
  return { name, identity: "site/0", attributes: { version: VERSION, platform: Deno.build.os } };
}

/** `made` with what there is `now`; without it, what a CREATE with `told` would have made. */
function entity(typeName: string, made: Made, name: string, told: Attributes, now: Attributes): Configured {
  if (made !== undefined) return { ...made, attributes: { ...made.attributes, ...now } };
  const type = CONFIGURED_TYPES.find(({ type }) => type === typeName);
  const defaults = Object.entries(type?.attributes ?? {}).flatMap(([key, rule]) =>
    rule.default === undefined ? [] : [[key, rule.default] as const]
  );
  const attributes = { ...Object.fromEntries(defaults), ...told, ...now };
  return { name, identity: `${typeName}/${type?.identify(name, attributes)}`, attributes };
}

function counters({ opened, closed, octetsIn, octetsOut }: TrafficStatus = NO_TRAFFIC): Attributes {
  return { connectionsOpened: opened, connectionsClosed: closed, bytesIn: octetsIn, bytesOut: octetsOut };
}

const NO_TRAFFIC: TrafficStatus = { opened: 0, closed: 0, octetsIn: 0, octetsOut: 0, requests: 0 };

function connectionStatus(link: LinkStatus | undefined): string {
  if (link === undefined || link.state === "connecting") return "CONNECTING";
  return link.state === "down" ? "FAILED" : "SUCCESS";
}
