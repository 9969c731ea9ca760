/** ASCII literals as octets: the only text an adaptor makes up itself. */

/** Writes an ASCII literal at `target`; the caller has checked the room. */
export function copyAscii(target: usize, text: string): void {
  const length = <u32> text.length;
  for (let i: u32 = 0; i < length; i++) store<u8>(target + i, codeAt(text, i));
}

/** Whether the octets at `source` are exactly the ASCII literal. */
export function equalsAscii(source: usize, length: u32, text: string): bool {
  if (length != <u32> text.length) return false;
  for (let i: u32 = 0; i < length; i++) {
    if (load<u8>(source + i) != codeAt(text, i)) return false;
  }
  return true;
}

/** Whether the octets at `source` are the ASCII literal, which is in lower case, whatever their case. */
export function equalsIgnoringCase(source: usize, length: u32, lower: string): bool {
  if (length != <u32> lower.length) return false;
  for (let i: u32 = 0; i < length; i++) {
    if (lowerCase(load<u8>(source + i)) != codeAt(lower, i)) return false;
  }
  return true;
}

/** An ASCII letter in lower case; anything else as it is. */
export function lowerCase(octet: u8): u8 {
  return <u8> (octet - 65) < 26 ? octet | 0x20 : octet;
}

/** `charCodeAt` without its bounds check, which would double the size of the loops above. */
function codeAt(text: string, index: u32): u8 {
  return load<u8>(changetype<usize>(text) + (index << 1));
}
