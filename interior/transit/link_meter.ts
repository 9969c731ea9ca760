/**
 * The cost of a link as it is measured: one for each millisecond that a question to the neighbour and its answer take,
 * more where questions get lost. Clockless; times in ms.
 *
 * Damping, in numbers: the mean of the last 7 round trips counts, without the 2 longest and the 2 shortest, and the
 * share of the last 20 questions that got lost, if that is more than one. The cost follows only when what comes of both
 * has been off by more than 30 % and by 2 or more, for 3 measurements in a row, and not within 10 s of the last change.
 * So neither noise of 20 % nor an answer that is late or lost moves a path, however late it is; and a round trip that
 * doubles for good moves it within 20 s.
 */

/** Time between two measurements, in ms. */
export const PROBE_MS = 2000;
/** A question without an answer counts as lost after this time, in ms. */
export const PROBE_LOST_MS = 3000;
/** Round trips that count, and how many of them don't at each end: an outlier would stay in their mean for long. */
const ROUND_TRIPS = 7;
const OUTLIERS = 2;
/** Questions that losses are counted among. */
const QUESTIONS = 20;
/** Lost ones among them that say nothing of the share yet. */
const FREE_LOSSES = 1;
/** A link that loses every tenth question counts as if its round trips took twice as long. */
const LOSS_WEIGHT = 10;
/** Measurements before the first word. */
const FIRST_SAMPLES = 5;
/** How far the measured value must be off, as a share of the cost and as a number. */
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
  /** The last round trips, the newest last. */
  readonly #roundTrips: number[] = [];
  /** Of the last questions, the newest last: whether they got lost. */
  readonly #lost: boolean[] = [];
  #samples = 0;
  #off = 0;
  #changedAt = -Infinity;

  /** `least` is the configured cost of the link. */
  constructor(least: number) {
    this.cost = this.#least = least;
  }

  /** Round trip in ms, without outliers; undefined before the first answer. */
  get roundTripMs(): number | undefined {
    const sorted = this.#roundTrips.toSorted((one, other) => one - other);
    if (sorted.length === 0) return undefined;
    const outliers = Math.min(OUTLIERS, (sorted.length - 1) >>> 1);
    const usual = sorted.slice(outliers, sorted.length - outliers);
    return usual.reduce((sum, roundTrip) => sum + roundTrip, 0) / usual.length;
  }

  /** Share of the last questions that got no answer. */
  get loss(): number {
    return this.#losses / QUESTIONS;
  }

  /** True when a question is to be asked now; it counts as asked. */
  ask(now: number): boolean {
    if (this.#waiting && now - this.#askedAt >= PROBE_LOST_MS) {
      this.#waiting = false;
      this.#weigh(true, now);
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
    remember(this.#roundTrips, now - this.#askedAt, ROUND_TRIPS);
    this.#weigh(false, now);
  }

  get #losses(): number {
    return this.#lost.filter((lost) => lost).length;
  }

  #weigh(lost: boolean, now: number): void {
    remember(this.#lost, lost, QUESTIONS);
    const roundTrip = this.roundTripMs;
    if (roundTrip === undefined || ++this.#samples < FIRST_SAMPLES) return;
    const loss = this.#losses > FREE_LOSSES ? this.loss : 0;
    const value = roundTrip * (1 + loss * LOSS_WEIGHT);
    const measured = Math.min(MOST_COST, Math.max(this.#least, Math.round(value)));
    const off = Math.abs(measured - this.cost);
    this.#off = off >= OFF_COST && off > this.cost * OFF_SHARE ? this.#off + 1 : 0;
    if (this.#off < OFF_TIMES || now - this.#changedAt < QUIET_MS) return;
    this.cost = measured;
    this.#changedAt = now;
    this.#off = 0;
  }
}

/** Adds what is new, and forgets what is too old; `count` are kept. */
function remember<T>(all: T[], newest: T, count: number): void {
  all.push(newest);
  if (all.length > count) all.shift();
}
