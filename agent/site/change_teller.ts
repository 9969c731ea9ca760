/**
 * Tells whoever watches a site that its state is another. Not of each change: whoever hears of one looks at all of the
 * site, and when a link goes or comes, every service changes.
 */

import type { Clock } from "../lib/clock.ts";

/** Pause between two tellings, in ms. */
const PAUSE_MS = 100;

/** See the head of the file. */
export class ChangeTeller {
  readonly #clock: Clock;
  readonly #watchers = new Set<() => void>();
  /** Calls off the next telling; undefined while there is nothing to tell. */
  #cancel: (() => void) | undefined;
  #toldAt = -Infinity;

  /** Nobody watches. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `watcher` after changes; the result ends that. */
  add(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Something is another. */
  changed(): void {
    if (this.#cancel !== undefined || this.#watchers.size === 0) return;
    const early = this.#toldAt + PAUSE_MS - this.#clock.now();
    this.#cancel = this.#clock.after(Math.max(0, early), () => this.#tell());
  }

  /** Tells what is untold, and nothing more. */
  stop(): void {
    if (this.#cancel !== undefined) {
      this.#cancel();
      this.#tell();
    }
    this.#watchers.clear();
  }

  #tell(): void {
    this.#cancel = undefined;
    this.#toldAt = this.#clock.now();
    for (const watcher of [...this.#watchers]) watcher();
  }
}
