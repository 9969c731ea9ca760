/** What time it is, as far as the host has told: good enough for limits of whole seconds. */

/** In ms; 0 before the host's first tick. */
export let now: f64 = 0;
let since: f64 = 0;

/** The host says that it is `time`. */
export function setClock(time: f64): void {
  if (now == 0) since = time;
  now = time;
}

/** Waiting begins, for whatever the connection waits for next. */
export function startWaiting(): void {
  since = now;
}

/** Whether the wait has taken longer than `ms`. */
export function waitedOver(ms: f64): bool {
  return now - since > ms;
}
