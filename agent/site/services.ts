/** The listeners and connectors of a site on its router: the part that edge and interior have in common. */

import { loadBuiltin } from "../adaptor/builtin.ts";
import type { AdaptorModule } from "../adaptor/action.ts";
import { Connector } from "../bridge/connector.ts";
import { Listener } from "../bridge/listener.ts";
import type { Router } from "../router/router.ts";
import type { Logger } from "../telemetry/log.ts";
import type { BrokenResource } from "./problems.ts";
import { Roster } from "./roster.ts";
import { type ConnectorSpec, isBroken, type ListenerSpec, type Protocol, type SiteSpec } from "./spec.ts";
import type { AccessStatus, LinkStatus, SiteChange, SiteStatus } from "./status.ts";

/** How often a draining site looks whether its connections have ended, in ms. */
const DRAIN_STEP_MS = 50;

/** What every part of a running site is given. */
export interface SiteDeps {
  /** Where the site logs. */
  readonly logger: Logger;
  /** The folder that it runs from; it gets a socket there. None for a site that has no folder. */
  readonly dir?: string;
  /** Where adaptors come from, by name. The built-in ones where it is absent. */
  readonly loadAdaptor?: (name: string) => Promise<AdaptorModule>;
}

/** See the head of the file. */
export class SiteServices {
  readonly #spec: SiteSpec;
  readonly #router: Router;
  readonly #deps: SiteDeps;
  readonly #adaptors = new Map<Protocol, AdaptorModule>();
  readonly #listeners: Roster<ListenerSpec, Listener>;
  readonly #connectors: Roster<ConnectorSpec, Connector>;
  /** Those whose resource is gone and whose connections are not. */
  readonly #leaving = new Set<Listener | Connector>();
  readonly #watchers = new Set<() => void>();
  #broken: readonly BrokenResource[] = [];

  private constructor(spec: SiteSpec, router: Router, deps: SiteDeps) {
    this.#spec = spec;
    this.#router = router;
    this.#deps = deps;
    const { logger } = deps;
    const changed = () => this.changed();
    this.#connectors = new Roster({
      name: ({ name }) => name,
      start: async (connector) =>
        new Connector(connector, router, await this.#load(connector.protocol), logger, changed),
      stop: (connector) => this.#leave(connector),
    });
    this.#listeners = new Roster({
      name: ({ name }) => name,
      start: async (listener) => new Listener(listener, router, await this.#load(listener.protocol), logger, changed),
      stop: (listener) => this.#leave(listener),
    });
  }

  /** Loads the adaptors, then puts the services on `router`. */
  static async start(spec: SiteSpec, router: Router, deps: SiteDeps): Promise<SiteServices> {
    const services = new SiteServices(spec, router, deps);
    await services.#load();
    await services.apply(spec);
    return services;
  }

  /** Makes the listeners and connectors of `spec` run. Connections of those that go live on until they end. */
  async apply(spec: SiteSpec): Promise<SiteChange[]> {
    const connectors = await this.#connectors.apply(spec.connectors, isBroken(spec, "Connector"));
    const listeners = await this.#listeners.apply(spec.listeners, isBroken(spec, "Listener"));
    this.#broken = spec.broken ?? [];
    return [
      ...connectors.map((change) => ({ kind: "Connector" as const, ...change })),
      ...listeners.map((change) => ({ kind: "Listener" as const, ...change })),
    ];
  }

  /** The adaptor of a protocol, TCP where nothing is said; it is made ready once. */
  async #load(protocol: Protocol = "tcp"): Promise<AdaptorModule> {
    const known = this.#adaptors.get(protocol);
    if (known !== undefined) return known;
    const adaptor = await (this.#deps.loadAdaptor ?? loadBuiltin)(protocol);
    this.#adaptors.set(protocol, adaptor);
    this.#deps.logger.info("adaptor loaded", { adaptor: adaptor.name, digest: adaptor.digest });
    return adaptor;
  }

  /** Calls `listener` after every change; the result ends that. */
  onChange(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /** Something that the status shows has changed. */
  changed(): void {
    for (const listener of [...this.#watchers]) listener();
  }

  /** A snapshot of the site. */
  status(links: readonly LinkStatus[], access: readonly AccessStatus[]): SiteStatus {
    const { id, name, role } = this.#spec;
    return {
      id,
      name,
      role,
      routerId: this.#router.identity.id,
      links,
      access,
      listeners: this.#listeners.running.map((listener) => listener.status()),
      connectors: this.#connectors.running.map((connector) => connector.status()),
      broken: this.#broken,
      adaptors: [...this.#adaptors.values()].map(({ name, digest }) => ({ name, digest })),
    };
  }

  /** Takes no new clients, then waits until the connections have ended or `graceMs` is over. */
  async drain(graceMs: number): Promise<void> {
    for (const service of this.#all()) service.refuseNew();
    const deadline = performance.now() + graceMs;
    while (this.#all().some(({ busy }) => busy) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_STEP_MS));
    }
  }

  /** Ends everything now. */
  stop(): void {
    for (const service of this.#all()) service.stop();
    this.#watchers.clear();
  }

  #leave(service: Listener | Connector): void {
    service.refuseNew();
    for (const gone of this.#leaving) if (!gone.busy) this.#leaving.delete(gone);
    if (service.busy) this.#leaving.add(service);
  }

  #all(): (Listener | Connector)[] {
    return [...this.#listeners.running, ...this.#connectors.running, ...this.#leaving];
  }
}
