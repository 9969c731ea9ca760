/** What a running site says about itself, and the handle that its starter holds. */

import type { AccessRole, RouterRole } from "./spec.ts";

/** State of one outbound link. `standby` is connected and idle, ready to take over. */
export type LinkState = "connecting" | "active" | "standby" | "down";

/** One outbound link. */
export interface LinkStatus {
  readonly name: string;
  readonly state: LinkState;
  readonly cost: number;
  /** `host:port` in use or last tried. */
  readonly endpoint: string;
  /** Router id of the peer once known. */
  readonly remote: string | undefined;
  /** Why it is down or last went down, and what to do. */
  readonly message: string;
}

/** One listener: `open` is true while its routing key has a reachable consumer and the port accepts clients. */
export interface ListenerStatus {
  readonly name: string;
  readonly routingKey: string;
  readonly host: string;
  /** The port in use once open, else the one asked for. */
  readonly port: number;
  readonly open: boolean;
  readonly connections: number;
  readonly message: string;
}

/** One connector. */
export interface ConnectorStatus {
  readonly name: string;
  readonly routingKey: string;
  /** `host:port` of the target. */
  readonly target: string;
  readonly connections: number;
  /** The last failure to reach the target, or "OK". */
  readonly message: string;
}

/** One port that accepts peers. */
export interface AccessStatus {
  readonly name: string;
  readonly role: AccessRole | "normal";
  readonly host: string;
  readonly port: number;
  readonly peers: number;
}

/** A whole site. */
export interface SiteStatus {
  readonly id: string;
  readonly name: string;
  readonly role: RouterRole;
  /** Router id on the wire. */
  readonly routerId: string;
  readonly links: readonly LinkStatus[];
  readonly listeners: readonly ListenerStatus[];
  readonly connectors: readonly ConnectorStatus[];
  readonly access: readonly AccessStatus[];
  readonly adaptors: ReadonlyArray<{ readonly name: string; readonly digest: string }>;
}

/** A site that is running in this process. */
export interface RunningSite {
  /** A snapshot. */
  status(): SiteStatus;
  /** Calls `listener` after every change of {@link SiteStatus}; returns how to stop that. */
  onChange(listener: () => void): () => void;
  /** Refuses new clients, lets open connections end for at most `graceMs`, then stops as {@link RunningSite.stop}. */
  drain(graceMs: number): Promise<void>;
  /** Closes everything now; resolves when no socket, timer or file of the site is left. */
  stop(): Promise<void>;
}
