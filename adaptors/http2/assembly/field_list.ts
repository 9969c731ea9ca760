/** The fields of the header block that was read last, as far as they are within the limits. */

/** Octets of all fields, 32 more for each (RFC 9113, 6.5.2); the peer is told. */
export const MAX_LIST_OCTETS: u32 = 16384;
/** Octets of a block, counted so, above which it is not read to its end: few octets may name much that is in the table. */
const MOST_OCTETS: u32 = 65536;
/** Fields of a message. */
const MAX_FIELDS: u32 = 128;
const OVERHEAD: u32 = 32;
/** Octets before name and value: the length of each. */
const ENTRY: usize = 8;
const LIST: usize = memory.data(16384, 8);

let used: u32 = 0;
let octets: u32 = 0;
let count: u32 = 0;
let position: usize = 0;

/** The block has more than the limits allow; what was over them is not in the list. */
export let listTooLarge: bool = false;

/** The field that `nextField` found. */
export let name: usize = 0;
export let nameLength: u32 = 0;
export let value: usize = 0;
export let valueLength: u32 = 0;

/** Forgets the last block. */
export function startList(): void {
  used = 0;
  octets = 0;
  count = 0;
  listTooLarge = false;
}

/** Whether the block has so much more than the limits allow that its peer floods us. */
export function isFlood(): bool {
  return octets > MOST_OCTETS;
}

/** Adds a field, copying it. */
export function takeField(from: usize, fromLength: u32, text: usize, textLength: u32): void {
  octets += fromLength + textLength + OVERHEAD;
  if (++count > MAX_FIELDS || octets > MAX_LIST_OCTETS || listTooLarge) {
    listTooLarge = true;
    return;
  }
  const at = LIST + used;
  store<u32>(at, fromLength);
  store<u32>(at, textLength, 4);
  memory.copy(at + ENTRY, from, fromLength);
  memory.copy(at + ENTRY + fromLength, text, textLength);
  used += <u32> ENTRY + fromLength + textLength;
}

/** Starts going through the list. */
export function startFields(): void {
  position = LIST;
}

/** Goes to the next field; false at the end. */
export function nextField(): bool {
  if (position == LIST + used) return false;
  nameLength = load<u32>(position);
  valueLength = load<u32>(position, 4);
  name = position + ENTRY;
  value = name + nameLength;
  position = value + valueLength;
  return true;
}
