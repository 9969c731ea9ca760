/**
 * The Huffman code of HPACK (RFC 7541, appendix B). It is canonical: codes of one length are consecutive numbers in the order
 * of their symbols, so the lengths say it all.
 */

const SYMBOLS: u32 = 257;
/** The end of a string; its first bits fill the last octet. */
const END_SYMBOL: u32 = 256;
const MIN_BITS: u32 = 5;
const MAX_BITS: u32 = 30;

/** Bits of the code of each symbol but the last, which has MAX_BITS. */
// deno-fmt-ignore
const BITS: usize = memory.data<u8>([
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
]);
/** Code of each symbol. */
const CODES: usize = memory.data(1028, 8);
/** Symbols in the order of their codes. */
const ORDER: usize = memory.data(514, 8);
/** By bits: the first code, how many there are, and the place of the first symbol in ORDER. */
const FIRST: usize = memory.data(124, 8);
const COUNT: usize = memory.data(124, 8);
const PLACE: usize = memory.data(124, 8);

/** Makes the tables; once, before anything else here. */
export function buildHuffman(): void {
  for (let symbol: u32 = 0; symbol < SYMBOLS; symbol++) countSymbol(bitsOf(symbol));
  let code: u32 = 0;
  let place: u32 = 0;
  for (let bits = MIN_BITS; bits <= MAX_BITS; bits++) {
    const count = load<u32>(COUNT + (bits << 2));
    store<u32>(FIRST + (bits << 2), code);
    store<u32>(PLACE + (bits << 2), place);
    place += count;
    code = (code + count) << 1;
    store<u32>(COUNT + (bits << 2), 0);
  }
  // Counted once more, which says where each symbol stands among those of its length.
  for (let symbol: u32 = 0; symbol < SYMBOLS; symbol++) {
    const bits = bitsOf(symbol);
    const among = countSymbol(bits);
    store<u32>(CODES + (symbol << 2), load<u32>(FIRST + (bits << 2)) + among);
    store<u16>(ORDER + ((load<u32>(PLACE + (bits << 2)) + among) << 1), <u16> symbol);
  }
}

/** One symbol more has a code of so many bits: how many had one before. */
function countSymbol(bits: u32): u32 {
  const at = COUNT + (bits << 2);
  const count = load<u32>(at);
  store<u32>(at, count + 1);
  return count;
}

/** Decodes into `target`, which has room for `capacity` octets: how many there are, or -1 for what is no such code. */
export function decodeHuffman(source: usize, length: u32, target: usize, capacity: u32): i32 {
  const end = source + length;
  let held: u64 = 0;
  let bits: u32 = 0;
  let written: u32 = 0;
  while (true) {
    while (bits <= 56 && source < end) {
      held = (held << 8) | load<u8>(source++);
      bits += 8;
    }
    let width = MIN_BITS;
    let symbol: u32 = SYMBOLS;
    for (; width <= min(bits, MAX_BITS); width++) {
      const offset = (<u32> (held >> (bits - width)) & ((1 << width) - 1)) - load<u32>(FIRST + (width << 2));
      if (offset >= load<u32>(COUNT + (width << 2))) continue;
      symbol = load<u16>(ORDER + ((load<u32>(PLACE + (width << 2)) + offset) << 1));
      break;
    }
    // What is left is the beginning of the end symbol, all ones, and less than an octet.
    if (symbol == SYMBOLS) {
      const rest: u64 = (<u64> 1 << bits) - 1;
      return bits < 8 && source == end && (held & rest) == rest ? <i32> written : -1;
    }
    if (symbol == END_SYMBOL || written == capacity) return -1;
    store<u8>(target + written++, <u8> symbol);
    bits -= width;
  }
}

/** Octets that the encoding takes. */
export function huffmanLength(source: usize, length: u32): u32 {
  let bits: u32 = 7;
  for (let i: u32 = 0; i < length; i++) bits += load<u8>(BITS + load<u8>(source + i));
  return bits >>> 3;
}

/** Encodes to `target`, where there is room. */
export function encodeHuffman(source: usize, length: u32, target: usize): void {
  let held: u64 = 0;
  let bits: u32 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const symbol = <u32> load<u8>(source + i);
    const width = bitsOf(symbol);
    held = (held << width) | load<u32>(CODES + (symbol << 2));
    bits += width;
    for (; bits >= 8; bits -= 8) store<u8>(target++, <u8> (held >> (bits - 8)));
  }
  if (bits > 0) store<u8>(target, <u8> (held << (8 - bits)) | <u8> (<u32> 0xff >> bits));
}

function bitsOf(symbol: u32): u32 {
  return symbol == END_SYMBOL ? MAX_BITS : load<u8>(BITS + symbol);
}
