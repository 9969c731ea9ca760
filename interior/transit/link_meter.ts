/**
 * The cost of a link as it is measured: one for each millisecond that a question to the neighbour and its answer take,
 * more where questions get lost. Clockless; times in ms.
 *
 * Damping, in numbers: round trips are smoothed with a gain of 1/4, losses alike. The cost follows only when the
 * smoothed value has been off by more than 30 % and by 2 or more, for 3 measurements in a row, and not within 10 s of
 * the last change. So noise of 20 % moves no path, and a round trip that doubles for good moves it within 20 s.
 */

/** Time between two measurements, in ms. */
export const PROBE_MS = 2000;
/** A question without an answer counts as lost after this time, in ms. */
export const PROBE_LOST_MS = 3000;
/** Weight of a new measurement. */
const GAIN = 1 / 4;
/** A link that loses every tenth question counts as if its round trips took twice as long. */
const LOSS_WEIGHT = 10;
/** Measurements before the first word. */
const FIRST_SAMPLES = 5;
/** How far the smoothed value must be off, as a share of the cost and as a number. */
const OFF_SHARE = 0.3;
const OFF_COST = 2;
/** How often in a row. */
const OFF_TIMES = 3;
/** Time between two changes, in ms. */
const QUIET_MS = 10_000;
/** A link that answers at all is far below this, and costs are 31-bit numbers on the wire. */
const MOST_COST = 1_000_000;

/** See the head of the file. */
export class LinkMeter {
  /** The cost to tell; at least the configured one. */
  cost: number;
  readonly #least: number;
  #askedAt = -Infinity;
  #waiting = false;
  #roundTrip: number | undefined;
  #loss = 0;
  #samples = 0;
  #off = 0;
  #changedAt = -Infinity;

  /** `least` is the configured cost of the link. */
  constructor(least: number) {
    this.cost = this.#least = least;
  }

  /** Smoothed round trip in ms; undefined before the first answer. */
  get roundTripMs(): number | undefined {
    return this.#roundTrip;
  }

  /** Smoothed share of questions without an answer. */
  get loss(): number {
    return this.#loss;
  }

  /** True when a question is to be asked now; it counts as asked. */
  ask(now: number): boolean {
    if (this.#waiting && now - this.#askedAt >= PROBE_LOST_MS) {
      this.#waiting = false;
      this.#loss += (1 - this.#loss) * GAIN;
      this.#weigh(now);
    }
    if (this.#waiting || now - this.#askedAt < PROBE_MS) return false;
    this.#askedAt = now;
    this.#waiting = true;
    return true;
  }

  /** An answer came. */
  answered(now: number): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    const sample = now - this.#askedAt;
    this.#roundTrip = this.#roundTrip === undefined ? sample : this.#roundTrip + (sample - this.#roundTrip) * GAIN;
    this.#loss -= this.#loss * GAIN;
    this.#weigh(now);
  }

  #weigh(now: number): void {
    if (this.#roundTrip === undefined || ++this.#samples < FIRST_SAMPLES) return;
    const value = this.#roundTrip * (1 + this.#loss * LOSS_WEIGHT);
    const measured = Math.min(MOST_COST, Math.max(this.#least, Math.round(value)));
    const off = Math.abs(measured - this.cost);
    this.#off = off >= OFF_COST && off > this.cost * OFF_SHARE ? this.#off + 1 : 0;
    if (this.#off < OFF_TIMES || now - this.#changedAt < QUIET_MS) return;
    this.cost = measured;
    this.#changedAt = now;
    this.#off = 0;
  }
}
