/** What a running site says about itself, and the handle that its starter holds. */

import type { CanaryState } from "../adaptor/canary.ts";
import type { MemoryStatus } from "../router/memory_ceiling.ts";
import type { Sample } from "../telemetry/metrics.ts";
import type { BrokenResource } from "./problems.ts";
import type { FolderState } from "./report.ts";
import type { RosterChange } from "./roster.ts";
import type { AccessRole, CertificateSpec, RouterRole, SiteSpec } from "./spec.ts";

/** State of one outbound link. `standby` is connected and idle, ready to take over. */
export type LinkState = "connecting" | "active" | "standby" | "down";

/** One outbound link. */
export interface LinkStatus {
  /** Name of the Link. */
  readonly name: string;
  /** How it is now. */
  readonly state: LinkState;
  /** Lower is preferred. */
  readonly cost: number;
  /** `host:port` in use or last tried. */
  readonly endpoint: string;
  /** Router id of the peer once known. */
  readonly remote: string | undefined;
  /** Why it is down or last went down. */
  readonly message: string;
  /** Stable code of that, if it has one. */
  readonly code?: string | undefined;
  /** What to do about it, if that is known. */
  readonly hint?: string | undefined;
  /** When our certificate for it expires, ms since the epoch. */
  readonly expires?: number | undefined;
  /** Messages and TCP connections that go out over it now. */
  readonly connections?: number;
}

/** What has passed a service since it was there; all grow. Directions are those of its clients or its target. */
export interface TrafficStatus {
  /** Connections that were opened. */
  readonly opened: number;
  /** Connections that are over. */
  readonly closed: number;
  /** Octets that came from clients or the target. */
  readonly octetsIn: number;
  /** Octets that went to clients or the target. */
  readonly octetsOut: number;
  /** Requests, where an adaptor tells them apart. */
  readonly requests: number;
}

/** One listener: `open` is true while its routing key has a reachable consumer and the port accepts clients. */
export interface ListenerStatus {
  /** Name of the Listener. */
  readonly name: string;
  /** Address in the network; of several, all with commas between them. */
  readonly routingKey: string;
  /** Address or host name that is bound. */
  readonly host: string;
  /** The port in use, or last in use, else the one asked for. */
  readonly port: number;
  /** True while the port accepts clients. */
  readonly open: boolean;
  /** True while somebody in the network serves the key; absent while that has not been asked. */
  readonly matched?: boolean;
  /** Of several keys, those that somebody serves; absent where there is one. */
  readonly reachable?: readonly string[];
  /** Clients connected now. */
  readonly connections: number;
  /** Why it is closed, or "OK". */
  readonly message: string;
  /** Stable code of that, if it has one. */
  readonly code?: string;
  /** What to do about it, if that is known. */
  readonly hint?: string;
  /** Absent while it waits for its adaptor. */
  readonly traffic?: TrafficStatus;
  /** How many clients have spoken what since it was there, where that is found out. */
  readonly detected?: { readonly tcp: number; readonly http1: number; readonly http2: number };
}

/** What the checks of a target have found. Times are in ISO 8601. */
export interface HealthStatus {
  /** True while the target serves its routing key. */
  readonly healthy: boolean;
  /** When it became so. */
  readonly since: string;
  /** The last result: why it failed, or "OK". */
  readonly result: string;
  /** When that was; undefined before the first one. */
  readonly checkedAt: string | undefined;
  /** How long it must go on without a failure, because it has failed again and again. */
  readonly heldSeconds?: number;
}

/** One connector. */
export interface ConnectorStatus {
  /** Name of the Connector. */
  readonly name: string;
  /** Address in the network. */
  readonly routingKey: string;
  /** `host:port` of the target. */
  readonly target: string;
  /** Connections to the target now. */
  readonly connections: number;
  /** Why the target is not served, or the last failure to reach it, or "OK". */
  readonly message: string;
  /** Stable code of that, if it has one. */
  readonly code?: string;
  /** What to do about it, if that is known. */
  readonly hint?: string;
  /** Where a check is configured. */
  readonly health?: HealthStatus;
  /** Absent while it waits for its adaptor. */
  readonly traffic?: TrafficStatus;
}

/** One port that accepts peers. */
export interface AccessStatus {
  /** Name of the RouterAccess. */
  readonly name: string;
  /** Whom the port is for. */
  readonly role: AccessRole | "normal";
  /** Address or host name that is bound. */
  readonly host: string;
  /** The port in use. */
  readonly port: number;
  /** Peers connected now. */
  readonly peers: number;
  /** When the certificate that it shows expires, ms since the epoch; absent for a plain one. */
  readonly expires?: number;
  /** Why it is not open, though it ought to be, and what to do; it is tried again. */
  readonly fault?: { readonly message: string; readonly hint: string };
}

/** One AccessGrant. Its code is told to nobody: it is in the folder `grants` of the site. */
export interface GrantStatus {
  /** Name of the AccessGrant. */
  readonly name: string;
  /** `ready` to be redeemed, or why not; `pending` while there is no grant. */
  readonly state: "ready" | "used up" | "expired" | "pending";
  /** Where it is redeemed; empty while there is no grant. */
  readonly url: string;
  /** CA of the server there, PEM. */
  readonly ca: string;
  /** How often it was. */
  readonly redemptions: number;
  /** How often it may be. */
  readonly allowed: number;
  /** When it expires, in RFC 3339; empty while there is no grant. */
  readonly expires: string;
  /** What keeps it from being made, or "OK". */
  readonly message: string;
  /** What to do about that, if it is known. */
  readonly hint?: string;
}

