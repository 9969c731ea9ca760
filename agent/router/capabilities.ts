/** Names and values of the router protocol that both sides of an edge link use (wire-protocol A.2, B). */

import {
  type AmqpMap,
  AmqpSymbol,
  type AmqpValue,
  type Attach,
  type Open,
  type Terminus,
} from "../amqp/codec/types.ts";
import type { ConnectionOptions } from "../amqp/connection_options.ts";
import { VERSION } from "../lib/version.ts";

/** What a connection is for, as its two sides agree on it. */
export type ConnectionRole = "normal" | "edge" | "inter-router" | "inter-router-data";

/** Offered by routers that take streams on links of their own. */
export const STREAMING_LINKS = "qd.streaming-links";
/** Offered by routers whose clients may send without naming a target first. */
export const ANONYMOUS_RELAY = "ANONYMOUS-RELAY";
/** Offered by routers that spread streams over several connections to the same peer. */
export const CONNECTION_TRUNKING = "qd.connection_trunking";
/** Terminus capability of the link between interiors that carries their routing protocol. */
export const ROUTER_CONTROL = "qd.router";
/** Terminus capability of links between interiors that carry messages. */
export const ROUTER_DATA = "qd.router-data";
/** Terminus capability of an edge's downlink. */
export const EDGE_DOWNLINK = "qd.router-edge-downlink";
/** Target capability by which a client says that its messages are to be forwarded before they are complete. */
export const STREAMING_CAPABILITY = "qd.streaming-deliveries";
/** Target capability by which a client asks to send what one consumer releases to the next. */
export const RESEND_RELEASED_CAPABILITY = "qd.resend-released";
/** Target to which an edge tells its mesh id. */
export const MESH_DISCOVERY = "_$qd.mesh_discovery";
/** Source from which an edge hears what is reachable. */
export const ADDRESS_TRACKING = "_$qd.edge_addr_tracking";

/** Credit a router grants on ordinary links. */
export const LINK_CREDIT = 250;
/** Credit an edge grants for tracking messages. */
export const TRACKING_CREDIT = 32;
/** Credit for mesh-id messages. */
export const MESH_CREDIT = 3;

/** Largest frame that we accept: the size that moves bulk data best, eight times that of a C router. */
export const MAX_FRAME_OCTETS = 128 * 1024;
/** Transfer frames a peer may send ahead in one session: 64 MiB of full frames. */
export const WINDOW_FRAMES = 512;
/** Idle time-out that we announce; a peer silent for twice as long is dropped. */
export const IDLE_TIMEOUT_MS = 8000;
/** What routers of ours call themselves. */
export const PRODUCT = "tendril";
/** Property of an Open of ours that tells one process from the next, and from others that have its name. */
export const PROCESS_PROPERTY = "tendril-process";
const PROCESS = crypto.randomUUID();
/** `qd.annotations-version` of skupper-router 3.x. */
const ANNOTATIONS_VERSION = 2;

/** A list of symbols as capabilities travel. */
export function symbols(...names: string[]): AmqpValue {
  return { type: "array", value: names.map((name) => new AmqpSymbol(name)) };
}

/** True when `value`, one symbol or several, has `name` in it. */
export function hasSymbol(value: AmqpValue | undefined, name: string): boolean {
  if (value instanceof AmqpSymbol) return value.text === name;
  if (typeof value !== "object" || value === null || value.type !== "array") return false;
  return value.value.some((item) => item instanceof AmqpSymbol && item.text === name);
}

/** True when the peer takes streams on links of their own. */
export function takesStreamingLinks(open: Open | undefined): boolean {
  return hasSymbol(open?.offeredCapabilities, STREAMING_LINKS);
}

/** What every router connection of ours says of itself. */
export function routerConnectionOptions(
  side: "client" | "server",
  routerId: string,
  authenticated: boolean,
  hostname?: string,
  more: { readonly capabilities?: readonly string[]; readonly properties?: AmqpMap } = {},
): ConnectionOptions {
  const capabilities = symbols(ANONYMOUS_RELAY, STREAMING_LINKS, ...(more.capabilities ?? []));
  return {
    side,
    containerId: routerId,
    ...(hostname === undefined ? {} : { hostname }),
    mechanisms: [authenticated ? "EXTERNAL" : "ANONYMOUS"],
    saslOptional: !authenticated,
    maxFrameSize: MAX_FRAME_OCTETS,
    idleTimeoutMs: IDLE_TIMEOUT_MS,
    windowFrames: WINDOW_FRAMES,
    offeredCapabilities: capabilities,
    desiredCapabilities: capabilities,
    properties: [
      [new AmqpSymbol("product"), PRODUCT],
      [new AmqpSymbol("version"), VERSION],
      [new AmqpSymbol(PROCESS_PROPERTY), PROCESS],
      [new AmqpSymbol("qd.annotations-version"), { type: "int", value: ANNOTATIONS_VERSION }],
      ...(more.properties ?? []),
    ],
  };
}

/** Property of an Open whose sender will not have the connection, and says why in the Close that follows. */
const REFUSED_PROPERTY = new AmqpSymbol("amqp:connection-establishment-failed");

/** For {@link routerConnectionOptions}: this connection is not to be. */
export const REFUSAL: AmqpMap = [[REFUSED_PROPERTY, true]];

/** True when the peer says in its Open that it will not have the connection. */
export function isRefusal(open: Open): boolean {
  return (open.properties ?? []).some(([key, value]) =>
    key instanceof AmqpSymbol && key.text === REFUSED_PROPERTY.text && value === true
  );
}

/** A terminus with one capability. */
export function terminus(address: string | undefined, capability: string | undefined): Terminus {
  return {
    ...(address === undefined ? {} : { address }),
    ...(capability === undefined ? {} : { capabilities: new AmqpSymbol(capability) }),
  };
}

/** The target of an attach if it is an ordinary one. */
export function ordinaryTarget(attach: Attach): Terminus | undefined {
  return attach.target === undefined || "other" in attach.target ? undefined : attach.target;
}

/** A property of `open` that is a text or an integer. */
export function openProperty(open: Open | undefined, name: string): string | number | undefined {
  for (const [key, value] of open?.properties ?? []) {
    if ((key instanceof AmqpSymbol ? key.text : key) !== name) continue;
    if (typeof value === "string") return value;
    if (typeof value === "object" && value !== null && "type" in value) {
      if (value.type === "int" || value.type === "uint") return value.value;
      if (value.type === "ulong" || value.type === "long") return Number(value.value);
    }
  }
  return undefined;
}

/** True for a peer that is a router of this product. */
export function isOurs(open: Open | undefined): boolean {
  return openProperty(open, "product") === PRODUCT;
}
