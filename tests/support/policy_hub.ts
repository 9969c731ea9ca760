/** An interior in this process with real ports and mutual TLS, and peers of it that ask for whatever a test wants. */

import type { AmqpError, Terminus } from "../../agent/amqp/codec/types.ts";
import type { Session } from "../../agent/amqp/session.ts";
import type { AccessSpec, PolicyRule, PolicySpec, RunningSite, SiteSpec } from "../../agent/mod.ts";
import type { LogFields, Logger } from "../../agent/telemetry/log.ts";
import { pemCertificates } from "../../agent/transport/certificate.ts";
import type { TlsCredentials } from "../../agent/transport/channel.ts";
import { dial } from "../../agent/transport/dial.ts";
import { TestAuthority } from "../../agent/transport/testing_certs.ts";
import { fingerprintOf } from "../../agent/transport/trust.ts";
import { startInterior } from "../../interior/mod.ts";
import { until } from "./until.ts";
import { WirePeer } from "./wire_peer.ts";

/** A Policy in short: what a rule lacks is empty, its effect to allow, its name its number. */
export interface ShortPolicy {
  readonly name: string;
  readonly default: "allow" | "deny";
  readonly rules: readonly Partial<PolicyRule>[];
}

type Role = AccessSpec["role"];
const ROLES: readonly Role[] = ["edge", "inter-router", "normal"];

/** Runs `body` at an interior called `hub` where `policies` hold. */
export async function withHub(policies: readonly ShortPolicy[], body: (hub: Hub) => Promise<void>): Promise<void> {
  const authority = await TestAuthority.create("hub");
  const tls = await authority.issue({ name: "hub", ips: ["127.0.0.1"], dns: ["localhost"] });
  const access = ROLES.map((role) => ({ role, host: "127.0.0.1", port: 0, cost: 1, measured: false, tls }));
  const spec: SiteSpec = {
    id: crypto.randomUUID(),
    name: "hub",
    role: "interior",
    listeners: [],
    connectors: [],
    links: [],
    access: access.map((each) => ({ ...each, name: "links" })),
    policies: policies.map(whole),
  };
  const log: LogFields[] = [];
  const keep = (message: string, fields: LogFields = {}) => {
    if (message === "refused by policy") log.push(fields);
  };
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };
  const site = await startInterior(spec, { logger });
  const hub = new Hub(authority, site, spec, log);
  try {
    await body(hub);
  } finally {
    await site.stop();
    await until(() => hub.peers.every(({ wire }) => wire.gone !== undefined));
  }
}

function whole({ name, default: fallback, rules }: ShortPolicy): PolicySpec {
  const rule = (given: Partial<PolicyRule>, at: number): PolicyRule => {
    return { name: `rule ${at + 1}`, effect: "allow", link: [], offer: [], consume: [], ...given };
  };
  return { name, default: fallback, rules: rules.map(rule) };
}

/** See the head of the file. */
export class Hub {
  /** All that were made. */
  readonly peers: HubPeer[] = [];
  readonly #authority: TestAuthority;
  readonly #site: RunningSite;
  readonly #spec: SiteSpec;
  readonly #log: readonly LogFields[];

  constructor(authority: TestAuthority, site: RunningSite, spec: SiteSpec, log: readonly LogFields[]) {
    this.#authority = authority;
    this.#site = site;
    this.#spec = spec;
    this.#log = log;
  }

  /** What was logged of refusals, in order. */
  get audit(): readonly LogFields[] {
    return this.#log;
  }

  /** The port for peers of `role`. */
  port(role: Role): number {
    return this.#site.status().access.find((access) => access.role === role)!.port;
  }

  /** A new certificate for `name`. */
  credentials(name: string): Promise<TlsCredentials> {
    return this.#authority.issue({ name });
  }

  /** A peer with a certificate for `name` that calls itself `id`. */
  async peer(name: string, id = name, role: Role = "edge"): Promise<HubPeer> {
    const tls = await this.credentials(name);
    const target = { host: "127.0.0.1", port: this.port(role), websocket: false, timeoutMs: 10_000, tls };
    const wire = new WirePeer(await dial(target, new AbortController().signal), "client", id);
    const der = pemCertificates(tls.cert)[0]!.slice();
    const peer = new HubPeer(wire, fingerprintOf(new Uint8Array(await crypto.subtle.digest("SHA-256", der))));
    this.peers.push(peer);
    return peer;
  }

  /** Makes other Policies hold; what that changed. */
  async apply(policies: readonly ShortPolicy[]): Promise<string[]> {
    const changes = await this.#site.apply({ ...this.#spec, policies: policies.map(whole) });
    return changes.map(({ kind, name, action }) => `${kind} ${name} ${action}`);
  }
}

/** One peer; refusals are told as `condition description`. */
export class HubPeer {
  /** The connection. */
  readonly wire: WirePeer;
  /** Of its certificate. */
  readonly fingerprint: string;
  /** Why links that had been accepted were closed. */
  readonly detached: string[] = [];
  #session: Session | undefined;

  constructor(wire: WirePeer, fingerprint: string) {
    this.wire = wire;
    this.fingerprint = fingerprint;
  }

  /** Why the connection was closed, once it is. */
  get closed(): string | undefined {
    return this.wire.gone === undefined ? undefined : told(this.wire.gone.remote);
  }

  /** `welcome`, or why not. */
  async verdict(): Promise<string> {
    await until(() => this.closed !== undefined || this.wire.peer.connection.isOpen);
    if (this.closed !== undefined) return this.closed;
    // Anybody who may link at all may open a link for no address in particular.
    const link = this.#own().attachSender({ name: crypto.randomUUID() }, {});
    await until(() => this.closed !== undefined || link.remote !== undefined);
    return this.closed ?? "welcome";
  }

  /** Opens a link to serve `source`; why that was refused, if it was. */
  async offer(source: string | Terminus): Promise<string | undefined> {
    const terminus = typeof source === "string" ? { address: source } : source;
    return await this.#answer((onDetached) => {
      const handler = { ...this.wire.receive(), onDetached };
      const link = this.#own().attachReceiver({ name: crypto.randomUUID(), source: terminus }, handler);
      link.keepCredit(10);
      return () => link.remote?.source !== undefined;
    });
  }

  /** Opens a link to send to `address`; why that was refused, if it was. */
  async consume(address: string): Promise<string | undefined> {
    return await this.#answer((onDetached) => {
      const link = this.#own().attachSender({ name: crypto.randomUUID(), target: { address } }, { onDetached });
      return () => link.remote?.target !== undefined;
    });
  }

  async #answer(
    attach: (onDetached: (error: AmqpError | undefined) => void) => () => boolean,
  ): Promise<string | undefined> {
    await until(() => this.wire.peer.connection.isOpen);
    let refusal: string | undefined;
    let accepted = false;
    const isAccepted = attach((error) => {
      if (accepted) this.detached.push(told(error));
      else refusal = told(error);
    });
    await until(() => refusal !== undefined || isAccepted());
    accepted = refusal === undefined;
    return refusal;
  }

  #own(): Session {
    if (this.#session?.open !== true) this.#session = this.wire.peer.connection.beginSession("test");
    return this.#session;
  }
}

function told(error: AmqpError | undefined): string {
  return error === undefined ? "no reason" : `${error.condition} ${error.description ?? ""}`.trim();
}
