/** Counts durations by how long they are: values in, numbers of those that are not above a bound out. */

/** Upper bounds, in seconds. */
const BOUNDS = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1, Infinity];

/** See the head of the file. */
export class Histogram {
  /** All durations, in seconds. */
  sum = 0;
  readonly #counts = new Uint32Array(BOUNDS.length);

  /** Counts a duration of so many seconds. */
  add(seconds: number): void {
    this.#counts[BOUNDS.findIndex((bound) => seconds <= bound)]!++;
    this.sum += seconds;
  }

  /** Bounds in seconds, from the least to infinity, each with how many durations are not above it. */
  get buckets(): readonly (readonly [bound: number, count: number])[] {
    let count = 0;
    return BOUNDS.map((bound, at) => [bound, count += this.#counts[at]!]);
  }
}
