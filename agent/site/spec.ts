/** The desired state of one site, as values: what the YAML of a folder or the flags of a one-liner boil down to. */

import type { TlsCredentials } from "../transport/channel.ts";

/** The role a router plays in the network. */
export type RouterRole = "edge" | "interior";

/** What a remote port serves; the two roles a Link's endpoint may have. */
export type AccessRole = "edge" | "inter-router";

/** A local port that leads to a routing key. */
export interface ListenerSpec {
  readonly name: string;
  readonly routingKey: string;
  /** Address or host name to bind. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** A local target that serves a routing key. */
export interface ConnectorSpec {
  readonly name: string;
  readonly routingKey: string;
  readonly host: string;
  readonly port: number;
}

/** One address at which a link's remote router may be reached. */
export interface LinkEndpoint {
  readonly role: AccessRole;
  readonly host: string;
  readonly port: number;
  readonly group: string;
}

/** An HTTP proxy that is asked to CONNECT. */
export interface ProxySpec {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
}

/** An outbound link to another site. */
export interface LinkSpec {
  readonly name: string;
  /** At least 1; lower is preferred. */
  readonly cost: number;
  /** Non-empty; only endpoints whose role fits the site's are dialled. */
  readonly endpoints: readonly LinkEndpoint[];
  readonly tls: TlsCredentials;
  readonly proxy?: ProxySpec;
  /** True when AMQP is to be carried inside WebSocket (`wss`). */
  readonly websocket: boolean;
}

/** A port on which this site accepts other routers, or plain AMQP clients (`normal`). */
export interface AccessSpec {
  readonly name: string;
  readonly role: AccessRole | "normal";
  readonly host: string;
  readonly port: number;
  /** Undefined only for role `normal` on a loopback host. */
  readonly tls: TlsCredentials | undefined;
}

/** One whole site. */
export interface SiteSpec {
  /** Stable unique id (UUID). */
  readonly id: string;
  readonly name: string;
  readonly role: RouterRole;
  readonly listeners: readonly ListenerSpec[];
  readonly connectors: readonly ConnectorSpec[];
  readonly links: readonly LinkSpec[];
  readonly access: readonly AccessSpec[];
}
