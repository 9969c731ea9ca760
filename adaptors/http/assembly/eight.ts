/**
 * Eight octets at a time, as one little-endian number. Questions are answered by the highest bit of each octet: the lowest one that
 * is set is right, those above it may be too many.
 */

const ONES: u64 = 0x0101010101010101;
const HIGHS: u64 = 0x8080808080808080;

/** Which octets are `octet`. */
export function octetsThatAre(eight: u64, octet: u8): u64 {
  const others = eight ^ (ONES * octet);
  return (others - ONES) & ~others & HIGHS;
}

/** Which octets are below `limit`, 128 at most. */
export function octetsBelow(eight: u64, limit: u8): u64 {
  return (eight - ONES * limit) & ~eight & HIGHS;
}

/** Which octets are not ASCII. */
export function octetsBeyondAscii(eight: u64): u64 {
  return eight & HIGHS;
}

/** How many octets come before the first one of an answer that is not 0. */
export function firstOf(answer: u64): u32 {
  return <u32> (ctz(answer) >> 3);
}
