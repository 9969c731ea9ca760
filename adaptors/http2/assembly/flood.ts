/**
 * Budgets for what costs a peer nothing and us something: each is used up by what it bounds, and comes back with time, or with work
 * that was done for the peer. A peer that runs out of one is told to calm down.
 */

/**
 * Streams that the peer may cancel, or make us cancel, at once; and each second (rapid reset). One more for each that is
 * answered: a client that gives up half of what it asks for, as some do by their deadlines, does not flood.
 */
const RESETS: f64 = 200;
const RESETS_PER_SECOND: f64 = 20;
/** Frames that carry no part of a message: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, unknown ones. */
const CONTROLS: f64 = 2000;
const CONTROLS_PER_SECOND: f64 = 200;
/** Frames that a request gives beside; and octets sent that give one more, since they have to be granted. */
const CONTROLS_PER_REQUEST: f64 = 8;
const OCTETS_PER_CONTROL: f64 = 1024;

let resets: f64 = RESETS;
let controls: f64 = CONTROLS;
let last: f64 = 0;

/** A stream was cancelled; false when that was too often. */
export function spendReset(): bool {
  return --resets >= 0;
}

/** A frame of control came; false when there were too many. */
export function spendControl(): bool {
  return --controls >= 0;
}

/** A request has begun. */
export function earnRequest(): void {
  controls = min(CONTROLS, controls + CONTROLS_PER_REQUEST);
}

/** A request was answered completely. */
export function earnAnswer(): void {
  resets = min(RESETS, resets + 1);
}

/** A frame with octets of a body was sent; `cut` short by a window, it is worth its octets alone, for the peer may open it by one. */
export function earnFrame(octets: u32, cut: bool): void {
  controls = min(CONTROLS, controls + (cut ? 0 : 1) + <f64> octets / OCTETS_PER_CONTROL);
}

/** Time has passed; `now` in ms. */
export function refill(now: f64): void {
  if (last > 0) {
    const seconds = (now - last) / 1000;
    resets = min(RESETS, resets + seconds * RESETS_PER_SECOND);
    controls = min(CONTROLS, controls + seconds * CONTROLS_PER_SECOND);
  }
  last = now;
}
