/** New flows of all pairs of a mesh, all the time, and what failed: to see what a change costs those who use it. */

import type { Mesh } from "./mesh.ts";
import { flows } from "./mesh_checks.ts";

const PAUSE_MS = 100;
/** A flow may have to wait for its way; one that takes longer has failed. */
const LIMIT_MS = 5000;

/** See the head of the file. */
export class Load implements AsyncDisposable {
  /** What failed, and when it began. */
  readonly failures: { readonly pair: string; readonly at: number }[] = [];
  /** Flows that came through. */
  flows = 0;
  readonly #running: Promise<unknown>;
  #over = false;

  /** Starts. */
  constructor(mesh: Mesh) {
    this.#running = Promise.all(mesh.pairs.map(async (pair) => {
      while (!this.#over) {
        const at = performance.now();
        if (await flows(pair, LIMIT_MS)) this.flows++;
        else this.failures.push({ pair: `${pair.from} to ${pair.to}`, at });
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }));
  }

  /** What failed and began after `at`, as `performance.now()` counts. */
  failedSince(at: number): string[] {
    return this.failures.filter((failure) => failure.at > at).map(({ pair, at: when }) =>
      `${pair} after ${when - at} ms`
    );
  }

  /** Ends it; resolves when the last flow is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#running;
  }
}
