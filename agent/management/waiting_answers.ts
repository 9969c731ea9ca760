/**
 * Answers that wait until whoever asked fetches them. What waits for one asker is bounded, so that one who fetches
 * nothing shuts out nobody else, and so is what waits for all. Programs of this machine are counted by themselves: what
 * the network leaves waiting never keeps them from an answer.
 */

import type { Downstream } from "../router/flow.ts";

/** Octets of answers that wait for one asker; while there are more, it gets no other. */
export const MAX_WAITING_PER_ASKER = 8 * 1024 * 1024;
/** The same for all askers of the network together, and for all programs of this machine together. */
export const MAX_WAITING_OCTETS = 64 * 1024 * 1024;

/** Who asks, as far as that tells one from another. */
export interface Asker {
  /** A connection, or an address for answers. */
  readonly id: object | string;
  /** True for a program of this machine. */
  readonly here: boolean;
}

/** See the head of the file. */
export class WaitingAnswers {
  #answers: { readonly asker: Asker; readonly on: Pick<Downstream, "pending"> }[] = [];

  /** An answer for `asker` is on its way. */
  add(asker: Asker, on: Pick<Downstream, "pending">): void {
    this.#answers.push({ asker, on });
  }

  /** True while so much waits that `asker` gets no other answer. */
  isFull({ id, here }: Asker): boolean {
    this.#answers = this.#answers.filter(({ on }) => on.pending > 0);
    let [all, own] = [0, 0];
    for (const { asker, on } of this.#answers) {
      if (asker.here === here) all += on.pending;
      if (asker.id === id) own += on.pending;
    }
    return own > MAX_WAITING_PER_ASKER || all > MAX_WAITING_OCTETS;
  }
}
