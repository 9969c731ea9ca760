/**
 * How long routing messages are in this process: from when one is read, or made, until the one that comes of it has been
 * written. What a router adds to the time that they take through the network, whatever else it has to do.
 */

import type { Clock } from "../../agent/lib/clock.ts";
import { Histogram } from "../../agent/lib/histogram.ts";

const MS = 1000;

/** See the head of the file. */
export class ControlDelay {
  /** In seconds. */
  readonly histogram: Histogram = new Histogram();
  readonly #clock: Pick<Clock, "now">;
  #arrival: number | undefined;

  /** Nothing has been sent. */
  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** When what is sent now began: the arrival of what it answers or passes on, else this moment; ms of the clock. */
  get since(): number {
    return this.#arrival ?? this.#clock.now();
  }

  /** Has `take` deal with what arrived at `arrival`, and sends what comes of it. */
  answering(arrival: number, take: () => void): void {
    this.#arrival = arrival;
    try {
      take();
    } finally {
      this.#arrival = undefined;
    }
  }

  /** What began at `since` has been written. */
  written(since: number): void {
    this.histogram.add((this.#clock.now() - since) / MS);
  }
}
