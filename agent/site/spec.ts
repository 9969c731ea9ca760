/** The desired state of one site, as values: what the YAML of a folder or the flags of a one-liner boil down to. */

import type { CanarySpec } from "../adaptor/canary.ts";
import type { AdaptorLimits } from "../adaptor/limits.ts";
import type { ServerIdentity, TlsCredentials } from "../transport/channel.ts";
import type { AccessLog, HttpRouteSpec } from "./http_route_spec.ts";
import type { BrokenResource } from "./problems.ts";

/** How the name of a part begins that was created by management: no resource has such a name. */
export const BY_MANAGEMENT = "management/";

/** The role a router plays in the network. */
export type RouterRole = "edge" | "interior";

/** What a remote port serves; the two roles a Link's endpoint may have. */
export type AccessRole = "edge" | "inter-router";

/** What may be spoken at a local port or target by adaptors that are built in. All but `tcp` are Tendril's own. */
export const PROTOCOLS = ["tcp", "http1", "http2", "auto"] as const;

/** A plugin that comes from outside. */
export interface AdaptorSpec {
  /** Name of the Adaptor, by which Listeners and Connectors refer to it. */
  readonly name: string;
  /** `file:PATH`, from the site's folder, an `https:` URL, or `van:NAME`. */
  readonly source: string;
  /** `sha256:<hex>` that it must have; any if it is absent, which only a file may do. */
  readonly sha256?: string;
  /** Its signature in base64. */
  readonly signature?: string;
  /** Public keys, by one of which it must be signed; none: it need not be. */
  readonly keys: readonly string[];
  /** CA of the server, PEM; empty for those that are trusted anyway. */
  readonly ca: string;
  /** What differs from the limits that every adaptor has. */
  readonly limits: Partial<AdaptorLimits>;
  /** How another version of it is tried before all connections get it; they get it at once without. */
  readonly canary?: CanarySpec;
}

/** A local port that leads to a routing key. */
export interface ListenerSpec {
  /** Name of the Listener. */
  readonly name: string;
  /** Address in the network. */
  readonly routingKey: string;
  /** Address or host name to bind. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The adaptor, built in or a plugin, that speaks with its clients, or `auto`; TCP where it is absent. */
  readonly protocol?: string;
  /** Whether a line is logged for each request; absent for none. */
  readonly accessLog?: AccessLog;
  /** Who the port says it is, in TLS; in the clear where it is absent. */
  readonly tls?: ServerIdentity;
  /** Where messages go by their subject; the first that fits counts. */
  readonly subjects?: readonly SubjectSpec[];
}

/** Where a Listener sends some of its messages. */
export interface SubjectSpec {
  /** Their subject; `*` stands for any characters. */
  readonly subject: string;
  /** Their address in the network. */
  readonly routingKey: string;
}

/** How a port chooses among several routing keys, of those that somebody serves. */
export type KeyStrategy =
  /** The first one that is served; keys are different. */
  | { readonly kind: "priority"; readonly keys: readonly string[] }
  /** Each as often as its weight says, a whole number from 1. */
  | { readonly kind: "weighted"; readonly weights: Readonly<Record<string, number>> };

/** A local port that leads to several routing keys. */
export interface MultiKeyListenerSpec {
  /** Name of the MultiKeyListener. */
  readonly name: string;
  /** Which key a client takes. */
  readonly strategy: KeyStrategy;
  /** Address or host name to bind. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Who the port says it is, in TLS; in the clear where it is absent. */
  readonly tls?: ServerIdentity;
}

/** A certificate that the site makes and renews, as a resource asks for it. */
export interface CertificateSpec {
  /** Name of the Certificate, and of the Secret that holds it. */
  readonly name: string;
  /** Name of the Secret with the authority that signs it. */
  readonly ca: string;
  /** Its common name. */
  readonly subject: string;
  /** DNS names and IP addresses. */
  readonly hosts: readonly string[];
  /** True for an authority of its own. */
  readonly signing: boolean;
  /** When it expires, ms since the epoch; absent while there is none. */
  readonly expires?: number;
}

/** A token that others may redeem, as a resource asks for it. */
export interface GrantSpec {
  /** Name of the AccessGrant. */
  readonly name: string;
  /** How often. */
  readonly allowed: number;
  /** How long, from when it is first seen, as Go writes durations. */
  readonly window: string;
  /** Its secret; empty: one is made. */
  readonly code: string;
  /** Host by which others reach this site; undefined: an address of its certificate. */
  readonly host: string | undefined;
}

