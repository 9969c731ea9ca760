/** Small helpers to give up on something: signals that leave no listener behind, sockets that leave no handle behind. */

import type { Socket } from "node:net";

/** Calls `callback` when `signal` fires, at once if it has; the answer takes the listener away again. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => {};
  }
  signal.addEventListener("abort", callback, { once: true });
  return () => signal.removeEventListener("abort", callback);
}

/** A signal that follows `parent`, can be fired by hand, and must be released. */
export interface Scope {
  /** Fires with the parent or with {@link Scope.abort}. */
  readonly signal: AbortSignal;
  /** Fires the signal. */
  abort(reason: unknown): void;
  /** Stops following the parent. */
  release(): void;
}

/** Opens a scope below `parent`; `reasonOf` turns the parent's reason into the one that is passed on. */
export function scopeOf(parent: AbortSignal, reasonOf: (reason: unknown) => unknown = (reason) => reason): Scope {
  const controller = new AbortController();
  const release = onAbort(parent, () => controller.abort(reasonOf(parent.reason)));
  return { signal: controller.signal, abort: (reason) => controller.abort(reason), release };
}

/** `promise`, or the reason of `signal` if that comes first; what the promise does later is nobody's business. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(stop);
  });
}

/** Destroys sockets and waits until they are gone; complaints on the way are dropped. */
export async function discard(...sockets: readonly Socket[]): Promise<void> {
  await Promise.all(sockets.map((socket) => {
    if (socket.closed) return undefined;
    return new Promise<void>((resolve) => {
      socket.on("error", () => {});
      socket.once("close", () => resolve());
      socket.destroy();
    });
  }));
}
