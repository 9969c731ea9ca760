/**
 * Reads header blocks (RFC 7541). Every field of a block is read, wanted or not, since the next block depends on the table; what
 * becomes of them is `takeField`'s affair.
 */

import {
  dynamicName,
  dynamicNameLength,
  DynamicTable,
  dynamicValue,
  dynamicValueLength,
  TABLE_OCTETS,
} from "./dynamic_table";
import { isFlood, takeField } from "./field_list";
import { decodeHuffman } from "./huffman";
import {
  locateStatic,
  STATIC_ENTRIES,
  staticName,
  staticNameLength,
  staticValue,
  staticValueLength,
} from "./static_table";

/** Largest header block, in octets; a Huffman code has at least five bits, so a string of it has at most 8/5 of that. */
export const BLOCK_OCTETS: u32 = 24576;
const STRING_OCTETS: u32 = 39424;
const NAME: usize = memory.data(39424, 8);
const VALUE: usize = memory.data(39424, 8);

const STORAGE: usize = memory.data(8192, 8);
const LIST: usize = memory.data(2048, 8);

let table: DynamicTable = changetype<DynamicTable>(0);
let at: usize = 0;
let end: usize = 0;
let failed: bool = false;
let text: usize = 0;
let textLength: u32 = 0;

/** Starts with an empty table. */
export function openDecoder(): void {
  table = new DynamicTable(STORAGE, LIST);
}

/** Reads a whole header block, unless it is a flood, and hands its fields to `takeField`; false for one that can't be read. */
export function decodeBlock(source: usize, length: u32): bool {
  at = source;
  end = source + length;
  failed = false;
  let mayResize = true;
  while (at < end && !failed && !isFlood()) {
    const octet = load<u8>(at);
    if ((octet & 0xe0) == 0x20) {
      // Sizes change before the first field, or not at all.
      const limit = readInteger(5);
      if (!mayResize || limit > TABLE_OCTETS) return false;
      if (!failed) table.resize(limit);
      continue;
    }
    mayResize = false;
    if ((octet & 0x80) != 0) readIndexed();
    else if ((octet & 0x40) != 0) readLiteral(6, true);
    else readLiteral(4, false);
  }
  return !failed;
}

function readIndexed(): void {
  const index = readInteger(7);
  if (!locate(index)) return;
  if (index <= STATIC_ENTRIES) takeField(staticName, staticNameLength, staticValue, staticValueLength);
  else takeField(dynamicName, dynamicNameLength, dynamicValue, dynamicValueLength);
}

function readLiteral(prefix: u32, indexing: bool): void {
  const index = readInteger(prefix);
  let name: usize = NAME;
  let nameLength: u32 = 0;
  if (index == 0) {
    readText(NAME);
    name = text;
    nameLength = textLength;
  } else {
    if (!locate(index)) return;
    if (index <= STATIC_ENTRIES) {
      name = staticName;
      nameLength = staticNameLength;
    } else {
      // The entry may have to go before the new one comes.
      memory.copy(NAME, dynamicName, dynamicNameLength);
      nameLength = dynamicNameLength;
    }
  }
  readText(VALUE);
  if (failed) return;
  takeField(name, nameLength, text, textLength);
  if (indexing) table.add(name, nameLength, text, textLength);
}

function locate(index: u32): bool {
  if (failed || index == 0 || index > STATIC_ENTRIES + table.count) {
    failed = true;
    return false;
  }
  if (index <= STATIC_ENTRIES) locateStatic(index);
  else table.locate(index - STATIC_ENTRIES - 1);
  return true;
}

/** A string: where it is, or where it was decoded to. */
function readText(target: usize): void {
  if (at >= end) {
    failed = true;
    return;
  }
  const isHuffman = (load<u8>(at) & 0x80) != 0;
  const length = readInteger(7);
  if (failed || length > <u32> (end - at)) {
    failed = true;
    return;
  }
  text = at;
  textLength = length;
  at += length;
  if (!isHuffman) return;
  const decoded = decodeHuffman(text, length, target, STRING_OCTETS);
  if (decoded < 0) failed = true;
  text = target;
  textLength = decoded;
}

/** An integer with a prefix of so many bits; none that is of use here has more than 28. */
function readInteger(prefix: u32): u32 {
  const mask: u32 = (1 << prefix) - 1;
  let value = <u32> load<u8>(at++) & mask;
  if (value < mask) return value;
  for (let shift: u32 = 0; at < end && shift <= 21; shift += 7) {
    const octet = <u32> load<u8>(at++);
    value += (octet & 0x7f) << shift;
    if ((octet & 0x80) == 0) return value;
  }
  failed = true;
  return 0;
}
