/** The listeners and connectors of a site on its router: the part that edge and interior have in common. */

import type { AdaptorModule } from "../adaptor/action.ts";
import type { AutoAdaptors } from "../bridge/auto_adaptors.ts";
import { Connector } from "../bridge/connector.ts";
import { Listener } from "../bridge/listener.ts";
import { MemoryCeiling } from "../router/memory_ceiling.ts";
import type { Router } from "../router/router.ts";
import { TRIM_MS, trimUnused } from "../lib/buffer_pool.ts";
import { every } from "../lib/clock.ts";
import { formatEndpoint } from "../lib/endpoint.ts";
import { messageOf } from "../lib/errors.ts";
import type { Logger } from "../telemetry/log.ts";
import type { LogRing } from "../telemetry/log_ring.ts";
import type { DownloadTimes } from "../transport/download.ts";
import { openTlsPort } from "../transport/tls_port.ts";
import { AdaptorRegistry } from "./adaptors/registry.ts";
import { fetchModule } from "./adaptors/store/fetch_module.ts";
import { PluginStore } from "./adaptors/store/plugin_store.ts";
import type { ManagedSite, ServiceConnections } from "../management/managed_router.ts";
import { Transitions } from "./conditions.ts";
import { ChangeTeller } from "./change_teller.ts";
import { digestsOf, type PartDigest } from "./digest.ts";
import { processReport } from "./process_report.ts";
import { memoryUse } from "./memory_use.ts";
import type { FolderState, SiteReport } from "./report.ts";
import { resourceStatuses } from "./resource_status.ts";
import { HttpRoutes } from "./http_routes.ts";
import { Roster } from "./roster.ts";
import { dialSecureTarget } from "./secure_target.ts";
import {
  BY_MANAGEMENT,
  type ConnectorSpec,
  differsInCredentials,
  isBroken,
  type ListenerSpec,
  type MultiKeyListenerSpec,
  type SiteSpec,
} from "./spec.ts";
import type {
  AccessStatus,
  ConnectorStatus,
  GrantStatus,
  LinkStatus,
  ListenerStatus,
  SiteChange,
  SiteStatus,
} from "./status.ts";

/** How often services that leave are looked at, in ms. */
const SWEEP_MS = 1000;
/** How often a draining site looks whether its connections have ended, in ms. */
const DRAIN_STEP_MS = 50;

/** What every part of a running site is given. */
export interface SiteDeps {
  /** Where the site logs. */
  readonly logger: Logger;
  /** The folder that it runs from; it gets a socket there. None for a site that has no folder. */
  readonly dir?: string;
  /** Where the program was loaded from, if it may be handed out. */
  readonly entry?: string;
  /** What it has logged of late, if that is kept. */
  readonly history?: LogRing;
  /** Octets of memory beyond which load is shed; none: no ceiling. */
  readonly maxMemory?: number;
  /** Where built-in adaptors come from, by name. */
  readonly loadAdaptor?: (name: string) => Promise<AdaptorModule>;
  /** How long the download of a plugin may take. */
  readonly downloadTimes?: DownloadTimes;
}

/** A service, and how often its adaptor has become another: a new one needs a new service. */
type Placed<S> = S & { readonly generation: number };

/** See the head of the file. */
export class SiteServices {
  readonly #spec: SiteSpec;
  readonly #router: Router;
  readonly #deps: SiteDeps;
  readonly #adaptors: AdaptorRegistry;
  /** An interior's. */
  #store: PluginStore | undefined;
  readonly #listeners: Roster<Placed<ListenerSpec>, Listener>;
  readonly #multiKeyListeners: Roster<MultiKeyListenerSpec, Listener>;
  readonly #connectors: Roster<Placed<ConnectorSpec>, Connector>;
  readonly #routes: HttpRoutes;
  /** Those whose resource is gone and whose connections are not. */
  readonly #leaving = new Set<Listener | Connector>();
  #sweeping: ReturnType<typeof setTimeout> | undefined;
  readonly #teller: ChangeTeller;
  #stopTrimming = () => {};
  /** What runs as soon as its adaptor is there. */
  #wanted: SiteSpec;
  #placing: Promise<unknown> = Promise.resolve();
  /** It takes no new clients any more, whatever is wanted. */
  #draining = false;
  #stopped = false;
  /** What tells {@link SiteServices.#wanted} from another one. */
  #parts: readonly PartDigest[] = [];
  #folder: FolderState | undefined;

