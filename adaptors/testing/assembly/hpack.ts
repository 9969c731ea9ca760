/** HPACK by itself, for tests: header blocks to lines of text and back. Its exports are its own; it is no adaptor. */

import { INPUT, OUTPUT } from "../../sdk/assembly/buffers";
import { copyAscii } from "../../sdk/assembly/text";
import {
  listTooLarge,
  name,
  nameLength,
  nextField,
  startFields,
  startList,
  value,
  valueLength,
} from "../../http2/assembly/field_list";
import { decodeBlock, openDecoder } from "../../http2/assembly/hpack_decoder";
import {
  BLOCK,
  blockLength,
  encodeField,
  limitTable,
  openEncoder,
  startBlock,
} from "../../http2/assembly/hpack_encoder";
import { buildHuffman } from "../../http2/assembly/huffman";
import { buildStaticTable } from "../../http2/assembly/static_table";

export { in_ptr, out_ptr } from "../../sdk/assembly/buffers";

/** Starts with empty tables. */
export function start(): void {
  buildHuffman();
  buildStaticTable();
  openDecoder();
  openEncoder();
}

/** Decodes the block in the input buffer to lines `name: value` in the output buffer: their octets, -1 for a fault, -2 for too many. */
export function decode(length: u32): i32 {
  startList();
  if (!decodeBlock(INPUT, length)) return -1;
  if (listTooLarge) return -2;
  let at: usize = OUTPUT;
  startFields();
  while (nextField()) {
    memory.copy(at, name, nameLength);
    at += nameLength;
    copyAscii(at, ": ");
    at += 2;
    memory.copy(at, value, valueLength);
    at += valueLength;
    store<u8>(at++, 0x0a);
  }
  return <i32> (at - OUTPUT);
}

/** Encodes such lines to a block in the output buffer: its octets. */
export function encode(length: u32): u32 {
  startBlock();
  let at: usize = INPUT;
  while (at < INPUT + length) {
    let colon = at + 1;
    while (load<u8>(colon) != 0x3a || load<u8>(colon, 1) != 0x20) colon++;
    let end = colon;
    while (load<u8>(end) != 0x0a) end++;
    encodeField(at, <u32> (colon - at), colon + 2, <u32> (end - colon - 2));
    at = end + 1;
  }
  memory.copy(OUTPUT, BLOCK, blockLength());
  return blockLength();
}

/** The other end takes a table of so many octets. */
export function limit(octets: u32): void {
  limitTable(octets);
}
