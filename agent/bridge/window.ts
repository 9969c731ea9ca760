/**
 * The end-to-end window of a TCP stream (wire-protocol E.6) or of a body of HTTP: the same in every router, and more where
 * the receiver permits it (`docs/decisions/0014-windows-that-grow.md`).
 */

/** The sender stops reading its socket at this many octets without a report. */
export const WINDOW_OCTETS = 1_042_432;
/** What a receiver of ours permits in its place, at most. */
export const LARGEST_WINDOW_OCTETS = 4 * WINDOW_OCTETS;
/** What a fast stream may have on a short way. */
export const FAST_WINDOW_OCTETS = 2 * WINDOW_OCTETS;
/**
 * A fast stream has room for what it sends in so many ms: each program on the way runs for some ms when its turn comes, and
 * should find so much to do.
 */
const TURNS_MS = 40;
/**
 * The receiver reports after this many further octets reached its socket. Routers in C wait for half of the window;
 * reporting sooner keeps the sender from running dry while a report is on its way.
 */
export const REPORT_OCTETS = WINDOW_OCTETS / 8;
/** Octets beyond the window that a receiver tolerates: what a peer may have read in one go before it looked. */
export const OVERRUN_OCTETS = 1_048_576;

/** The sending side of one stream. */
export class SendWindow {
  readonly #now: () => number;
  #sent = 0;
  #reported = 0;
  #open = true;
  /** Octets that may be unreported now, and ever. */
  #size = WINDOW_OCTETS;
  #largest = WINDOW_OCTETS;
  /** The round trip that is being measured: it ends with a report of so many octets, or is none if that is 0. */
  #tripEnd = 0;
  #tripSince = 0;
  /** What was reported when it began. */
  #tripFrom = 0;
  #shortestMs = Infinity;

  /** The window of the protocol, until the receiver permits more; `now` tells the time in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Octets that may be read from the socket now. */
  get allowance(): number {
    return this.#open ? Math.max(0, this.#size - (this.#sent - this.#reported)) : Infinity;
  }

  /** The receiver takes a window of so many octets. */
  permit(octets: number): void {
    this.#largest = Math.max(WINDOW_OCTETS, Math.min(octets, LARGEST_WINDOW_OCTETS));
    this.#size = Math.min(this.#size, this.#largest);
  }

  /** `octets` were sent. */
  sent(octets: number): void {
    this.#sent += octets;
    const unreported = this.#sent - this.#reported;
    if (unreported < REPORT_OCTETS) {
      // No report can be due: a trip would say how long nobody had more to send.
      this.#tripEnd = 0;
      return;
    }
    if (this.#tripEnd > 0 && unreported - octets >= REPORT_OCTETS) return;
    this.#tripEnd = this.#sent;
    this.#tripFrom = this.#reported;
    this.#tripSince = this.#now();
  }

  /** The receiver reports `total` octets since the start; only growth counts. */
  report(total: number): void {
    if (total <= this.#reported) return;
    this.#reported = total;
    if (this.#tripEnd > 0 && total >= this.#tripEnd) this.#resize(this.#now());
  }

  /** The stream has an outcome: nothing limits it any more. */
  lift(): void {
    this.#open = false;
  }

  /**
   * What is under way at the speed that there is, without waiting anywhere, and as much again, so that it can become faster.
   * Where octets wait on the way round trips take longer, but not the shortest one: then it stays as it is, unless others
   * made them wait from the beginning. A receiver that is slow has a window that is small.
   */
  #resize(now: number): void {
    const ms = Math.max(now - this.#tripSince, 0.1);
    this.#shortestMs = Math.min(this.#shortestMs, ms);
    const perMs = (this.#reported - this.#tripFrom) / ms;
    const underWay = perMs * this.#shortestMs * 2;
    const inTurns = Math.min(perMs * TURNS_MS, FAST_WINDOW_OCTETS);
    this.#size = Math.max(WINDOW_OCTETS, Math.min(Math.floor(Math.max(underWay, inTurns)), this.#largest));
    this.#tripEnd = 0;
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
    return pending > LARGEST_WINDOW_OCTETS + OVERRUN_OCTETS;
  }
}
