/** The listeners and connectors of a site on its router: the part that edge and interior have in common. */

import { loadBuiltin } from "../adaptor/builtin.ts";
import type { AdaptorModule } from "../adaptor/action.ts";
import { Connector } from "../bridge/connector.ts";
import { Listener } from "../bridge/listener.ts";
import type { Router } from "../router/router.ts";
import type { Logger } from "../telemetry/log.ts";
import type { SiteSpec } from "./spec.ts";
import type { AccessStatus, LinkStatus, SiteStatus } from "./status.ts";

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
  readonly #adaptor: AdaptorModule;
  readonly #listeners: Listener[];
  readonly #connectors: Connector[];
  readonly #watchers = new Set<() => void>();

  private constructor(spec: SiteSpec, router: Router, adaptor: AdaptorModule, logger: Logger) {
    this.#spec = spec;
    this.#router = router;
    this.#adaptor = adaptor;
    this.#connectors = spec.connectors.map((connector) =>
      new Connector(connector, router, adaptor, logger, () => this.changed())
    );
    this.#listeners = spec.listeners.map((listener) =>
      new Listener(listener, router, adaptor, logger, () => this.changed())
    );
  }

  /** Loads the adaptor, then puts the services on `router`. */
  static async start(spec: SiteSpec, router: Router, deps: SiteDeps): Promise<SiteServices> {
    const adaptor = await (deps.loadAdaptor ?? loadBuiltin)("tcp");
    deps.logger.info("adaptor loaded", { adaptor: adaptor.name, digest: adaptor.digest });
    return new SiteServices(spec, router, adaptor, deps.logger);
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
      listeners: this.#listeners.map((listener) => listener.status()),
      connectors: this.#connectors.map((connector) => connector.status()),
      adaptors: [{ name: this.#adaptor.name, digest: this.#adaptor.digest }],
    };
  }

  /** Takes no new clients, then waits until the connections have ended or `graceMs` is over. */
  async drain(graceMs: number): Promise<void> {
    for (const listener of this.#listeners) listener.refuseNew();
    for (const connector of this.#connectors) connector.refuseNew();
    const deadline = performance.now() + graceMs;
    while (this.#open() > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_STEP_MS));
    }
  }

  /** Ends everything now. */
  stop(): void {
    for (const listener of this.#listeners) listener.stop();
    for (const connector of this.#connectors) connector.stop();
    this.#watchers.clear();
  }

  #open(): number {
    let open = 0;
    for (const listener of this.#listeners) open += listener.status().connections;
    for (const connector of this.#connectors) open += connector.status().connections;
    return open;
  }
}
