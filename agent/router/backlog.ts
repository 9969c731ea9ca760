/** Messages that wait for a link, in the order in which they came. Who gives one up does not say so here: it is found out. */

import type { Egress } from "./egress.ts";

/** Messages between two looks for those that were given up, at least. */
const LOOK_AFTER = 64;

/** One of them. */
interface Waiting {
  readonly egress: Egress;
  /** What had come of it when it began to wait. */
  readonly octets: number;
}

/** See the head of the file. */
export class Backlog {
  readonly #most: number;
  readonly #mostOctets: number;
  #waiting: Waiting[] = [];
  #octets = 0;
  #lookAt = LOOK_AFTER;

  /** Room for `most` messages, which come with `mostOctets` together. */
  constructor(most: number, mostOctets: number) {
    this.#most = most;
    this.#mostOctets = mostOctets;
  }

  /** Messages, of which some may have been given up. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Whether there is room for one more that comes with `octets`. */
  takes(octets: number): boolean {
    if (!this.#hasRoom(octets)) this.#look();
    return this.#hasRoom(octets);
  }

  #hasRoom(octets: number): boolean {
    return this.#waiting.length < this.#most && this.#octets + octets <= this.#mostOctets;
  }

  /** Adds `egress` behind the others. */
  push(egress: Egress): void {
    const octets = egress.pending;
    this.#waiting.push({ egress, octets });
    this.#octets += octets;
    if (this.#waiting.length < this.#lookAt) return;
    this.#look();
    this.#lookAt = Math.max(LOOK_AFTER, this.#waiting.length * 2);
  }

  /** The first that is still wanted; undefined when there is none. */
  shift(): Egress | undefined {
    for (let first = this.#waiting.shift(); first !== undefined; first = this.#waiting.shift()) {
      this.#octets -= first.octets;
      if (!first.egress.over) return first.egress;
    }
    return undefined;
  }

  /** All of them, which wait here no more. */
  takeAll(): Egress[] {
    const all = this.#waiting.map(({ egress }) => egress);
    this.#waiting = [];
    this.#octets = 0;
    return all;
  }

  /** Forgets those that were given up, and with them who sent them. */
  #look(): void {
    this.#waiting = this.#waiting.filter(({ egress }) => !egress.over);
    this.#octets = this.#waiting.reduce((sum, { octets }) => sum + octets, 0);
  }
}
