/** Flows that come and go, one after the other, and one that stays: what a fault elsewhere must leave alone. */

import { ask, pattern } from "./exchange.ts";
import { connect, readInto, writeAll } from "./tcp.ts";

const PAYLOAD = pattern(10_000);
const PAUSE_MS = 20;

/** See the head of the file. */
export class SteadyTraffic implements AsyncDisposable {
  /** Flows that came through unchanged. */
  flows = 0;
  /** What went wrong. */
  readonly failures: string[] = [];
  readonly #running: Promise<unknown>;
  #over = false;

  /** Starts against `port`, behind which there is an echo. */
  constructor(port: number) {
    this.#running = Promise.all([this.#come(port), this.#stay(port)]);
  }

  /** Ends it; resolves when the last flow is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#running;
  }

  async #come(port: number): Promise<void> {
    while (!this.#over) {
      const answer = await ask(port, PAYLOAD).catch((error) => error);
      if (answer.length === PAYLOAD.length) this.flows++;
      else this.failures.push(`new flow: ${answer instanceof Error ? answer.message : `${answer.length} octets`}`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #stay(port: number): Promise<void> {
    const conn = await connect(port);
    const answer = new Uint8Array(PAYLOAD.length);
    while (!this.#over) {
      await writeAll(conn, PAYLOAD).catch((error) => this.failures.push(`open flow: ${error.message}`));
      if (!await readInto(conn, answer)) {
        this.failures.push("open flow: ended");
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    conn.close();
  }
}
