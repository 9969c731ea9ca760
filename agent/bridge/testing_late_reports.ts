/** A receiver of a stream that reports 20 ms late what it has got, as one that is far away: how much is ahead of its reports? */

import type { Downstream, Upstream } from "../router/flow.ts";

const LATE_MS = 20;

/** See the head of the file. */
export class LateReports implements Downstream {
  readonly pending = 0;
  /** Octets so far. */
  received = 0;
  /** Octets that were ahead of the reports, at most. */
  most = 0;
  readonly #upstream: Upstream;
  #reported = 0;
  #timers = new Set<ReturnType<typeof setTimeout>>();

  /** Reports to `upstream`. */
  constructor(upstream: Upstream) {
    this.#upstream = upstream;
  }

  write(piece: Uint8Array): void {
    const total = this.received += piece.length;
    this.most = Math.max(this.most, total - this.#reported);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#reported = total;
      this.#upstream.consumerState({ kind: "received", sectionNumber: 0, sectionOffset: BigInt(total) }, false);
    }, LATE_MS);
    this.#timers.add(timer);
  }

  /** Reports nothing more. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  end(): void {}

  abort(): void {}

  producerSettled(): void {}
}

/** `head` as a router writes it that says nothing of windows. */
export function withoutWindow(head: Uint8Array): Uint8Array {
  head[new TextDecoder("latin1").decode(head).indexOf(":window")] = 0x2e;
  return head;
}
