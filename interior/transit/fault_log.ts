/**
 * Says what a neighbour does wrong, but not each time: one that misbehaves may do so thousands of times a second. The
 * first fault of a kind is told at once, the next ones after ten seconds at the earliest, with their number.
 */

import type { Clock } from "../../agent/lib/clock.ts";
import type { Logger } from "../../agent/telemetry/log.ts";

/** Time between two lines about the same, in ms. */
const QUIET_MS = 10_000;

/** Why a routing message was ignored. */
export interface ControlFault {
  /** Stable code. */
  readonly code: "ROUTER_CONTROL_MALFORMED" | "ROUTER_HELLO_FORGED" | "ROUTER_ORIGIN_FORGED";
  /** What is wrong. */
  readonly reason: string;
}

/** See the head of the file. */
export class FaultLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #told = new Map<string, { at: number; untold: number }>();

  /** Nothing was wrong yet. */
  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** The neighbour `peer` has sent a message that is ignored. */
  tell(peer: string, { code, reason }: ControlFault): void {
    const now = this.#clock.now();
    const last = this.#told.get(code);
    if (last !== undefined && now - last.at < QUIET_MS) {
      last.untold++;
      return;
    }
    const more = last === undefined || last.untold === 0 ? {} : { before: last.untold };
    this.#told.set(code, { at: now, untold: 0 });
    this.#logger.warn("routing message ignored", { peer, code, reason, ...more });
  }
}