/** One adaptor. */
export interface AdaptorStatus {
  /** What Listeners and Connectors call it. */
  readonly name: string;
  /** `sha256:<hex>` of what is loaded, else of what is wanted or was refused; empty while that is not known. */
  readonly digest: string;
  /** Of what is loaded. */
  readonly version: string;
  /** Where it comes from. */
  readonly source: string;
  /** `failed`: it can't be loaded, and is tried again. `quarantined`: it takes no new connections for a while. */
  readonly state: "loading" | "ready" | "failed" | "quarantined";
  /** How often one of its instances broke the rules. */
  readonly faults: number;
  /** Why it failed or is quarantined, or the latest fault, or "OK". */
  readonly message: string;
  /** Another version that is on trial. */
  readonly canary?: CanaryState;
  /** How often a version on trial was rolled back. */
  readonly rollbacks: number;
  /** Versions that the site has had of late, the latest last; none while nothing is loaded. */
  readonly versions: readonly AdaptorVersionStatus[];
}

/** What was asked of one version of an adaptor since the site was started. */
export interface AdaptorVersionStatus {
  /** `sha256:<hex>` of it. */
  readonly digest: string;
  /** As it describes itself. */
  readonly version: string;
  /** Inputs that its module was given. */
  readonly calls: number;
  /** Connections that it ended with an error; traps aside. */
  readonly errors: number;
  /** Connections that it ended by a trap, or by running for too long. */
  readonly traps: number;
}

/** One backend of a rule. */
export interface HttpBackendStatus {
  /** Address in the network. */
  readonly routingKey: string;
  /** True while somebody in the network serves it. */
  readonly reachable: boolean;
  /** Requests that it has not answered yet. */
  readonly outstanding: number;
  /** Where the rule has a circuit breaker. */
  readonly circuit?: "closed" | "open" | "half-open";
}

/** One rule of a HttpRoute, and what became of its requests since the site started. */
export interface HttpRuleStatus {
  /** Name of the rule; `unmatched` for requests that fit none. */
  readonly name: string;
  /** All that began. */
  readonly requests: number;
  /** Those answered with 500 or above, or never completely. */
  readonly errors: number;
  /** Attempts besides the first ones. */
  readonly retries: number;
  /** Requests that were answered, by the upper end in ms of the range of their duration; `inf` for those above all. */
  readonly latencyMs: Readonly<Record<string, number>>;
  /** In the order of the rule. */
  readonly backends: readonly HttpBackendStatus[];
}

/** One HttpRoute that is in force. */
export interface HttpRouteStatus {
  /** Name of the HttpRoute. */
  readonly name: string;
  /** Names of the Listeners that it is meant for. */
  readonly listeners: readonly string[];
  /** Why it is not in force at some of them, with what to do. */
  readonly faults?: ReadonlyArray<{ readonly message: string; readonly hint: string }>;
  /** In their order. */
  readonly rules: readonly HttpRuleStatus[];
}

/** A whole site. */
export interface SiteStatus {
  /** Stable unique id (UUID). */
  readonly id: string;
  /** Name of the Site. */
  readonly name: string;
  /** What it is to others. */
  readonly role: RouterRole;
  /** Router id on the wire. */
  readonly routerId: string;
  /** One per Link, in the order of the resources; so are the following. */
  readonly links: readonly LinkStatus[];
  /** One per Listener. */
  readonly listeners: readonly ListenerStatus[];
  /** One per MultiKeyListener; none where it is absent. */
  readonly multiKeyListeners?: readonly ListenerStatus[];
  /** One per Connector. */
  readonly connectors: readonly ConnectorStatus[];
  /** One per role of every RouterAccess. */
  readonly access: readonly AccessStatus[];
  /** One per Certificate; none where it is absent. */
  readonly certificates?: readonly CertificateSpec[];
  /** One per AccessGrant; none where it is absent. */
  readonly grants?: readonly GrantStatus[];
  /** Resources that are wrong, or that can't be used here. */
  readonly broken?: readonly BrokenResource[];
  /** The built-in adaptors in use, then one per Adaptor. */
  readonly adaptors: readonly AdaptorStatus[];
  /** Where memory has a ceiling. */
  readonly memory?: MemoryStatus;
  /** One per HttpRoute; absent where there are none. */
  readonly routes?: readonly HttpRouteStatus[];
}

/** What a change of the resources did to one part of a running site. */
export interface SiteChange extends RosterChange {
  /** Which kind of resource it stands for. */
  readonly kind: "Listener" | "MultiKeyListener" | "Connector" | "Link" | "RouterAccess" | "Policy" | "HttpRoute";
}

/** A site that is running in this process. */
export interface RunningSite {
  /**
   * Makes the site what `spec` says, touching only what is different. Throws SITE_RESTART when that can't be done to a
   * running site: its name or role is another.
   */
  apply(spec: SiteSpec): Promise<SiteChange[]>;
  /** Lets in no more, and disconnects, who shows one of these certificates; a site without ports has no use for it. */
  revoke?(certificates: readonly string[]): void;
  /** A snapshot. */
  status(): SiteStatus;
  /** What there is to measure, now. */
  metrics?(): Sample[];
  /** Tells the site by whom its folder is read, so that it can be asked about that. */
  readFrom(folder: FolderState): void;
  /** Calls `listener` after every change of {@link SiteStatus}; returns how to stop that. */
  onChange(listener: () => void): () => void;
  /** Refuses new clients, lets open connections end for at most `graceMs`, then stops as {@link RunningSite.stop}. */
  drain(graceMs: number): Promise<void>;
  /** Closes everything now; resolves when no socket, timer or file of the site is left. */
  stop(): Promise<void>;
}
