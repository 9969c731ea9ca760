/** A consumer at an address of a store: takes requests whole, has them answered, and sends the answers where they are wanted. */

import { ByteQueue } from "../../../lib/byte_queue.ts";
import { messageOf } from "../../../lib/errors.ts";
import { refusal } from "../../../management/answer.ts";
import { type Answer, decodeRequest, type Request } from "../../../management/message.ts";
import { sendAnswer } from "../../../management/send_answer.ts";
import { ACCEPTED, type Consumer, type Downstream, type Message, type Upstream } from "../../../router/flow.ts";
import type { Router } from "../../../router/router.ts";

/** Requests that may be under way at a desk. */
const MAX_REQUESTS = 64;
/** Octets of requests that are coming in, and of answers that wait for those who asked. */
const MAX_WAITING_OCTETS = 32 * 1024 * 1024;

/** Answers a request. What it throws is told as the store's own fault. */
export type Clerk = (request: Request) => Promise<Answer>;

/** See the head of the file. */
export class Desk implements Consumer {
  readonly origin: undefined = undefined;
  readonly cost = 0;
  readonly remote = false;
  outstanding = 0;
  readonly #router: Router;
  readonly #maxOctets: number;
  readonly #clerk: Clerk;
  #answers: Downstream[] = [];
  #incoming = 0;

  /** Takes requests of at most `maxOctets`. */
  constructor(router: Router, maxOctets: number, clerk: Clerk) {
    this.#router = router;
    this.#maxOctets = maxOctets;
    this.#clerk = clerk;
  }

  /** See {@link Consumer}. */
  deliver(message: Message, upstream: Upstream): Downstream {
    const bytes = new ByteQueue();
    let over = false;
    this.outstanding++;
    const finish = (condition?: string, description = "") => {
      if (over) return;
      over = true;
      this.outstanding--;
      this.#incoming -= bytes.size;
      const request = bytes.takeAll();
      const error = condition === undefined ? undefined : { condition, description };
      upstream.consumerState(error === undefined ? ACCEPTED : { kind: "rejected", error }, true);
      if (error === undefined) this.#answer(request);
    };
    const take = (piece: Uint8Array) => {
      if (over) return;
      bytes.push(piece);
      this.#incoming += piece.length;
      if (bytes.size > this.#maxOctets) finish("amqp:link:message-size-exceeded", "it is too large for the store");
      else if (this.#full()) finish("amqp:resource-limit-exceeded", "the store is busy: try again");
    };
    // Outcomes may not be told before the caller has what it calls.
    const start = message.start.slice();
    queueMicrotask(() => take(start));
    return {
      pending: 0,
      write: (piece) => {
        const copy = piece.slice();
        queueMicrotask(() => take(copy));
      },
      end: () => queueMicrotask(() => finish()),
      abort: () => {
        if (over) return;
        over = true;
        this.outstanding--;
        this.#incoming -= bytes.size;
      },
      producerSettled() {},
    };
  }

  #full(): boolean {
    this.#answers = this.#answers.filter(({ pending }) => pending > 0);
    const waiting = this.#answers.reduce((sum, { pending }) => sum + pending, this.#incoming);
    return this.outstanding > MAX_REQUESTS || waiting > MAX_WAITING_OCTETS;
  }

  async #answer(bytes: Uint8Array): Promise<void> {
    const request = decodeRequest(bytes);
    if (request === undefined) return; // Nobody could be answered.
    const answer = await this.#clerk(request).catch((error) => refusal(500, messageOf(error)));
    const downstream = sendAnswer(this.#router, answer, request);
    if (downstream !== undefined) this.#answers.push(downstream);
  }
}
