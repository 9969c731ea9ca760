/**
 * What the results of a target's checks add up to: healthy or not. Results and times in, a verdict out; no clock, no
 * socket. A target that is up and down again and again has to prove itself for longer each time.
 */

/** What a target that has failed once too often has to show without a failure when it falls again, in ms. */
export const FIRST_HOLD_MS = 5000;
/** That doubles with each further fall, up to this, in ms. */
export const MAX_HOLD_MS = 300_000;
/** A target that was healthy for so long has its falls forgotten, in ms. */
export const CALM_MS = 300_000;

/** How many results in a row count. */
export interface HealthThresholds {
  /** Successes after which it is healthy. */
  readonly successThreshold: number;
  /** Failures after which it is not. */
  readonly failureThreshold: number;
}

/** See the head of the file. */
export class HealthRecord {
  /** False until the target has shown itself. */
  healthy = false;
  readonly #thresholds: HealthThresholds;
  #successes = 0;
  #failures = 0;
  /** When the successes in a row began. */
  #goodSince = 0;
  #healthySince = 0;
  /** Falls of a target that had not calmed down before. */
  #relapses = 0;
  #fellBefore = false;

  /** Nothing is known yet. */
  constructor(thresholds: HealthThresholds) {
    this.#thresholds = thresholds;
  }

  /** How long the successes in a row have to last before the target is healthy, in ms. */
  get holdMs(): number {
    return this.#relapses === 0 ? 0 : Math.min(FIRST_HOLD_MS * 2 ** (this.#relapses - 1), MAX_HOLD_MS);
  }

  /** Time that still has to pass at `now` without a failure, as far as damping asks for it, in ms. */
  heldMs(now: number): number {
    return this.healthy || this.#successes === 0 ? 0 : Math.max(0, this.#goodSince + this.holdMs - now);
  }

  /** The result of a check at `now` (ms of a clock that goes forward). True when {@link HealthRecord.healthy} changed. */
  take(passed: boolean, now: number): boolean {
    const before = this.healthy;
    if (passed) this.#pass(now);
    else this.#fail(now);
    return this.healthy !== before;
  }

  #pass(now: number): void {
    this.#failures = 0;
    if (this.#successes++ === 0) this.#goodSince = now;
    if (this.healthy || this.#successes < this.#thresholds.successThreshold || this.heldMs(now) > 0) return;
    this.healthy = true;
    this.#healthySince = now;
  }

  #fail(now: number): void {
    this.#successes = 0;
    this.#failures++;
    if (!this.healthy || this.#failures < this.#thresholds.failureThreshold) return;
    this.healthy = false;
    const calm = now - this.#healthySince >= CALM_MS;
    this.#relapses = calm || !this.#fellBefore ? 0 : this.#relapses + 1;
    this.#fellBefore = true;
  }
}
