/** Messages that wait for a link, in the order in which they came. Those that are given up meanwhile count no more. */

import type { Egress } from "./egress.ts";

/** Entries below which it is not worth to forget those that were given up. */
const FEW = 64;

/** See the head of the file. */
export class Backlog {
  readonly #most: number;
  readonly #mostOctets: number;
  /** With those that were given up, until there are more of these than of others. */
  #waiting: Egress[] = [];
  #size = 0;
  #octets = 0;

  /** Room for `most` messages, which come with `mostOctets` together. */
  constructor(most: number, mostOctets: number) {
    this.#most = most;
    this.#mostOctets = mostOctets;
  }

  /** Number of messages. */
  get size(): number {
    return this.#size;
  }

  /** Whether there is room for one more that comes with `octets`. */
  takes(octets: number): boolean {
    return this.#size < this.#most && this.#octets + octets <= this.#mostOctets;
  }

  /** Adds `egress` behind the others. */
  push(egress: Egress): void {
    const octets = egress.pending;
    this.#waiting.push(egress);
    this.#size++;
    this.#octets += octets;
    egress.onLeave = () => {
      egress.onLeave = undefined;
      this.#size--;
      this.#octets -= octets;
    };
    if (this.#waiting.length > Math.max(FEW, this.#size * 2)) {
      this.#waiting = this.#waiting.filter(({ over }) => !over);
    }
  }

  /** The first that is still wanted; undefined when there is none. */
  shift(): Egress | undefined {
    for (let first = this.#waiting.shift(); first !== undefined; first = this.#waiting.shift()) {
      if (first.over) continue;
      first.onLeave?.();
      return first;
    }
    return undefined;
  }

  /** All of them, which wait here no more. */
  takeAll(): Egress[] {
    const all = this.#waiting.filter(({ over }) => !over);
    this.#waiting = [];
    for (const egress of all) egress.onLeave?.();
    return all;
  }
}
