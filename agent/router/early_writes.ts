/**
 * When messages leave before the turn of the event loop that brought them is over: once half of what a turn brings of late
 * has gathered (`docs/decisions/0016-messages-leave-before-the-turn-is-over.md`).
 */

/** Octets that are worth a write, however short the turns are. */
const LEAST_EARLY_OCTETS = 1024;
/** Octets that leave, however long the turns are. */
const MOST_EARLY_OCTETS = 4096;
/** What a turn brings of late: the most of any, which loses an eighth with each turn. */
const FORGETTING = 3;

/** Of one connection. */
export class EarlyWrites {
  #due = LEAST_EARLY_OCTETS;
  #turn = 0;
  #most = 0;

  /** A turn begins: nothing is waiting yet. */
  turn(): void {
    this.#most = Math.max(this.#turn, this.#most - (this.#most >>> FORGETTING));
    this.#due = Math.max(LEAST_EARLY_OCTETS, Math.min(this.#most >>> 1, MOST_EARLY_OCTETS));
    this.#turn = 0;
  }

  /** `octets` leave. While one write follows the other, turns can't be told apart: more than counts is not remembered. */
  wrote(octets: number): void {
    this.#turn = Math.min(this.#turn + octets, 2 * MOST_EARLY_OCTETS);
  }

  /** True when `octets`, the last of which end a message, are to leave now. */
  isDue(octets: number): boolean {
    return octets >= this.#due;
  }
}
