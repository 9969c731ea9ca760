/** One message to several consumers at once (wire-protocol F.3, F.6): the slowest sets the pace, the outcomes merge. */

import type { DeliveryState } from "../amqp/codec/types.ts";
import type { Consumer, Downstream, Message, Upstream } from "./flow.ts";

/** The better word wins: rejected says most, released least. */
const RANK: Readonly<Record<string, number>> = { rejected: 4, accepted: 3, modified: 2, released: 1 };

/** Delivers `message` to all of `consumers`. */
export function fanOut(consumers: readonly Consumer[], message: Message, upstream: Upstream): Downstream {
  return new FanOut(consumers, message, upstream);
}

class FanOut implements Downstream {
  readonly #branches: Downstream[] = [];
  readonly #upstream: Upstream;
  #open: number;
  #merged: DeliveryState | undefined;

  constructor(consumers: readonly Consumer[], message: Message, upstream: Upstream) {
    this.#upstream = upstream;
    this.#open = consumers.length;
    consumers.forEach((consumer, at) => {
      let settled = false;
      this.#branches.push(consumer.deliver(message, {
        drained: () => upstream.drained(this.pending),
        consumerState: (state, last) => {
          // Window reports of one branch say nothing about the others; an outcome counts, settled or not.
          if (settled || !last && rank(state) === 0) return;
          settled = true;
          if (!last) this.#branches[at].producerSettled(state);
          this.#merge(state);
        },
      }));
    });
  }

  get pending(): number {
    let most = 0;
    for (const branch of this.#branches) most = Math.max(most, branch.pending);
    return most;
  }

  write(piece: Uint8Array): void {
    for (const branch of this.#branches) branch.write(piece);
  }

  end(): void {
    for (const branch of this.#branches) branch.end();
  }

  abort(): void {
    for (const branch of this.#branches) branch.abort();
  }

  producerSettled(state: DeliveryState | undefined): void {
    for (const branch of this.#branches) branch.producerSettled(state);
  }

  #merge(state: DeliveryState | undefined): void {
    if (rank(state) > rank(this.#merged)) this.#merged = state;
    if (--this.#open === 0) this.#upstream.consumerState(this.#merged, true);
    // It may have been the slowest: the others have nothing waiting that would let the producer go on.
    else this.#upstream.drained(this.pending);
  }
}

function rank(state: DeliveryState | undefined): number {
  return state === undefined ? 0 : RANK[state.kind] ?? 0;
}
