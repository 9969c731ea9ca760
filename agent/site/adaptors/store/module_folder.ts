/**
 * The plugins that a store keeps: `DIR/plugin-store`, each module under the name of its digest. What is read is hashed again;
 * what has another digest than its name is as good as not there.
 */

import { takeIn } from "../../../adaptor/intake.ts";
import { messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../telemetry/log.ts";

/** Modules that a store keeps, octets of one, and of all. */
export const MAX_STORED = 64;
/** See {@link MAX_STORED}. */
export const MAX_STORED_OCTETS = 16 * 1024 * 1024;
/** See {@link MAX_STORED}. */
export const MAX_STORE_OCTETS = 128 * 1024 * 1024;

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
const MODULE_FILE = /^([0-9a-f]{64})\.wasm$/;

/** See the head of the file. Digests are `sha256:<hex>`. */
export class ModuleFolder {
  readonly #folder: string;
  readonly #logger: Logger;
  /** Octets of what is there, by digest. */
  readonly #sizes = new Map<string, number>();

  /** Of the site in `dir`; knows nothing before {@link ModuleFolder.scan}. */
  constructor(dir: string, logger: Logger) {
    this.#folder = `${dir}/plugin-store`;
    this.#logger = logger;
  }

  /** Digests of what is there. */
  get digests(): readonly string[] {
    return [...this.#sizes.keys()];
  }

  /** Looks what is there, and whether it is whole. */
  async scan(): Promise<void> {
    try {
      for await (const { name } of Deno.readDir(this.#folder)) {
        const digest = `sha256:${MODULE_FILE.exec(name)?.[1]}`;
        if (MODULE_FILE.test(name) && this.#sizes.size < MAX_STORED) await this.read(digest);
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return;
      this.#logger.warn("the plugin store can't be read", { folder: this.#folder, reason: messageOf(error) });
    }
  }

  /** The module with `digest`; undefined, and forgotten, when it is not there or not whole. */
  async read(digest: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      using file = await Deno.open(this.#path(digest));
      const module = await takeIn(file.readable.values({ preventCancel: true }), MAX_STORED_OCTETS);
      if (module.digest === digest) {
        this.#sizes.set(digest, module.bytes.length);
        return module.bytes;
      }
      this.#logger.error("a stored plugin is damaged: it is not served", { digest, found: module.digest });
    } catch (error) {
      const gone = error instanceof Deno.errors.NotFound;
      if (!gone) this.#logger.error("a stored plugin can't be read", { digest, reason: messageOf(error) });
    }
    this.#sizes.delete(digest);
    return undefined;
  }

  /** Why no module of `octets` more can be kept; undefined when one can. */
  objection(octets: number): string | undefined {
    const all = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    if (this.#sizes.size >= MAX_STORED) return `the store is full: it has ${MAX_STORED} plugins`;
    if (all + octets > MAX_STORE_OCTETS) return `the store is full: it would have more than ${MAX_STORE_OCTETS} octets`;
    return undefined;
  }

  /** Keeps a module whose digest is known to be `digest`. Throws what keeps it from that. */
  async put(digest: string, bytes: Uint8Array): Promise<void> {
    await Deno.mkdir(this.#folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
    const temporary = `${this.#folder}/${crypto.randomUUID()}.tmp`;
    try {
      await Deno.writeFile(temporary, bytes, { createNew: true, mode: OWNER_ONLY_FILE });
      await Deno.rename(temporary, this.#path(digest));
    } catch (error) {
      await Deno.remove(temporary).catch(() => {}); // The first error counts.
      throw error;
    }
    this.#sizes.set(digest, bytes.length);
  }

  #path(digest: string): string {
    return `${this.#folder}/${digest.replace(/^sha256:/, "")}.wasm`;
  }
}
