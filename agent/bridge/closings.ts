/**
 * Why connections failed, for the log: once at once, and then, for as long as the same goes on, once in some seconds with the
 * number of those that failed meanwhile. A plugin that is quarantined refuses as many clients as come.
 */

import type { Logger } from "../telemetry/log.ts";

/** Time in which the same reason is not said again, in ms. */
const SILENCE_MS = 5000;
/** Reasons that are known at a time. */
const MAX_REASONS = 16;

/** See the head of the file. */
export class Closings {
  readonly #logger: Logger;
  readonly #fields: Readonly<Record<string, string>>;
  readonly #now: () => number;
  /** When each reason was said last, and how often it has been the reason since. */
  readonly #said = new Map<string, { readonly at: number; more: number }>();

  /** Says it to `logger` with `fields`; `now` is a clock in ms that never goes back. */
  constructor(logger: Logger, fields: Readonly<Record<string, string>>, now: () => number) {
    this.#logger = logger;
    this.#fields = fields;
    this.#now = now;
  }

  /** A connection has failed. */
  failed(reason: string): void {
    const at = this.#now();
    const last = this.#said.get(reason);
    if (last !== undefined && at - last.at < SILENCE_MS) {
      last.more++;
      return;
    }
    // The one that was said longest ago makes room.
    this.#said.delete(reason);
    if (this.#said.size === MAX_REASONS) this.#said.delete(this.#said.keys().next().value!);
    this.#said.set(reason, { at, more: 0 });
    const connections = (last?.more ?? 0) + 1;
    this.#logger.warn("connection closed", {
      ...this.#fields,
      reason,
      ...(connections > 1 ? { connections } : {}),
    });
  }
}
