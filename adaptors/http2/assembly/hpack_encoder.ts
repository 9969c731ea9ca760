/**
 * Writes header blocks (RFC 7541). Fields that repeat go into the dynamic table; those with secrets never do, since one connection
 * to a server carries the requests of many clients, and lengths would tell (7.1 there).
 */

import { equalsAscii } from "../../sdk/assembly/text";
import { dynamicName, dynamicNameLength, DynamicTable, dynamicValue, dynamicValueLength } from "./dynamic_table";
import { encodeHuffman, huffmanLength } from "./huffman";
import { findStaticName, findStaticValue, STATIC_ENTRIES } from "./static_table";

const STORAGE: usize = memory.data(8192, 8);
const LIST: usize = memory.data(2048, 8);

/** The block that is being written. */
export const BLOCK: usize = memory.data(30720, 8);
const BLOCK_CAPACITY: u32 = 30720;
/** Octets that integers of a field take at most. */
const MARGIN: u32 = 24;

const INDEXED: u32 = 0x80;
const INDEXING: u32 = 0x40;
const RESIZE: u32 = 0x20;
const NEVER_INDEXED: u32 = 0x10;
const NOT_INDEXED: u32 = 0x00;

let table: DynamicTable = changetype<DynamicTable>(0);
let cursor: usize = BLOCK;
let overflow: bool = false;
/** The peer's limit has changed: the smallest it was since the last block, and what it is. */
let resized: bool = false;
let smallest: u32 = 0;
let wanted: u32 = 0;

/** Starts with an empty table. */
export function openEncoder(): void {
  table = new DynamicTable(STORAGE, LIST);
  wanted = table.capacity;
}

/** The peer takes a table of `limit` octets; it may be less than TABLE_OCTETS, and is not used beyond. */
export function limitTable(limit: u32): void {
  smallest = resized ? min(smallest, limit) : limit;
  wanted = limit;
  resized = true;
}

/** Starts a block. */
export function startBlock(): void {
  cursor = BLOCK;
  overflow = false;
  if (!resized) return;
  resized = false;
  if (smallest < wanted) resize(smallest);
  resize(wanted);
}

/** Octets of the block, or 0 if it got too large. The table is then no longer the peer's: the connection has to end. */
export function blockLength(): u32 {
  return overflow ? 0 : <u32> (cursor - BLOCK);
}

/** Adds a field. */
export function encodeField(name: usize, nameLength: u32, value: usize, valueLength: u32): void {
  if (overflow || <u32> (cursor - BLOCK) + nameLength + valueLength + MARGIN > BLOCK_CAPACITY) {
    overflow = true;
    return;
  }
  const first = findStaticName(name, nameLength);
  if (first > 0) {
    const index = findStaticValue(first, value, valueLength);
    if (index > 0) return putInteger(INDEXED, 7, index);
  }
  if (isSecret(name, nameLength)) return putLiteral(NEVER_INDEXED, 4, first, name, nameLength, value, valueLength);
  if (isUnique(name, nameLength)) return putLiteral(NOT_INDEXED, 4, first, name, nameLength, value, valueLength);
  let sameName: u32 = first;
  for (let index: u32 = 0; index < table.count; index++) {
    table.locate(index);
    if (dynamicNameLength != nameLength || memory.compare(dynamicName, name, nameLength) != 0) continue;
    if (dynamicValueLength == valueLength && memory.compare(dynamicValue, value, valueLength) == 0) {
      return putInteger(INDEXED, 7, STATIC_ENTRIES + 1 + index);
    }
    if (sameName == 0) sameName = STATIC_ENTRIES + 1 + index;
  }
  putLiteral(INDEXING, 6, sameName, name, nameLength, value, valueLength);
  table.add(name, nameLength, value, valueLength);
}

function resize(limit: u32): void {
  table.resize(limit);
  putInteger(RESIZE, 5, limit);
}

function isSecret(name: usize, length: u32): bool {
  switch (length) {
    case 6:
      return equalsAscii(name, length, "cookie");
    case 10:
      return equalsAscii(name, length, "set-cookie");
    case 13:
      return equalsAscii(name, length, "authorization");
    case 19:
      return equalsAscii(name, length, "proxy-authorization");
    default:
      return false;
  }
}

/** Whether a value is rarely the same twice. */
function isUnique(name: usize, length: u32): bool {
  switch (length) {
    case 3:
      return equalsAscii(name, length, "age");
    case 4:
      return equalsAscii(name, length, "date") || equalsAscii(name, length, "etag");
    case 5:
      return equalsAscii(name, length, ":path");
    case 8:
      return equalsAscii(name, length, "location");
    case 13:
      return equalsAscii(name, length, "if-none-match") || equalsAscii(name, length, "content-range") ||
        equalsAscii(name, length, "last-modified");
    case 14:
      return equalsAscii(name, length, "content-length");
    case 17:
      return equalsAscii(name, length, "if-modified-since");
    default:
      return false;
  }
}

function putLiteral(
  pattern: u32,
  prefix: u32,
  nameIndex: u32,
  name: usize,
  nameLength: u32,
  value: usize,
  valueLength: u32,
): void {
  putInteger(pattern, prefix, nameIndex);
  if (nameIndex == 0) putText(name, nameLength);
  putText(value, valueLength);
}

function putText(source: usize, length: u32): void {
  const short = huffmanLength(source, length);
  if (short < length) {
    putInteger(0x80, 7, short);
    encodeHuffman(source, length, cursor);
    cursor += short;
    return;
  }
  putInteger(0, 7, length);
  memory.copy(cursor, source, length);
  cursor += length;
}

function putInteger(pattern: u32, prefix: u32, value: u32): void {
  const mask: u32 = (1 << prefix) - 1;
  if (value < mask) {
    store<u8>(cursor++, <u8> (pattern | value));
    return;
  }
  store<u8>(cursor++, <u8> (pattern | mask));
  for (value -= mask; value >= 0x80; value >>>= 7) store<u8>(cursor++, <u8> (value | 0x80));
  store<u8>(cursor++, <u8> value);
}
