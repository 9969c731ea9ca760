/**
 * Time, as everything that waits is given it: the real one, or one that a simulation turns by hand.
 */

/** A source of time. */
export interface Clock {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Calls `action` once, in `ms` milliseconds; the result cancels that. */
  after(ms: number, action: () => void): () => void;
  /** Calls `action` when the current turn is over, before any time passes. */
  soon(action: () => void): void;
}

/** Real time. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
  soon: (action) => queueMicrotask(action),
};

/** Calls `action` every `ms` milliseconds until the result is called. */
export function every(clock: Clock, ms: number, action: () => void): () => void {
  let cancel = () => {};
  const arm = () => {
    cancel = clock.after(ms, () => {
      arm();
      action();
    });
  };
  arm();
  return () => cancel();
}

/** Resolves in `ms` milliseconds, or as soon as `signal` is aborted. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
