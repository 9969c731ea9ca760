/**
 * How often a router may speak unasked: a few changes are told at once, for what happens together comes in a few steps
 * (a router goes, and an edge of it comes here); what never stops changing is told once in an interval.
 */

/** See the head of the file. */
export class Pace {
  readonly #intervalMs: number;
  readonly #burst: number;
  #used = 0;
  #since = -Infinity;

  /** `burst` at once, and one more for every `intervalMs` that pass. */
  constructor(intervalMs: number, burst: number) {
    this.#intervalMs = intervalMs;
    this.#burst = burst;
  }

  /** True when it is time to speak. */
  allows(now: number): boolean {
    const regained = Math.floor((now - this.#since) / this.#intervalMs);
    if (regained > 0) {
      this.#used = Math.max(0, this.#used - regained);
      this.#since = this.#used === 0 ? now : this.#since + regained * this.#intervalMs;
    }
    return this.#used < this.#burst;
  }

  /** Something was said. */
  spoke(now: number): void {
    this.allows(now);
    this.#used = Math.min(this.#used + 1, this.#burst);
  }
}