  private constructor(spec: SiteSpec, router: Router, deps: SiteDeps) {
    this.#spec = spec;
    this.#wanted = spec;
    this.#router = router;
    this.#deps = deps;
    this.#teller = new ChangeTeller(router.clock);
    const { logger, dir, loadAdaptor, downloadTimes } = deps;
    const changed = () => this.changed();
    this.#adaptors = new AdaptorRegistry({
      logger,
      van: (digest, signal, times) => fetchModule(router, digest, signal, times),
      onLoaded: () => this.#replace(),
      onChange: changed,
      ...(dir === undefined ? {} : { dir }),
      ...(loadAdaptor === undefined ? {} : { loadBuiltin: loadAdaptor }),
      ...(downloadTimes === undefined ? {} : { times: downloadTimes }),
    });
    router.refusals.onChange = changed;
    if (deps.maxMemory !== undefined) {
      router.memory = new MemoryCeiling(deps.maxMemory, memoryUse(), router.clock, logger, changed);
    }
    this.#routes = new HttpRoutes({ router, logger, onChange: changed });
    this.#connectors = new Roster({
      name: ({ name }) => name,
      start: async (connector) =>
        new Connector(
          connector,
          router,
          await this.#adaptorsOf(connector),
          logger,
          changed,
          dialSecureTarget,
        ),
      alter: (running, connector, before) => {
        if (connector.tls === undefined || !differsInCredentials(connector, before)) return undefined;
        running.renew(connector.tls);
        return running;
      },
      stop: (connector) => this.#leave(connector),
    });
    this.#listeners = new Roster({
      name: ({ name }) => name,
      start: async (listener) =>
        new Listener(
          listener,
          router,
          await this.#adaptorsOf(listener),
          logger,
          changed,
          this.#routes.of(listener.name),
          openTlsPort,
        ),
      alter: (running, listener, before) => {
        if (!isSameOtherwise(listener, before)) return undefined;
        running.accessLog = listener.accessLog ?? "off";
        if (listener.tls !== undefined) running.renew(listener.tls);
        return running;
      },
      stop: (listener) => this.#leave(listener),
    });
    this.#multiKeyListeners = new Roster({
      name: ({ name }) => name,
      start: async (listener) =>
        new Listener(listener, router, await this.#adaptors.load("tcp"), logger, changed, undefined, openTlsPort),
      alter: (running, listener, before) => {
        if (listener.tls === undefined || !differsInCredentials(listener, before)) return undefined;
        running.renew(listener.tls);
        return running;
      },
      stop: (listener) => this.#leave(listener),
    });
  }

  /** Loads the adaptor of TCP, then puts the services on `router`. Plugins, and who needs them, follow in their time. */
  static async start(spec: SiteSpec, router: Router, deps: SiteDeps): Promise<SiteServices> {
    const services = new SiteServices(spec, router, deps);
    await services.#adaptors.load("tcp");
    const { dir, logger } = deps;
    if (dir !== undefined && spec.role === "interior") services.#store = await PluginStore.open(dir, router, logger);
    services.#tellFailed(await services.apply(spec));
    services.#stopTrimming = every(router.clock, TRIM_MS, trimUnused);
    return services;
  }

  /** Makes the adaptors, listeners and connectors of `spec` run. Connections of those that go live on until they end. */
  async apply(spec: SiteSpec): Promise<SiteChange[]> {
    if (this.#stopped) return [];
    if (this.#draining) {
      // Plugins that are denied go all the same.
      await this.#adaptors.apply(this.#wanted.adaptors ?? [], () => true, spec.policies);
      return [];
    }
    this.#wanted = spec;
    this.#parts = digestsOf(spec);
    await this.#adaptors.apply(spec.adaptors ?? [], isBroken(spec, "Adaptor"), spec.policies);
    return await this.#place();
  }

  /** Starts and stops services, one change after the other, until those run that are wanted and have an adaptor. */
  #place(): Promise<SiteChange[]> {
    const placing = this.#placing.then(async () => {
      if (this.#stopped || this.#draining) return [];
      const wanted = this.#wanted;
      const connectors = await this.#connectors.apply(
        this.#placeable(wanted.connectors),
        isBroken(wanted, "Connector"),
      );
      const listenerBroken = isBroken(wanted, "Listener");
      // One that goes on as it was keeps its rules, too.
      const kept = this.#listeners.specs.filter(({ name }) => listenerBroken(name));
      const routes = await this.#routes.apply(
        wanted.routes ?? [],
        isBroken(wanted, "HttpRoute"),
        [...wanted.listeners, ...kept],
        this.#listeners.running.length > 0,
      );
      const routable = wanted.listeners.filter(({ name }) => this.#unrouted(name) === undefined);
      const listeners = await this.#listeners.apply(this.#placeable(routable), listenerBroken);
      for (const listener of this.#listeners.running) listener.useRoute(this.#routes.of(listener.name));
      const several = await this.#multiKeyListeners.apply(
        wanted.multiKeyListeners ?? [],
        isBroken(wanted, "MultiKeyListener"),
      );
      if (this.#stopped) { for (const service of this.#all()) service.stop(); }
      return [
        ...connectors.map((change) => ({ kind: "Connector" as const, ...change })),
        ...routes.map((change) => ({ kind: "HttpRoute" as const, ...change })),
        ...listeners.map((change) => ({ kind: "Listener" as const, ...change })),
        ...several.map((change) => ({ kind: "MultiKeyListener" as const, ...change })),
      ];
    });
    this.#placing = placing;
    return placing;
  }

  async #adaptorsOf(spec: ListenerSpec | ConnectorSpec): Promise<AdaptorModule | AutoAdaptors> {
    if (spec.protocol !== "auto") return await this.#adaptors.load(adaptorOf(spec));
    const [tcp, http1, http2] = await Promise.all([
      this.#adaptors.load("tcp"),
      this.#adaptors.load("http1"),
      this.#adaptors.load("http2"),
    ]);
    return { tcp, http1, http2 };
  }

  #placeable<S extends ListenerSpec | ConnectorSpec>(specs: readonly S[]): Placed<S>[] {
    return specs.filter((spec) => this.#adaptors.obstacle(adaptorOf(spec)) === undefined)
      .map((spec) => ({ ...spec, generation: this.#adaptors.generation(adaptorOf(spec)) }));
  }

  /** A plugin has become another. */
  async #replace(): Promise<void> {
    this.#tellFailed(await this.#place());
    this.changed();
  }

  #tellFailed(changes: readonly SiteChange[]): void {
    for (const { kind, name, action, error } of changes) {
      if (action !== "failed") continue;
      this.#deps.logger.error("resource can't be used", { kind, name, reason: messageOf(error) });
    }
  }

  /** Calls `listener` after every change; the result ends that. */
  onChange(listener: () => void): () => void {
    return this.#teller.add(listener);
  }

  /** Something that the status shows has changed. */
  changed(): void {
    this.#teller.changed();
  }

  /** A snapshot of the site. */
  status(
    links: readonly LinkStatus[],
    access: readonly AccessStatus[],
    grants: readonly GrantStatus[] = [],
  ): SiteStatus {
    const { id, name, role } = this.#spec;
    return {
      id,
      name,
      role,
      routerId: this.#router.identity.id,
      links,
      access,
      listeners: withWaiting(this.#wanted.listeners, this.#listeners.running, (spec) => this.#waitingListener(spec)),
      connectors: withWaiting(
        this.#wanted.connectors,
        this.#connectors.running,
        (spec) => this.#waitingConnector(spec),
      ),
      multiKeyListeners: this.#multiKeyListeners.running.map((listener) => listener.status()),
      grants,
      certificates: this.#wanted.certificates ?? [],
      broken: this.#wanted.broken ?? [],
      adaptors: this.#adaptors.status(),
      ...(this.#router.memory === undefined ? {} : { memory: this.#router.memory.status() }),
      routes: this.#routes.status(),
    };
  }

  /** From now on `folder` is where the site comes from. */
  readFrom(folder: FolderState): void {
    this.#folder = folder;
  }

  /** The site as commands ask it; `links` and `access` are its other parts. */
  managed(
    links: () => readonly LinkStatus[],
    access: () => readonly AccessStatus[],
    grants?: () => readonly GrantStatus[],
  ): ManagedSite {
    const transitions = new Transitions();
    const since = new Date();
    const report = (): SiteReport => {
      const { reads, problem } = this.#folder ?? { reads: 0, problem: undefined };
      const site = this.status(links(), access(), grants?.());
      // What management has created is of no folder: nothing there says that it goes.
      const parts = this.#parts.filter(({ name }) => !name.startsWith(BY_MANAGEMENT));
      const resources = transitions.stamp(resourceStatuses(site, parts, problem, this.#wanted.tokens), new Date());
      return { site, resources, parts, folder: { reads, problem } };
    };
    // Conditions know since when they are what they are, whether or not somebody asks.
    if (this.#deps.dir !== undefined) this.onChange(report);
    return {
      report: () => JSON.stringify(report()),
      process: () => JSON.stringify(processReport(since)),
      connections: () => this.#connections(),
      log: () => this.#deps.history?.json() ?? "[]",
      reload: () => this.#folder?.reload() ?? 0,
    };
  }

  #connections(): ServiceConnections {
    const { listeners, connectors } = this.#wanted;
    const count = { tcp: 0, http1: 0, http2: 0 };
    const add = (specs: readonly (ListenerSpec | ConnectorSpec)[], services: readonly (Listener | Connector)[]) => {
      const adaptors = new Map(specs.map(({ name, protocol }) => [name, protocol]));
      for (const service of services) {
        const { name, connections } = service.status();
        const adaptor = adaptors.get(name);
        count[adaptor === "http1" || adaptor === "http2" ? adaptor : "tcp"] += connections;
      }
    };
    add(listeners, this.#listeners.running);
    add(connectors, this.#connectors.running);
    add([], this.#multiKeyListeners.running);
    return count;
  }

  /** Takes no new clients, then waits until the connections have ended or `graceMs` is over. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    const deadline = performance.now() + graceMs;
    for (const service of this.#all()) service.refuseNew();
    // What was about to start is no different.
    await this.#placing;
    for (const service of this.#all()) service.refuseNew();
    while (this.#all().some(({ busy }) => busy) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_STEP_MS));
    }
  }

  /** Ends everything now; resolves when no plugin is being loaded any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#sweeping);
    this.#stopTrimming();
    this.#router.memory?.stop();
    for (const service of this.#all()) service.stop();
    this.#routes.stop();
    this.#teller.stop();
    await Promise.all([this.#adaptors.stop(), this.#store?.stop()]);
    await this.#placing;
  }

  #waitingListener(spec: ListenerSpec): ListenerStatus {
    const { name, routingKey, host, port } = spec;
    const waiting = { name, routingKey, host, port, open: false, connections: 0 };
    const unrouted = this.#unrouted(name);
    if (unrouted !== undefined) {
      return { ...waiting, message: unrouted, code: "SITE_INVALID", hint: "Correct the HttpRoute, or delete it." };
    }
    return { ...waiting, message: this.#adaptors.obstacle(adaptorOf(spec)) ?? "" };
  }

  /** Why a Listener must not open; one that has rules from before goes on with those. */
  #unrouted(name: string): string | undefined {
    return this.#routes.of(name) === undefined ? this.#wanted.unrouted?.[name] : undefined;
  }

  #waitingConnector(spec: ConnectorSpec): ConnectorStatus {
    const { name, routingKey, host, port } = spec;
    const message = this.#adaptors.obstacle(adaptorOf(spec)) ?? "";
    return { name, routingKey, target: formatEndpoint(host, port), connections: 0, message };
  }

  /** Resolves when the port of a listener is free. */
  async #leave(service: Listener | Connector): Promise<void> {
    const refusing = service.refuseNew();
    this.#leaving.add(service);
    this.#sweep();
    await refusing;
  }

  /** Lets go of those that leave and have nothing under way any more. */
  #sweep(): void {
    clearTimeout(this.#sweeping);
    for (const gone of this.#leaving) {
      if (gone.busy) continue;
      gone.stop();
      this.#leaving.delete(gone);
    }
    if (this.#leaving.size > 0 && !this.#stopped) this.#sweeping = setTimeout(() => this.#sweep(), SWEEP_MS);
  }

  #all(): (Listener | Connector)[] {
    const listeners = [...this.#listeners.running, ...this.#multiKeyListeners.running];
    return [...listeners, ...this.#connectors.running, ...this.#leaving];
  }
}

/** True when two forms of a listener are alike but for what can be replaced while it runs. */
function isSameOtherwise(one: Placed<ListenerSpec>, other: Placed<ListenerSpec>): boolean {
  const rest = ({ accessLog: _log, tls, ...spec }: Placed<ListenerSpec>) => JSON.stringify([spec, tls === undefined]);
  return rest(one) === rest(other);
}

/** The adaptor that may have to be waited for: those of `auto` are built in, as that of TCP is. */
function adaptorOf({ protocol = "tcp" }: ListenerSpec | ConnectorSpec): string {
  return protocol === "auto" ? "tcp" : protocol;
}

/** The status of all that run, then of those of `specs` that wait for their adaptor. */
function withWaiting<S extends { readonly name: string }, T extends { readonly name: string }>(
  specs: readonly S[],
  running: readonly { status(): T }[],
  waiting: (spec: S) => T,
): T[] {
  const statuses = running.map((service) => service.status());
  const names = new Set(statuses.map(({ name }) => name));
  return [...statuses, ...specs.filter(({ name }) => !names.has(name)).map(waiting)];
}