/** How a target is checked: exactly one of the three ways, and how often. Times may be fractions of a second. */
export interface HealthCheckSpec {
  /** It must accept a connection; host and port are those of the target where they are absent. */
  readonly tcp?: { readonly host?: string; readonly port?: number };
  /** It must answer a GET of `path` with one of the given statuses, or 200 to 399. */
  readonly http?: {
    readonly path: string;
    readonly host?: string;
    readonly port?: number;
    readonly expectedStatus?: readonly number[];
  };
  /** A program and its arguments; it must end with exit code 0. */
  readonly command?: readonly string[];
  /** From the begin of one check to that of the next. */
  readonly intervalSeconds: number;
  /** Time after which a check has failed. */
  readonly timeoutSeconds: number;
  /** Successes in a row that make it healthy. */
  readonly successThreshold: number;
  /** Failures in a row that make it unhealthy. */
  readonly failureThreshold: number;
}

/** TLS to a target. */
export interface TargetTls {
  /** CA certificates to trust, PEM; empty for those that the system trusts. */
  readonly ca: string;
  /** What we prove ourselves with, where the target is to know who we are. */
  readonly identity?: ServerIdentity;
  /** False to take a certificate for any name. */
  readonly verifyHostname: boolean;
}

/** A local target that serves a routing key. */
export interface ConnectorSpec {
  /** Name of the Connector. */
  readonly name: string;
  /** Address in the network. */
  readonly routingKey: string;
  /** Address or host name of the target. */
  readonly host: string;
  /** Port of the target. */
  readonly port: number;
  /** The adaptor that speaks with it, or `auto`; TCP where it is absent. Must be the same at the listeners of the key. */
  readonly protocol?: string;
  /** Where that is `auto`, what its requests of HTTP are spoken in; HTTP/1.1 where it is absent. */
  readonly http?: "http1" | "http2";
  /** How TLS is spoken with it; in the clear where it is absent. */
  readonly tls?: TargetTls;
  /** Has each connection to the target begin with a header that says whose it is; none where it is absent. */
  readonly proxyProtocol?: "v2";
  /** Without one, the target counts as healthy. */
  readonly healthCheck?: HealthCheckSpec;
}

/** One address at which a link's remote router may be reached. */
export interface LinkEndpoint {
  /** What is served there. */
  readonly role: AccessRole;
  /** Address or host name; the peer's certificate must name it. */
  readonly host: string;
  /** Port at the host. */
  readonly port: number;
  /** The RouterAccess it belongs to, or empty. */
  readonly group: string;
}

/** An HTTP proxy that is asked to CONNECT. */
export interface ProxySpec {
  /** Address or host name. */
  readonly host: string;
  /** Port at the host. */
  readonly port: number;
  /** User of Basic authentication; none is sent without one. */
  readonly username?: string;
  /** Password of Basic authentication. */
  readonly password?: string;
}

/** An outbound link to another site. */
export interface LinkSpec {
  /** Name of the Link. */
  readonly name: string;
  /** At least 1; lower is preferred. */
  readonly cost: number;
  /** True when an interior measures what the link costs, {@link LinkSpec.cost} at least. */
  readonly measured: boolean;
  /** Non-empty; only endpoints whose role fits the site's are dialled. */
  readonly endpoints: readonly LinkEndpoint[];
  /** What we prove ourselves with, and whom we trust. */
  readonly tls: TlsCredentials;
  /** The way out, if it leads through a proxy. */
  readonly proxy?: ProxySpec;
  /** True when AMQP is to be carried inside WebSocket (`wss`). */
  readonly websocket: boolean;
}

/** A port on which this site accepts other routers, or plain AMQP clients (`normal`). */
export interface AccessSpec {
  /** Name of the RouterAccess. */
  readonly name: string;
  /** Whom the port is for. */
  readonly role: AccessRole | "normal";
  /** Address or host name to bind. */
  readonly host: string;
  /** Port to bind. */
  readonly port: number;
  /** At least 1: what a path over links of other interiors to this port costs. */
  readonly cost: number;
  /** True when that is measured, {@link AccessSpec.cost} at least. */
  readonly measured: boolean;
  /** Undefined only for role `normal` on a loopback host. */
  readonly tls: TlsCredentials | undefined;
}

/** True when two specs are alike but for their credentials, and both have some. */
export function differsInCredentials<S extends { readonly tls?: unknown }>(one: S, other: S): boolean {
  if (one.tls === undefined || other.tls === undefined) return false;
  return JSON.stringify({ ...one, tls: null }) === JSON.stringify({ ...other, tls: null });
}

