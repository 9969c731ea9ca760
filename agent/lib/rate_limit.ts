/** Limits how often somebody may fail: a bucket of tokens per name, clockless and bounded. */

/** Names that are remembered; the one that was quiet longest is forgotten first. */
const MAX_NAMES = 4096;

/** See the head of the file. */
export class RateLimit {
  readonly #burst: number;
  readonly #refillMs: number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  /** Allows `burst` at once, and one more every `refillMs`. */
  constructor(burst: number, refillMs: number) {
    this.#burst = burst;
    this.#refillMs = refillMs;
  }

  /** Milliseconds that `name` has to wait at `now` (ms of any clock that goes forward); 0 if it need not. */
  wait(name: string, now: number): number {
    const tokens = this.#tokens(name, now);
    return tokens >= 1 ? 0 : Math.ceil((1 - tokens) * this.#refillMs);
  }

  /** `name` has failed at `now`. */
  charge(name: string, now: number): void {
    const tokens = Math.max(0, this.#tokens(name, now) - 1);
    this.#buckets.delete(name);
    this.#buckets.set(name, { tokens, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_NAMES && oldest !== undefined) this.#buckets.delete(oldest);
  }

  #tokens(name: string, now: number): number {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) return this.#burst;
    return Math.min(this.#burst, bucket.tokens + (now - bucket.at) / this.#refillMs);
  }
}
