/** The end-to-end window of a TCP stream (wire-protocol E.6): fixed by the protocol, the same in every router. */

/** The sender stops reading its socket at this many octets without a report. */
export const WINDOW_OCTETS = 1_042_432;
/**
 * The receiver reports after this many further octets reached its socket. Routers in C wait for half of the window;
 * reporting sooner keeps the sender from running dry while a report is on its way.
 */
export const REPORT_OCTETS = WINDOW_OCTETS / 8;
/** Octets beyond the window that a receiver tolerates: what a peer may have read in one go before it looked. */
export const OVERRUN_OCTETS = 1_048_576;

/** The sending side of one stream. */
export class SendWindow {
  #sent = 0;
  #reported = 0;
  #open = true;

  /** Octets that may be read from the socket now. */
  get allowance(): number {
    return this.#open ? Math.max(0, WINDOW_OCTETS - (this.#sent - this.#reported)) : Infinity;
  }

  /** `octets` were sent. */
  sent(octets: number): void {
    this.#sent += octets;
  }

  /** The receiver reports `total` octets since the start; only growth counts. */
  report(total: number): void {
    if (total > this.#reported) this.#reported = total;
  }

  /** The stream has an outcome: nothing limits it any more. */
  lift(): void {
    this.#open = false;
  }
}

/** The receiving side of one stream. */
export class ReceiveWindow {
  #written = 0;
  #reported = 0;

  /** `total` octets have reached the socket. Returns the total to report now, or 0 for nothing. */
  written(total: number): number {
    this.#written = total;
    if (total - this.#reported < REPORT_OCTETS) return 0;
    this.#reported = total;
    return total;
  }

  /** True when `pending` octets for the socket are more than a peer that keeps to the window can have caused. */
  overrun(pending: number): boolean {
    return pending > WINDOW_OCTETS + OVERRUN_OCTETS;
  }
}
