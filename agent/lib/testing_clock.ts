/** Time that a test turns by hand. */

import type { Clock } from "./clock.ts";

/** See the head of the file. */
export class TurnedClock implements Clock {
  #time = 0;
  readonly #timers: { readonly at: number; readonly action: () => void }[] = [];

  now = (): number => this.#time;

  after = (ms: number, action: () => void): () => void => {
    const timer = { at: this.#time + ms, action };
    this.#timers.push(timer);
    return () => this.#remove(timer);
  };

  soon = (action: () => void): void => void this.after(0, action);

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.length;
  }

  /** Lets `ms` milliseconds pass, one by one. */
  pass(ms: number): void {
    for (const end = this.#time + ms;; this.#time++) {
      for (const timer of this.#timers.filter(({ at }) => at <= this.#time)) {
        if (this.#remove(timer)) timer.action();
      }
      if (this.#time >= end) return;
    }
  }

  #remove(timer: { readonly at: number; readonly action: () => void }): boolean {
    const at = this.#timers.indexOf(timer);
    if (at >= 0) this.#timers.splice(at, 1);
    return at >= 0;
  }
}
