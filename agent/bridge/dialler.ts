/** Connects to targets within a time limit. */

import { SYSTEM_CLOCK } from "../lib/clock.ts";
import { TimeLimit } from "../lib/time_limit.ts";

/** See the head of the file. */
export class Dialler {
  readonly #limitMs: number;
  readonly #limit: TimeLimit;
  #stopped = false;

  /** Gives up on targets that do not answer within `limitMs`. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.#limit = new TimeLimit(SYSTEM_CLOCK, limitMs);
  }

  /** Connects to `hostname`; rejects with the system's error, or when the time is over. */
  dial(hostname: string, port: number): Promise<Deno.TcpConn> {
    const attempt = new AbortController();
    return new Promise((resolve, reject) => {
      const number = this.#limit.begin(() => {
        reject(new Error(this.#stopped ? "the site is stopping" : `no answer within ${this.#limitMs} ms`));
        attempt.abort();
      });
      Deno.connect({ hostname, port, signal: attempt.signal }).then((conn) => {
        if (this.#limit.end(number)) resolve(conn);
        else conn.close(); // Too late.
      }, (error) => {
        if (this.#limit.end(number)) reject(error);
      });
    });
  }

  /** Gives up on all dials. */
  stop(): void {
    this.#stopped = true;
    this.#limit.stop();
  }
}
