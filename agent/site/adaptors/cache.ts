/**
 * Modules that were loaded once, kept in `DIR/run/adaptors` under the name of their digest: what makes a site start
 * without its plugins' servers. Nothing here is trusted: what is read is hashed again, and a cache that can't be read or
 * written is as good as none.
 */

import { takeIn } from "../../adaptor/intake.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../telemetry/log.ts";

/** Modules kept; the one that was written first goes first. */
export const MAX_CACHED = 32;
const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
const MODULE_FILE = /^[0-9a-f]{64}\.wasm$/;

/** See the head of the file. */
export class ModuleCache {
  readonly #folder: string;
  readonly #logger: Logger;

  /** Of the site in `dir`. */
  constructor(dir: string, logger: Logger) {
    this.#folder = `${dir}/run/adaptors`;
    this.#logger = logger;
  }

  /** The module with `digest` (`sha256:<hex>`), if it is there, whole and of at most `maxOctets`. */
  async get(digest: string, maxOctets: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      using file = await Deno.open(this.#path(digest));
      const module = await takeIn(file.readable.values({ preventCancel: true }), maxOctets);
      if (module.digest === digest) return module.bytes;
      this.#logger.warn("a cached adaptor is damaged: it is fetched again", { digest, found: module.digest });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      this.#logger.warn("a cached adaptor can't be read: it is fetched again", { digest, reason: messageOf(error) });
    }
    return undefined;
  }

  /** Keeps a module whose digest is known to be `digest`. */
  async put(digest: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${this.#folder}/${crypto.randomUUID()}.tmp`;
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
      try {
        await Deno.writeFile(temporary, bytes, { createNew: true, mode: OWNER_ONLY_FILE });
        await Deno.rename(temporary, this.#path(digest));
      } catch (error) {
        await Deno.remove(temporary).catch(() => {}); // The first error counts.
        throw error;
      }
      await this.#prune();
    } catch (error) {
      this.#logger.warn("an adaptor can't be cached: it will be fetched at each start", {
        digest,
        reason: messageOf(error),
      });
    }
  }

  #path(digest: string): string {
    return `${this.#folder}/${digest.replace(/^sha256:/, "")}.wasm`;
  }

  async #prune(): Promise<void> {
    const files: { path: string; written: number }[] = [];
    for await (const { name } of Deno.readDir(this.#folder)) {
      const path = `${this.#folder}/${name}`;
      if (MODULE_FILE.test(name)) files.push({ path, written: (await Deno.stat(path)).mtime?.getTime() ?? 0 });
    }
    files.sort((one, other) => other.written - one.written);
    for (const { path } of files.slice(MAX_CACHED)) await Deno.remove(path);
  }
}
