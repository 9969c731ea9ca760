/** When a request is given up, and when it may be sent again (RFC 9110, 9.2.2). */

import { ABORT_REJECTED, ABORT_RELEASED } from "../../sdk/assembly/constants";
import { equalsAscii } from "../../sdk/assembly/text";

/** How long a server may take to begin its response, in ms. */
export const SERVER_MS: f64 = 300_000;
/** How long the network may take to begin an answer: a little longer than the other end waits for its server. */
export const NETWORK_MS: f64 = 310_000;
/** How long a client may be silent between requests. */
export const SILENCE_MS: f64 = 75_000;
/** How long a client may take for a part of a request's body while nothing of an answer has begun. */
export const BODY_MS: f64 = 300_000;
/** How often one request is sent, if nobody has answered it. */
export const MAX_ATTEMPTS: u32 = 4;

/** Whether doing it twice is like doing it once. */
export function isIdempotentMethod(method: usize, length: u32): bool {
  return equalsAscii(method, length, "GET") || equalsAscii(method, length, "HEAD") ||
    equalsAscii(method, length, "PUT") || equalsAscii(method, length, "DELETE") ||
    equalsAscii(method, length, "OPTIONS") || equalsAscii(method, length, "TRACE");
}

/** Whether a request that was given up with the flags `why` after so many attempts does no harm when it is sent again. */
export function mayGoAgain(why: u8, isIdempotent: bool, attempts: u32): bool {
  return attempts < MAX_ATTEMPTS && (why == ABORT_RELEASED || (why != ABORT_REJECTED && isIdempotent));
}

/** The status with which a client is told of a request that was given up with the flags `why`. */
export function statusOfLoss(why: u8): u32 {
  return why == ABORT_RELEASED ? 503 : 502;
}

/** The same as a type of RFC 9209, section 2.3. */
export function errorOfLoss(why: u8): string {
  if (why == ABORT_RELEASED) return "destination_unavailable";
  return why == ABORT_REJECTED ? "proxy_internal_response" : "connection_terminated";
}

/** The same in words. */
export function wordsOfLoss(why: u8): string {
  if (why == ABORT_RELEASED) return "no site could take the request";
  return why == ABORT_REJECTED ? "the other end refused the request" : "the way to the server was lost";
}
