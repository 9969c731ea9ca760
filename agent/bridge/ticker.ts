/** Lets connections know the time about every second, all of them by one timer that exists only while they do. */

/** How often, in ms. */
const TICK_MS = 1000;

/** What is told the time. */
export interface Ticked {
  /** It is `now`, in ms of a monotonic clock. */
  tick(now: number): void;
}

/** See the head of the file. */
export class Ticker {
  readonly #members = new Set<Ticked>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Tells `member` now, and from now on. */
  add(member: Ticked): void {
    this.#members.add(member);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    member.tick(performance.now());
  }

  /** Tells `member` no more. */
  delete(member: Ticked): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = performance.now();
    for (const member of [...this.#members]) member.tick(now);
  }
}
