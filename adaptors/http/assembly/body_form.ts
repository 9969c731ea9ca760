/** How long the body of a message is (RFC 9112, 6.3). */

import { chunked, contentLength } from "./fields";

export const BODY_NONE: u8 = 0;
export const BODY_LENGTH: u8 = 1;
export const BODY_CHUNKED: u8 = 2;
/** To the end of the connection, or of the stream. */
export const BODY_TO_END: u8 = 3;

/** The form of a request's body, by the fields that were noted. */
export function formOfRequest(): u8 {
  return chunked ? BODY_CHUNKED : contentLength > 0 ? BODY_LENGTH : BODY_NONE;
}

/** The same of a response; `isHead` says that it answers HEAD. */
export function formOfResponse(isHead: bool, status: u32): u8 {
  if (hasNoBody(isHead, status)) return BODY_NONE;
  return chunked ? BODY_CHUNKED : contentLength >= 0 ? BODY_LENGTH : BODY_TO_END;
}

/** Whether a response has no body, whatever its fields say. */
export function hasNoBody(isHead: bool, status: u32): bool {
  return isHead || status == 204 || status == 304;
}
