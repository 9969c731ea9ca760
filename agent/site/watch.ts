/**
 * Keeps a running site what its folder says: when files change, the resources are read again and what is different is
 * applied. A resource that is broken is told of and left as it was, while the others go on; a folder that can't be read
 * as a site changes nothing: the site goes on as it is, and the log says why.
 */

import { messageOf, TendrilError } from "../lib/errors.ts";
import type { Logger } from "../telemetry/log.ts";
import { readRevoked } from "./certificates/revocations.ts";
import { loadToRun } from "./link_ports.ts";
import type { BrokenResource } from "./problems.ts";
import type { FolderProblem, FolderState } from "./report.ts";
import type { RunningSite, SiteChange } from "./status.ts";
import { folderAbove, givenFolders, isGivenFolder } from "./store/given_secrets.ts";

/** Writers touch a file several times, and several files: the folder is read once it has been quiet for this long, ms. */
const QUIET_MS = 200;

/** Watches the folder of one running site. */
export class FolderWatch implements FolderState {
  reads = 0;
  problem: FolderProblem | undefined;
  readonly #dir: string;
  readonly #site: RunningSite;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  #events: Deno.FsWatcher | undefined;
  /** Of the folder above, where folders with certificates may appear beside this one. */
  #above: Deno.FsWatcher | undefined;
  /** Of the folders with certificates that are there. */
  #given: { readonly folders: string; readonly events: Deno.FsWatcher } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = Promise.resolve();
  /** What {@link FolderWatch.reads} will be when all that was asked for is done. */
  #ordered = 0;
  /** True while a reading is ordered that has not begun. */
  #waiting = false;
  #stopped = false;
  /** What was said about broken resources, by kind and name, and which warnings. */
  #broken = new Map<string, string>();
  #warned: ReadonlySet<string>;

  /**
   * Starts to watch `dir`, from which `site` was started; calls `onChange` after what has changed was applied. `warned`
   * has been said already.
   */
  constructor(dir: string, site: RunningSite, logger: Logger, onChange: () => void, warned: ReadonlySet<string>) {
    this.#warned = warned;
    this.#onChange = onChange;
    this.#dir = dir;
    this.#site = site;
    this.#logger = logger;
    site.readFrom(this);
    this.#tellBroken(site.status().broken ?? []);
    try {
      this.#events = Deno.watchFs(dir, { recursive: false });
      this.#watch(this.#events);
      this.#watchAbove();
      this.#watchGiven();
    } catch (error) {
      this.#tellUnwatched(dir, error);
    }
  }

  /** Watches no more; resolves when nothing is being applied. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopped = true;
    this.#events?.close();
    this.#above?.close();
    this.#given?.events.close();
    await this.#busy;
  }

  /** See {@link FolderState}. */
  reload(): number {
    if (!this.#waiting && !this.#stopped) {
      this.#waiting = true;
      this.#ordered++;
      this.#busy = this.#busy.then(() => this.#read());
    }
    return this.#ordered;
  }

  async #watch(events: Deno.FsWatcher, isOurs: (path: string) => boolean = () => true): Promise<void> {
    for await (const { kind, paths } of events) {
      if (kind === "access" || !paths.some(isOurs)) continue; // Our own reading, or somebody else's files.
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.reload(), QUIET_MS);
    }
  }

  /** Only where it may be read anyway: what else is in there is nobody's business. */
  #watchAbove(): void {
    const above = folderAbove(this.#dir);
    if (above === undefined || Deno.permissions.querySync({ name: "read", path: above }).state !== "granted") return;
    this.#above = Deno.watchFs(above, { recursive: false });
    this.#watch(this.#above, isGivenFolder);
  }

  /** Follows the folders with certificates as they come and go. */
  #watchGiven(): void {
    const folders = givenFolders(this.#dir).filter(isFolder);
    if (folders.join() === (this.#given?.folders ?? "")) return;
    this.#given?.events.close();
    this.#given = undefined;
    if (folders.length === 0) return;
    const events = Deno.watchFs(folders, { recursive: true });
    this.#given = { folders: folders.join(), events };
    this.#watch(events);
  }

  async #read(): Promise<void> {
    this.#waiting = false;
    if (!this.#stopped) {
      this.#watchGiven();
      await this.#apply();
    }
    this.reads++;
  }

  #tellUnwatched(dir: string, error: unknown): void {
    const reason = messageOf(error);
    this.#logger.warn("the folder can't be watched: changes of its files need a restart", { dir, reason });
  }

  async #apply(): Promise<void> {
    const dir = this.#dir;
    try {
      // Ahead of all that may be wrong with the folder: who is shut out does not stay because of that.
      this.#site.revoke?.(await readRevoked(dir));
      const warnings = new Set<string>();
      const spec = await loadToRun(dir, this.#logger, { warn: (message) => warnings.add(message) });
      const changes = await this.#site.apply(spec);
      for (const warning of warnings) if (!this.#warned.has(warning)) this.#logger.warn(warning);
      this.#warned = warnings;
      this.#tellBroken(spec.broken ?? []);
      for (const change of changes) this.#tell(change);
      if (this.problem !== undefined) this.#logger.info("resources are in order again", { dir });
      this.problem = undefined;
      this.#onChange();
    } catch (error) {
      const message = messageOf(error);
      const before = this.problem?.message;
      const { code = "SITE_FOLDER", hint = "" } = error instanceof TendrilError ? error : {};
      this.problem = { code, message, hint };
      if (message === before) return;
      this.#logger.error("resources were not applied: the site goes on as it is", {
        dir,
        code,
        reason: message,
        next: hint,
      });
    }
  }

  /** Each fault once, and its end. */
  #tellBroken(resources: readonly BrokenResource[]): void {
    const before = this.#broken;
    const errors = resources.filter(({ status }) => status === "Error");
    this.#broken = new Map(errors.map(({ kind, name, message }) => [`${kind} ${name}`, message]));
    for (const { kind, name, code, message, hint } of errors) {
      if (before.get(`${kind} ${name}`) === message) continue;
      this.#logger.error("resource is broken, the others go on", { kind, name, code, reason: message, next: hint });
    }
    for (const title of before.keys()) {
      if (!this.#broken.has(title)) this.#logger.info("resource is not broken any more", { resource: title });
    }
  }

  #tell({ kind, name, action, error }: SiteChange): void {
    if (action !== "failed") return this.#logger.info(`resource ${action}`, { kind, name });
    const code = error instanceof TendrilError ? error.code : undefined;
    this.#logger.error("resource can't be used", { kind, name, code, reason: messageOf(error) });
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
