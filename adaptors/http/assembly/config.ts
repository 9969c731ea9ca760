/** Where the adaptor is, as its configuration tells it. */

import { equalsAscii } from "../../sdk/assembly/text";
import { areVisible } from "./chars";

/** Octets of the names of site and routing key. */
const NAME_CAPACITY: u32 = 255;
/** The name of the site. */
export const SITE: usize = memory.data(256, 8);
/** The routing key. */
export const KEY: usize = memory.data(256, 8);
export let siteLength: u32 = 0;
export let keyLength: u32 = 0;
/** Whether the target is spoken to inside TLS. */
export let secure: bool = false;

/**
 * Reads lines of a name, `=` and visible ASCII without quotes, of which those with other names than `site`, `key` and `scheme`
 * mean nothing: false for anything else.
 */
export function configure(source: usize, length: u32): bool {
  let at = source;
  const end = source + length;
  while (at < end) {
    let lineEnd = at;
    while (lineEnd < end && load<u8>(lineEnd) != 0x0a) lineEnd++;
    let equals = at;
    while (equals < lineEnd && load<u8>(equals) != 0x3d) equals++;
    if (equals == lineEnd) return false;
    const value = equals + 1;
    const valueLength = <u32> (lineEnd - value);
    if (valueLength > NAME_CAPACITY || !areVisible(value, valueLength)) return false;
    for (let i = value; i < lineEnd; i++) if (load<u8>(i) == 0x22 || load<u8>(i) == 0x5c) return false;
    const nameLength = <u32> (equals - at);
    if (equalsAscii(at, nameLength, "site")) {
      memory.copy(SITE, value, valueLength);
      siteLength = valueLength;
    } else if (equalsAscii(at, nameLength, "key")) {
      memory.copy(KEY, value, valueLength);
      keyLength = valueLength;
    } else if (equalsAscii(at, nameLength, "scheme")) secure = equalsAscii(value, valueLength, "https");
    at = lineEnd + 1;
  }
  return true;
}
