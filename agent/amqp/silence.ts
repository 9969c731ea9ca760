/**
 * Silence on a connection, clockless: how long the peer may keep it, and when we must break ours (OASIS AMQP 1.0, part
 * 2.4.5).
 */

/** See the head of the file. */
export class Silence {
  /** How long the peer may be silent, in ms. */
  readonly limitMs: number;
  /** Something has come since time passed last. */
  heard = true;
  /** Something was sent since time passed last. */
  sent = true;
  #heardAt = -1;
  #sentAt = -1;

  /** The peer has been told `idleTimeoutMs`, and is given twice that. */
  constructor(idleTimeoutMs: number) {
    this.limitMs = idleTimeoutMs * 2;
  }

  /**
   * Lets time pass; `now` in ms of a monotonic clock, `peerLimitMs` after how much silence of ours the peer counts us as gone, 0
   * for never. Calls `breakOurs` when it is time to send something. Returns when to call again, in ms of the same clock; undefined
   * when the peer has been silent for too long.
   */
  pass(now: number, peerLimitMs: number, breakOurs: () => void): number | undefined {
    if (this.heard || this.#heardAt < 0) this.#heardAt = now;
    if (this.sent || this.#sentAt < 0) this.#sentAt = now;
    this.heard = this.sent = false;
    if (now - this.#heardAt >= this.limitMs) return undefined;
    const heardBy = this.#heardAt + this.limitMs;
    if (peerLimitMs === 0) return heardBy;
    const interval = Math.max(1, peerLimitMs >>> 1);
    if (now - this.#sentAt >= interval) {
      breakOurs();
      this.#sentAt = now;
      this.sent = false;
    }
    return Math.min(heardBy, this.#sentAt + interval);
  }
}
