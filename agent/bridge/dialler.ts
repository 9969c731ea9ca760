/**
 * Connects to targets within a time limit. All dials under way share one timer: one of its own for each would cost a
 * short connection more than its dial, and V8's table of timers would keep dead connections alive (see NumberMap).
 */

import { NumberMap } from "../lib/number_map.ts";

/** How often dials are looked at, in ms: by so much a time-out may be late. */
const LOOK_MS = 1000;

interface Dial {
  readonly startedAt: number;
  readonly giveUp: (reason: string) => void;
}

/** See the head of the file. */
export class Dialler {
  readonly #limitMs: number;
  readonly #dials = new NumberMap<Dial>();
  #last = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Gives up on targets that do not answer within `limitMs`. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Connects to `hostname`; rejects with the system's error, or when the time is over. */
  dial(hostname: string, port: number): Promise<Deno.TcpConn> {
    const number = this.#last = (this.#last + 1) >>> 0;
    const attempt = new AbortController();
    return new Promise((resolve, reject) => {
      this.#dials.set(number, {
        startedAt: performance.now(),
        giveUp: (reason) => {
          reject(new Error(reason));
          attempt.abort();
        },
      });
      this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
      Deno.connect({ hostname, port, signal: attempt.signal }).then((conn) => {
        if (this.#dials.delete(number)) resolve(conn);
        else conn.close(); // Too late.
      }, (error) => {
        if (this.#dials.delete(number)) reject(error);
      });
    });
  }

  /** Gives up on all dials. */
  stop(): void {
    for (const number of this.#dials.keys()) this.#giveUp(number, "the site is stopping");
    this.#look();
  }

  #look(): void {
    if (this.#dials.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const latest = performance.now() - this.#limitMs;
    for (const number of this.#dials.keys()) {
      if (this.#dials.get(number)!.startedAt <= latest) this.#giveUp(number, `no answer within ${this.#limitMs} ms`);
    }
  }

  #giveUp(number: number, reason: string): void {
    const dial = this.#dials.get(number)!;
    this.#dials.delete(number);
    dial.giveUp(reason);
  }
}
