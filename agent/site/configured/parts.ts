/** What a created entity of management becomes: a part of the site like those of its folder, or a refusal that says why not. */

import { isLoopbackHost } from "../../lib/host_name.ts";
import type { Configured } from "../../management/configured.ts";
import { Refusal } from "../../management/refusal.ts";
import { isInnerAddress } from "../../router/address.ts";
import type { ServerIdentity, TlsCredentials } from "../../transport/channel.ts";
import { isHost } from "../resources/schema.ts";
import {
  type AccessSpec,
  BY_MANAGEMENT,
  type ConnectorSpec,
  type LinkSpec,
  type ListenerSpec,
  type RouterRole,
  type TargetTls,
} from "../spec.ts";
import { COST_MAX } from "../resources/link.ts";

/** Ports that have a name. A map, for an object has `constructor` and other names besides its own. */
const PORTS: ReadonlyMap<string, number> = new Map([["amqp", 5672], ["amqps", 5671]]);
const PORT_MAX = 65_535;

/** What an entity needs to know of the site. */
export interface PartContext {
  /** What the site is to others. */
  readonly role: RouterRole;
  /** The credentials of the sslProfile `name`. Throws a {@link Refusal} when it has none. */
  credentials(name: string): TlsCredentials;
  /**
   * Who a listener of services is by the sslProfile `name`, and, if it is to judge clients, by whose certificates. Throws
   * a {@link Refusal}.
   */
  identity(name: string, judging: boolean): ServerIdentity;
  /** How the sslProfile `name` has a target spoken to. Throws a {@link Refusal}. */
  target(name: string, verifyHostname: boolean): TargetTls;
}

/** A `tcpListener`. */
export function listenerOf({ name, attributes }: Configured, { identity }: PartContext): ListenerSpec {
  const { address, multiAddressStrategy, sslProfile, authenticatePeer } = attributes;
  if (multiAddressStrategy !== "none") throw unsupported("several addresses: write a MultiKeyListener");
  if (address === undefined || address === "") {
    throw new Refusal(400, "Configuration: Exactly one of the 'address' or 'multiAddressStrategy' field must be set");
  }
  refuseInner(`${address}`);
  const judging = authenticatePeer === true;
  if (judging && sslProfile === undefined) throw unsupported("authenticatePeer=true without an sslProfile");
  const tls = sslProfile === undefined ? {} : { tls: identity(`${sslProfile}`, judging) };
  return { name: BY_MANAGEMENT + name, routingKey: `${address}`, ...placeOf(attributes), ...tls };
}

/** A `tcpConnector`. */
export function connectorOf({ name, attributes }: Configured, { target }: PartContext): ConnectorSpec {
  const { address, sslProfile, verifyHostname } = attributes;
  if (address === "") throw new Refusal(400, "Configuration: 'address' must be set");
  refuseInner(`${address}`);
  const tls = sslProfile === undefined ? {} : { tls: target(`${sslProfile}`, verifyHostname !== false) };
  return { name: BY_MANAGEMENT + name, routingKey: `${address}`, ...placeOf(attributes), ...tls };
}

/** A `connector`. */
export function linkOf({ name, attributes }: Configured, { role, credentials }: PartContext): LinkSpec {
  const wanted = role === "edge" ? "edge" : "inter-router";
  if (attributes["role"] !== wanted) {
    throw new Refusal(
      400,
      `role='${attributes["role"]}' is not for a router with mode='${role}': use role='${wanted}'`,
    );
  }
  refuseMechanisms(attributes["saslMechanisms"]);
  if (attributes["proxyProfile"] !== undefined) throw unsupported("a proxyProfile: write a Link");
  if (attributes["verifyHostname"] === false) throw unsupported("verifyHostname=false");
  if (attributes["sslProfile"] === undefined) throw unsupported("a link without sslProfile");
  return {
    name: BY_MANAGEMENT + name,
    cost: costOf(attributes["cost"]),
    measured: false,
    endpoints: [{ role: wanted, ...placeOf(attributes), group: "" }],
    tls: credentials(`${attributes["sslProfile"]}`),
    websocket: false,
  };
}

/** A `listener`. */
export function accessOf({ name, attributes }: Configured, context: PartContext): AccessSpec {
  const { role, sslProfile, http } = attributes;
  if (context.role === "edge") {
    throw new Refusal(400, `role='${role}' only allowed with router mode='interior'`);
  }
  if (role !== "normal" && role !== "edge" && role !== "inter-router") throw unsupported(`role='${role}'`);
  if (http === true) throw unsupported("http=true");
  refuseMechanisms(attributes["saslMechanisms"]);
  const place = placeOf(attributes);
  if (sslProfile === undefined && !(role === "normal" && isLoopbackHost(place.host))) {
    throw unsupported("a listener without sslProfile, other than one of role normal on a loopback host");
  }
  return {
    name: BY_MANAGEMENT + name,
    role,
    ...place,
    cost: costOf(attributes["cost"]),
    measured: false,
    tls: sslProfile === undefined ? undefined : context.credentials(`${sslProfile}`),
  };
}

function placeOf({ host, port }: Configured["attributes"]): { host: string; port: number } {
  const number = PORTS.get(`${port}`) ?? (/^\d{1,5}$/.test(`${port}`) ? Number(port) : 0);
  if (number < 1 || number > PORT_MAX) throw new Refusal(400, `'${port}' is not a port, 1 to ${PORT_MAX}`);
  const name = host === "" || host === undefined ? "0.0.0.0" : `${host}`;
  if (!isHost(name)) throw new Refusal(400, `'${name}' is not a host name or an IP address`);
  return { host: name, port: number };
}

function costOf(cost: unknown): number {
  if (typeof cost === "number" && cost >= 1 && cost <= COST_MAX) return cost;
  throw new Refusal(400, `Invalid value for 'cost': must be between 1 and ${COST_MAX}`);
}

/** On a link, both sides prove themselves by certificates; a plain port asks nobody. */
function refuseMechanisms(mechanisms: unknown): void {
  if (mechanisms === undefined || /^\s*(EXTERNAL|ANONYMOUS)\s*$/.test(`${mechanisms}`)) return;
  throw unsupported(`saslMechanisms=${mechanisms}`);
}

function unsupported(what: string): Refusal {
  return new Refusal(400, `Tendril does not support ${what}`);
}

function refuseInner(address: string): void {
  if (isInnerAddress(address)) {
    throw new Refusal(400, `Configuration: '${address}' is an address of the routers themselves`);
  }
}
