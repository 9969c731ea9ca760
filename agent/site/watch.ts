/**
 * Keeps a running site what its folder says: when files change, the resources are read again and what is different is
 * applied. A resource that is broken is told of and left as it was, while the others go on; a folder that can't be read
 * as a site changes nothing: the site goes on as it is, and the log says why.
 */

import { every, SYSTEM_CLOCK } from "../lib/clock.ts";
import { messageOf, TendrilError } from "../lib/errors.ts";
import type { Logger } from "../telemetry/log.ts";
import { readRevoked } from "./certificates/revocations.ts";
import { existing, FolderEvents, identitiesOf } from "./folder_events.ts";
import { loadToRun } from "./link_ports.ts";
import type { BrokenResource } from "./problems.ts";
import type { FolderProblem, FolderState } from "./report.ts";
import type { RunningSite, SiteChange } from "./status.ts";
import { folderAbove, givenFolders, isGivenFolder } from "./store/given_secrets.ts";

/** How often it is looked whether the folder is another one by now, of which no event tells, in ms. */
const LOOK_MS = 5000;
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
  /** Of the folder itself. */
  #own: FolderEvents | undefined;
  /** Of the folder above, where folders with certificates may appear beside this one. */
  #above: FolderEvents | undefined;
  /** Of the folders with certificates that are there. */
  #given: FolderEvents | undefined;
  /** A folder of which that was tried in vain. */
  #unwatched: string | undefined;
  #stopLooking = () => {};
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
      this.#own = this.#watch([dir]);
      this.#watchAbove();
      this.#watchGiven();
      this.#stopLooking = every(SYSTEM_CLOCK, LOOK_MS, () => this.#look());
    } catch (error) {
      this.#tellUnwatched(dir, error);
    }
  }

  /** Watches no more; resolves when nothing is being applied. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopLooking();
    this.#stopped = true;
    await Promise.all([this.#own?.close(), this.#above?.close()]);
    await this.#busy;
    await this.#given?.close();
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

  #watch(folders: readonly string[], recursive = false, isOurs: (path: string) => boolean = () => true): FolderEvents {
    return new FolderEvents(folders, recursive, (paths) => {
      if (!paths.some(isOurs)) return; // Somebody else's files.
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.reload(), QUIET_MS);
    });
  }

  /** Another folder may have taken the name of the one that is watched. */
  #look(): void {
    const now = identitiesOf([this.#dir]);
    if (now === "" || now === this.#known || this.#waiting) return;
    this.#logger.info("the folder was replaced, and is read anew", { dir: this.#dir });
    this.#unwatched = undefined;
    this.#busy = this.#busy.then(async () => {
      await Promise.all([this.#own?.close(), this.#above?.close()]);
      if (this.#stopped) return;
      try {
        this.#own = this.#watch([this.#dir]);
        this.#watchAbove();
      } catch (error) {
        this.#unwatched = now;
        this.#tellUnwatched(this.#dir, error);
      }
    });
    this.reload();
  }

  /** The folder that is watched, or can't be. */
  get #known(): string | undefined {
    return this.#unwatched ?? this.#own?.identities;
  }

  /** Only where it may be read anyway: what else is in there is nobody's business. */
  #watchAbove(): void {
    const above = folderAbove(this.#dir);
    if (above === undefined || Deno.permissions.querySync({ name: "read", path: above }).state !== "granted") return;
    this.#above = this.#watch([above], false, isGivenFolder);
  }

  /** Follows the folders with certificates as they come and go, or are replaced. */
  async #watchGiven(): Promise<void> {
    const folders = givenFolders(this.#dir);
    if (identitiesOf(folders) === (this.#given?.identities ?? "")) return;
    const given = this.#given;
    this.#given = undefined;
    if (given !== undefined) await given.close();
    const there = existing(folders);
    if (there.length === 0) return;
    try {
      this.#given = this.#watch(there, true);
    } catch (error) {
      this.#tellUnwatched(there.join(), error);
    }
  }

  async #read(): Promise<void> {
    this.#waiting = false;
    if (!this.#stopped) {
      await this.#watchGiven();
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
