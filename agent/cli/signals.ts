/** The process's stop signals as a queue: the first asks for an orderly end, the second for an end at once. */

import { EXIT } from "./exit_codes.ts";

/** The signals that end a foreground command. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGBREAK" | "SIGHUP";

/** Where a command learns that it should stop. */
export interface StopSignals {
  /** The next signal that was not taken yet; pending until one comes. One caller at a time. */
  next(): Promise<StopSignal>;
}

/** Listens to the process's stop signals until disposed; meanwhile they no longer kill it. */
export class ProcessSignals implements StopSignals, Disposable {
  readonly #waiting: StopSignal[] = [];
  #wake: ((signal: StopSignal) => void) | undefined;
  readonly #handlers = new Map<StopSignal, () => void>();

  /**
   * Starts to listen; Windows has no SIGTERM, its Ctrl-Break stands in. `hangup`: the end of the terminal counts, too,
   * which leaves `nohup` without effect.
   */
  constructor(hangup = false) {
    const signals: StopSignal[] = ["SIGINT", Deno.build.os === "windows" ? "SIGBREAK" : "SIGTERM"];
    if (hangup) signals.push("SIGHUP");
    for (const signal of signals) {
      const handler = () => this.#take(signal);
      this.#handlers.set(signal, handler);
      Deno.addSignalListener(signal, handler);
    }
  }

  /** See {@link StopSignals.next}. */
  next(): Promise<StopSignal> {
    const first = this.#waiting.shift();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve) => this.#wake = resolve);
  }

  /** Gives the signals back to the system. */
  [Symbol.dispose](): void {
    for (const [signal, handler] of this.#handlers) Deno.removeSignalListener(signal, handler);
    this.#handlers.clear();
  }

  #take(signal: StopSignal): void {
    if (this.#wake === undefined) {
      this.#waiting.push(signal);
      return;
    }
    this.#wake(signal);
    this.#wake = undefined;
  }
}

/** The exit code of a process that `signal` ended at once. */
export function exitCodeOfSignal(signal: StopSignal): number {
  if (signal === "SIGHUP") return EXIT.hungUp;
  return signal === "SIGTERM" ? EXIT.terminated : EXIT.interrupted;
}
