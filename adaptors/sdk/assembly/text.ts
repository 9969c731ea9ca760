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

/** `charCodeAt` without its bounds check, which would double the size of the loops above. */
function codeAt(text: string, index: u32): u8 {
  return load<u8>(changetype<usize>(text) + (index << 1));
}
