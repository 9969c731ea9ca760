/** How long requests took, as counts per range: enough for percentiles, and of fixed size. */

/** Upper ends of the ranges in ms; the last range has none. */
export const LATENCY_BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] as const;

/** See the head of the file. */
export class Latencies {
  readonly #counts = new Uint32Array(LATENCY_BOUNDS_MS.length + 1);

  /** A request took so long, in ms. */
  add(ms: number): void {
    const at = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound);
    this.#counts[at < 0 ? LATENCY_BOUNDS_MS.length : at]!++;
  }

  /** Requests by the end of their range, those above all of them under `inf`. */
  counts(): Record<string, number> {
    const ends = [...LATENCY_BOUNDS_MS.map(String), "inf"];
    return Object.fromEntries(ends.map((end, at) => [end, this.#counts[at]!]));
  }
}
