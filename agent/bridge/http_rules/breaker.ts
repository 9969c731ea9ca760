/**
 * A circuit breaker of one backend, without a clock: results come in with their time. Closed, it lets everything pass; open,
 * nothing; half-open, a few probes, of which one success closes it and one failure opens it again.
 */

import type { CircuitSpec } from "../../site/http_route_spec.ts";

/** How a circuit is. */
export type CircuitState = "closed" | "open" | "half-open";

/** See the head of the file. */
export class Breaker {
  readonly #spec: CircuitSpec;
  #state: CircuitState = "closed";
  #openUntil = 0;
  /** Probes that are under way, all of one time of probing; these are numbered from 1 on. */
  #probes = 0;
  #probing = 1;
  #failuresInRow = 0;
  #intervalBegan = -Infinity;
  #requests = 0;
  #failures = 0;

  /** Closed. */
  constructor(spec: CircuitSpec) {
    this.#spec = spec;
  }

  /** How it is at `now`, in ms. */
  stateAt(now: number): CircuitState {
    return this.#state === "open" && now >= this.#openUntil ? "half-open" : this.#state;
  }

  /** Whether a request may pass at `now`. */
  admits(now: number): boolean {
    const state = this.stateAt(now);
    return state === "closed" || (state === "half-open" && this.#probes < this.#spec.halfOpenRequests);
  }

  /** A request passes, which it may. Returns what {@link Breaker.end} is to be told: of what it is a probe, or 0. */
  begin(now: number): number {
    this.#state = this.stateAt(now);
    if (this.#state !== "half-open") return 0;
    this.#probes++;
    return this.#probing;
  }

  /**
   * A request has its result, `failed` or not; undefined when nothing can be told from it. `probe` is what {@link Breaker.begin}
   * said of it. True when the state changed.
   */
  end(probe: number, failed: boolean | undefined, now: number): boolean {
    // What began before it opened, probes among it, says nothing new.
    if (probe > 0) {
      if (probe !== this.#probing) return false;
      this.#probes--;
      if (failed === undefined) return false;
      if (failed) return this.#open(now);
      this.#reset("closed");
      return true;
    }
    if (failed === undefined || this.#state !== "closed") return false;
    this.#count(failed, now);
    const { consecutiveFailures, errorPercent, minimumRequests } = this.#spec;
    const inRow = consecutiveFailures > 0 && this.#failuresInRow >= consecutiveFailures;
    const tooMany = errorPercent > 0 && this.#requests >= minimumRequests &&
      this.#failures * 100 >= this.#requests * errorPercent;
    return failed && (inRow || tooMany) && this.#open(now);
  }

  #count(failed: boolean, now: number): void {
    if (now - this.#intervalBegan >= this.#spec.intervalSeconds * 1000) {
      this.#intervalBegan = now;
      this.#requests = this.#failures = 0;
    }
    this.#requests++;
    this.#failuresInRow = failed ? this.#failuresInRow + 1 : 0;
    if (failed) this.#failures++;
  }

  #open(now: number): true {
    this.#reset("open");
    this.#openUntil = now + this.#spec.openSeconds * 1000;
    return true;
  }

  #reset(state: CircuitState): void {
    this.#state = state;
    this.#probing++;
    this.#probes =
      this.#failuresInRow =
      this.#requests =
      this.#failures =
        0;
    this.#intervalBegan = -Infinity;
  }
}