/** True when two links lead to the same place by the same way: all but their credentials and what they cost. */
export function leadsAlike(one: LinkSpec, other: LinkSpec): boolean {
  const way = (link: LinkSpec) => JSON.stringify({ ...link, tls: null, cost: null, measured: null });
  return way(one) === way(other);
}

/** Whom a rule is for: all that is given must fit the certificate that the peer has proven to own. */
export interface PolicyPeer {
  /** Glob of the common name of its subject. */
  readonly commonName?: string;
  /** Glob of the name of its site: what it calls itself, where its certificate says the same. */
  readonly site?: string;
  /** SHA-256 of the certificate, upper-case hex with colons. */
  readonly fingerprint?: string;
}

/** In which role a peer links. */
export type PolicyRole = AccessRole | "client";

/** Plugins that a rule is about: all that is given must fit. */
export interface PolicyPlugin {
  /** Glob of the name of the Adaptor. */
  readonly name?: string;
  /** Glob of where it comes from. */
  readonly source?: string;
  /** `sha256:<hex>` of the module. */
  readonly sha256?: string;
  /** Ed25519 public key by which it is signed. */
  readonly signer?: string;
}

/** One rule of a Policy. In globs, `*` stands for any characters. */
export interface PolicyRule {
  /** What it is called in explanations; its number where it has no name. */
  readonly name: string;
  /** Undefined: everybody, also who has no certificate. */
  readonly peers?: readonly PolicyPeer[];
  /** What the rule does with what it names. */
  readonly effect: "allow" | "deny";
  /** Roles in which such a peer links. */
  readonly link: readonly PolicyRole[];
  /** Globs of routing keys that such a peer serves. */
  readonly offer: readonly string[];
  /** Globs of routing keys that such a peer sends to. */
  readonly consume: readonly string[];
  /** True when it is about changing this router by AMQP management. */
  readonly manage?: true;
  /** True when it is about storing plugins in the network. */
  readonly push?: true;
  /** Plugins that such a peer fetches from here, or without peers also those that this site itself loads. */
  readonly load?: readonly PolicyPlugin[];
}

/** What those who link to this site may do. */
export interface PolicySpec {
  /** Name of the Policy. */
  readonly name: string;
  /** What holds for what no rule names. */
  readonly default: "allow" | "deny";
  /** The first one that names something decides. */
  readonly rules: readonly PolicyRule[];
}

/** One whole site. */
export interface SiteSpec {
  /** Stable unique id (UUID). */
  readonly id: string;
  /** Name of the Site, and router id on the wire. */
  readonly name: string;
  /** What it is to others. */
  readonly role: RouterRole;
  /** Local ports that lead into the network. */
  readonly listeners: readonly ListenerSpec[];
  /** Local ports that lead to several keys each; none where it is absent. */
  readonly multiKeyListeners?: readonly MultiKeyListenerSpec[];
  /** Local targets that the network may reach. */
  readonly connectors: readonly ConnectorSpec[];
  /** Plugins that those may name; none where it is absent. */
  readonly adaptors?: readonly AdaptorSpec[];
  /** How requests of Listeners are routed; none where it is absent. */
  readonly routes?: readonly HttpRouteSpec[];
  /** Listeners that must not open because the HttpRoute that names them is broken, with what to say. */
  readonly unrouted?: Readonly<Record<string, string>>;
  /** Outbound links. */
  readonly links: readonly LinkSpec[];
  /** Ports for peers; empty for an edge. */
  readonly access: readonly AccessSpec[];
  /** See {@link Assembled.linkPorts}. */
  readonly linkPorts?: "given" | "chosen" | "open";
  /** What peers at those ports may do: only what all of these allow. Without any, everything. */
  readonly policies: readonly PolicySpec[];
  /** Certificates that no port lets in, by fingerprint or serial number; see `certificates/revocations.ts`. */
  readonly revoked?: readonly string[];
  /** Of all Certificates; none where it is absent. */
  readonly certificates?: readonly CertificateSpec[];
  /** Of all AccessGrants; none where it is absent. */
  readonly grants?: readonly GrantSpec[];
  /** Names of the AccessTokens, which become links. */
  readonly tokens?: readonly string[];
  /** Resources that could not become one of the above. What runs by such a name goes on as it was. */
  readonly broken?: readonly BrokenResource[];
}

/** Tells the names of `kind` that are broken in `spec`. */
export function isBroken(spec: SiteSpec, kind: string): (name: string) => boolean {
  const names = new Set(spec.broken?.filter((broken) => broken.kind === kind).map(({ name }) => name));
  return (name) => names.has(name);
}
