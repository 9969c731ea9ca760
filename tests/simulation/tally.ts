/** Sums up many runs in one line. */

import type { Outcome } from "./simulation.ts";

/** See the head of the file. */
export class Tally {
  readonly failed: Outcome[] = [];
  #runs = 0;
  #events = 0;
  #faults = 0;
  #messages = 0;
  #checks = 0;
  readonly #converged: number[] = [];

  /** Runs so far. */
  get runs(): number {
    return this.#runs;
  }

  /** Counts a run. */
  add(outcome: Outcome): void {
    this.#runs++;
    this.#events += outcome.events;
    this.#faults += outcome.faults;
    this.#messages += outcome.messages;
    this.#checks += outcome.checks;
    this.#converged.push(outcome.convergedMs);
    if (outcome.failures.length > 0) this.failed.push(outcome);
  }

  /** The counts as one line. */
  line(): string {
    const times = this.#converged.sort((one, other) => one - other);
    const [median, most] = [times[times.length >> 1] ?? 0, times.at(-1) ?? 0];
    const per = (total: number) => `${total} (${Math.round(total / Math.max(1, this.#runs))} per run)`;
    return [
      `${this.#runs} runs, ${this.failed.length} failed`,
      `${per(this.#events)} events`,
      `${per(this.#faults)} faults`,
      `${per(this.#messages)} messages`,
      `${per(this.#checks)} checks`,
      `converged after ${median} ms, at most ${most} ms`,
    ].join(", ");
  }
}
