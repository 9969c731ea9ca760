/**
 * Settles answers that have come whole, of all clients of a listener together: with the next request, in whose write that
 * leaves, or soon. Nobody waits for it, and a write for each answer would cost as much as the answer.
 */

import { ACCEPTED } from "../router/flow.ts";
import type { InboundMessage } from "./inbound_message.ts";

/** Longest time that an answer stays unsettled, in ms. */
const SOON_MS = 10;
/** Most answers that do. */
export const MOST_UNSETTLED = 256;

/** See the head of the file. */
export class Settling {
  #answers: InboundMessage[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `answer` has come whole. */
  add(answer: InboundMessage): void {
    this.#answers.push(answer);
    if (this.#answers.length >= MOST_UNSETTLED) return this.settle();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.settle();
    }, SOON_MS);
  }

  /** Settles all of them. */
  settle(): void {
    const answers = this.#answers;
    if (answers.length === 0) return;
    this.#answers = [];
    for (const answer of answers) answer.settle(ACCEPTED);
  }

  /** Settles all of them, and waits for nothing any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.settle();
  }
}
