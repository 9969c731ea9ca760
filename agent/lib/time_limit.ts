/**
 * A time limit for many things at once: all share one timer. One of its own for each would cost a short connection more
 * than what it waits for, and V8's table of timers would keep dead connections alive (see NumberMap).
 */

import type { Clock } from "./clock.ts";
import { NumberMap } from "./number_map.ts";

/** How often is looked, in ms: by so much the end of a limit may be late. */
export const LOOK_MS = 1000;

class Limited {
  readonly endsAt: number;
  readonly onOver: () => void;

  constructor(endsAt: number, onOver: () => void) {
    this.endsAt = endsAt;
    this.onOver = onOver;
  }
}

/** See the head of the file. */
export class TimeLimit {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #running = new NumberMap<Limited>();
  #last = 0;
  #cancelLook: (() => void) | undefined;

  /** Each thing may take `limitMs`, and up to {@link LOOK_MS} more. */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** Something begins, and `onOver` is called should it take too long. The result is its number, for {@link end}. */
  begin(onOver: () => void): number {
    const number = this.#last = (this.#last + 1) >>> 0;
    this.#running.set(number, new Limited(this.#clock.now() + this.#limitMs, onOver));
    if (this.#cancelLook === undefined) this.#lookLater();
    return number;
  }

  /** It has come to its end; false when it had been called over before. */
  end(number: number): boolean {
    return this.#running.delete(number);
  }

  /** Calls everything over now. */
  stop(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#callOver(Infinity);
  }

  #lookLater(): void {
    this.#cancelLook = this.#clock.after(LOOK_MS, () => {
      this.#cancelLook = undefined;
      this.#callOver(this.#clock.now());
      if (this.#running.size > 0 && this.#cancelLook === undefined) this.#lookLater();
    });
  }

  #callOver(latest: number): void {
    for (const number of this.#running.keys()) {
      const limited = this.#running.get(number);
      if (limited === undefined || limited.endsAt > latest) continue;
      this.#running.delete(number);
      limited.onOver();
    }
  }
}
