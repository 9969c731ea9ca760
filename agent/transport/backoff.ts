/**
 * When to dial again: pure, no clock and no timer. Jittered doubling with a low ceiling while an outage is young, so that
 * a router that restarts is found at once, and a high one later, so that one that is gone is not hammered.
 */

/** First delay, before jitter, milliseconds. */
const FIRST_MS = 200;
/** How long an outage counts as young, milliseconds. */
const YOUNG_MS = 60_000;
/** Ceiling of a young outage, milliseconds. */
const YOUNG_CEILING_MS = 2_000;
/** Ceiling of an old outage, milliseconds. */
const OLD_CEILING_MS = 30_000;

/** Where randomness comes from. */
export interface BackoffOptions {
  /** A number from 0 up to but not including 1, like `Math.random`. */
  readonly random: () => number;
}

/** The delays of one outage. */
export class Backoff {
  readonly #random: () => number;
  #began: number | undefined;
  #delayMs = FIRST_MS;

  /** Makes the backoff of a link that is up. */
  constructor(options: BackoffOptions) {
    this.#random = options.random;
  }

  /**
   * The delay before the next attempt, milliseconds; `nowMs` is any clock that does not run backwards. The first call
   * after {@link Backoff.reset} dates the outage. Half of each delay is jitter: attempt n waits between half and all of
   * 200 ms x 2^n, at most 2 s in the first minute and 30 s afterwards.
   */
  next(nowMs: number): number {
    this.#began ??= nowMs;
    const ceiling = nowMs - this.#began < YOUNG_MS ? YOUNG_CEILING_MS : OLD_CEILING_MS;
    const delay = Math.min(this.#delayMs, ceiling);
    this.#delayMs = Math.min(delay * 2, OLD_CEILING_MS);
    return Math.round(delay / 2 + (delay / 2) * this.#random());
  }

  /** Forgets the outage: the link is up. */
  reset(): void {
    this.#began = undefined;
    this.#delayMs = FIRST_MS;
  }
}
