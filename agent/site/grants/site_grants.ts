/**
 * Serves the tokens of a site from when others can link to it, at the address at which they do. Who never accepts links,
 * such as an edge, never pays for it.
 */

import type { SiteDeps } from "../services.ts";
import { isBroken, type SiteSpec } from "../spec.ts";
import type { GrantStatus } from "../status.ts";
import type { GrantServer } from "./grant_server.ts";

/** See the head of the file. */
export class SiteGrants {
  readonly #deps: Pick<SiteDeps, "dir" | "logger" | "entry">;
  readonly #onChange: () => void;
  #server: GrantServer | undefined;
  #host = "";
  #busy = Promise.resolve();
  #closed = false;

  /** Serves nothing yet. `onChange` hears that {@link SiteGrants.status} is another. */
  constructor(deps: Pick<SiteDeps, "dir" | "logger" | "entry">, onChange: () => void) {
    this.#deps = deps;
    this.#onChange = onChange;
  }

  /**
   * Makes the grants be there that `spec` has, one change after the other; opens no other port for them where the site is
   * `ending`. Never rejects.
   */
  apply(spec: SiteSpec, ending = false): Promise<void> {
    this.#busy = this.#busy.then(async () => {
      if (this.#closed) return;
      if (!ending) await this.#serve(spec);
      await this.#server?.apply(spec.grants ?? [], isBroken(spec, "AccessGrant"));
    });
    return this.#busy;
  }

  /** One per AccessGrant. */
  status(): readonly GrantStatus[] {
    return this.#server?.status() ?? [];
  }

  /** Serves nobody any more; resolves when the port is free. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#busy;
    await this.#server?.close();
  }

  /** A port for links that is not there for now ends nothing: tokens are out, and it may come back. */
  async #serve({ access }: SiteSpec): Promise<void> {
    const { dir, logger, entry } = this.#deps;
    const host = access.find(({ role }) => role !== "normal")?.host;
    if (dir === undefined || host === undefined) return;
    if (this.#server !== undefined && host === this.#host) return;
    const { GrantServer } = await import("./grant_server.ts");
    const { bundlePath } = await import("./bundle.ts");
    await this.#server?.close();
    const bundle = entry === undefined ? undefined : bundlePath(entry);
    this.#server = await GrantServer.start(dir, host, logger, bundle, this.#onChange);
    this.#host = host;
  }
}
