/**
 * Keeps a running site what its folder says: when files change, the resources are read again and what is different is
 * applied. A folder that can't be read as a site changes nothing: the site goes on as it is, and the log says why.
 */

import { messageOf, TendrilError } from "../lib/errors.ts";
import type { Logger } from "../telemetry/log.ts";
import { loadSite } from "./load.ts";
import type { RunningSite, SiteChange } from "./status.ts";

/** Writers touch a file several times, and several files: the folder is read once it has been quiet for this long, ms. */
const QUIET_MS = 200;

/** Watches the folder of one running site. */
export class FolderWatch {
  readonly #dir: string;
  readonly #site: RunningSite;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  #events: Deno.FsWatcher | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = Promise.resolve();
  #complaint = "";

  /** Starts to watch `dir`, from which `site` was started; calls `onChange` after what has changed was applied. */
  constructor(dir: string, site: RunningSite, logger: Logger, onChange: () => void) {
    this.#onChange = onChange;
    this.#dir = dir;
    this.#site = site;
    this.#logger = logger;
    try {
      this.#events = Deno.watchFs(dir, { recursive: false });
      this.#watch(this.#events);
    } catch (error) {
      logger.warn("the folder can't be watched: changes of its files need a restart", {
        dir,
        reason: messageOf(error),
      });
    }
  }

  /** Watches no more; resolves when nothing is being applied. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#events?.close();
    this.#events = undefined;
    await this.#busy;
  }

  async #watch(events: Deno.FsWatcher): Promise<void> {
    for await (const { kind } of events) {
      if (kind === "access") continue; // Our own reading.
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#busy = this.#busy.then(() => this.#reload()), QUIET_MS);
    }
  }

  async #reload(): Promise<void> {
    if (this.#events === undefined) return;
    const dir = this.#dir;
    try {
      const changes = await this.#site.apply(await loadSite(dir));
      for (const change of changes) this.#tell(change);
      if (this.#complaint !== "") this.#logger.info("resources are in order again", { dir });
      this.#complaint = "";
      this.#onChange();
    } catch (error) {
      const reason = messageOf(error);
      if (reason === this.#complaint) return;
      this.#complaint = reason;
      const { code, hint } = error instanceof TendrilError ? error : { code: undefined, hint: undefined };
      this.#logger.error("resources were not applied: the site goes on as it is", { dir, code, reason, next: hint });
    }
  }

  #tell({ kind, name, action, error }: SiteChange): void {
    if (action !== "failed") return this.#logger.info(`resource ${action}`, { kind, name });
    const code = error instanceof TendrilError ? error.code : undefined;
    this.#logger.error("resource can't be used", { kind, name, code, reason: messageOf(error) });
  }
}
