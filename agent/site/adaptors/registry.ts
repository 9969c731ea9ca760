/**
 * The adaptors of a running site by the name that Listeners and Connectors give them: built in, or plugins of its folder.
 * What they do wrong is logged here, with plugin, digest and reason.
 */

import type { AdaptorModule } from "../../adaptor/action.ts";
import { builtinNames, loadBuiltin } from "../../adaptor/builtin.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { DownloadTimes } from "../../transport/download.ts";
import type { AdaptorSpec, PolicySpec } from "../spec.ts";
import type { AdaptorStatus } from "../status.ts";
import { adaptorStatus } from "./adaptor_status.ts";
import { ModuleCache } from "./cache.ts";
import { aboutLoading } from "./load_policy.ts";
import { Plugin, type PluginContext } from "./plugin.ts";

/** What the registry is given. */
export interface RegistryOptions extends Pick<PluginContext, "van"> {
  /** Folder of the site; without one there are no plugins. */
  readonly dir?: string;
  /** Where it logs. */
  readonly logger: Logger;
  /** Where built-in adaptors come from. */
  readonly loadBuiltin?: (name: string) => Promise<AdaptorModule>;
  /** A plugin has become another. */
  onLoaded(): void;
  /** The status is another. */
  onChange(): void;
  /** For tests. */
  readonly times?: DownloadTimes;
}

/** See the head of the file. */
export class AdaptorRegistry {
  readonly #options: RegistryOptions;
  readonly #builtin = new Map<string, AdaptorModule>();
  readonly #plugins = new Map<string, Plugin>();
  #policies: readonly PolicySpec[] = [];
  /** How to stop listening to the faults of each module that is in use, or was. */
  readonly #watched = new Map<AdaptorModule, () => void>();

  /** Holds nothing. */
  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /**
   * Makes the plugins those of `specs`, as far as `policies` allow, and of those there are those that `keep` names; they are
   * loaded in their time.
   */
  async apply(
    specs: readonly AdaptorSpec[],
    keep: (name: string) => boolean,
    policies: readonly PolicySpec[] = [],
  ): Promise<void> {
    const { dir, logger, van, onChange, onLoaded, times } = this.#options;
    if (dir === undefined) return;
    const before = JSON.stringify(this.#policies);
    this.#policies = aboutLoading(policies);
    const ruled = JSON.stringify(this.#policies) !== before;
    const wanted = new Map(specs.map((spec) => [spec.name, spec]));
    for (const [name, plugin] of this.#plugins) {
      if (wanted.has(name) || keep(name)) continue;
      this.#plugins.delete(name);
      await plugin.stop();
    }
    const cache = new ModuleCache(dir, logger);
    for (const [name, spec] of wanted) {
      const running = this.#plugins.get(name);
      if (running !== undefined) {
        running.change(spec);
        continue;
      }
      const context: PluginContext = {
        dir,
        cache,
        logger,
        van,
        onLoaded: (module) => {
          this.#watch(name, module);
          onLoaded();
        },
        onGone: onLoaded,
        onChange,
        policies: () => this.#policies,
        ...(times === undefined ? {} : { times }),
      };
      this.#plugins.set(name, new Plugin(spec, context));
    }
    if (ruled) { for (const plugin of this.#plugins.values()) plugin.judgeAnew(); }
  }

  /** How often the adaptor `name` has become another; one that is built in never does. */
  generation(name: string): number {
    return this.#plugins.get(name)?.generation ?? 0;
  }

  /** Why `name` can't be used now; undefined when it can. */
  obstacle(name: string): string | undefined {
    if (builtinNames().includes(name)) return undefined;
    const plugin = this.#plugins.get(name);
    if (plugin === undefined) return `there is no adaptor ${name}`;
    return plugin.module === undefined ? `adaptor ${name}: ${plugin.status().message}` : undefined;
  }

  /** The adaptor `name`. Throws what {@link loadBuiltin} throws. */
  async load(name: string): Promise<AdaptorModule> {
    const known = this.#plugins.get(name)?.module ?? this.#builtin.get(name);
    if (known !== undefined) return known;
    const module = await (this.#options.loadBuiltin ?? loadBuiltin)(name);
    this.#builtin.set(name, module);
    this.#watch(name, module);
    return module;
  }

  /** A snapshot: what is built in and in use, then all plugins. */
  status(): AdaptorStatus[] {
    return [
      ...[...this.#builtin].map(([name, module]) => adaptorStatus(name, module, "built in")),
      ...[...this.#plugins.values()].map((plugin) => plugin.status()),
    ];
  }

  /** Loads and logs no more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    for (const stop of this.#watched.values()) stop();
    this.#watched.clear();
    await Promise.all([...this.#plugins.values()].map((plugin) => plugin.stop()));
  }

  #watch(name: string, module: AdaptorModule): void {
    const { logger, onChange } = this.#options;
    const { digest, version } = module;
    logger.info("adaptor loaded", { adaptor: name, version, digest });
    const stop = module.health?.onFault((error, quarantined) => {
      const fields = { adaptor: name, digest, code: error.code, reason: error.message, faults: module.health?.faults };
      logger.warn("adaptor failed: its connection ends", fields);
      if (quarantined) logger.error("adaptor is quarantined: it takes no new connections for a while", fields);
      onChange();
    });
    if (stop !== undefined) this.#watched.set(module, stop);
  }
}
