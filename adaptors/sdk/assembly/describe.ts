/** Answers the `describe` export. */

import { OUTPUT } from "./buffers";
import { copyAscii } from "./text";

/** Puts an ASCII JSON literal into the output buffer and returns its address (upper 32 bits) and length (lower 32). */
export function describeAs(json: string): i64 {
  copyAscii(OUTPUT, json);
  return (<i64> OUTPUT << 32) | <i64> json.length;
}
