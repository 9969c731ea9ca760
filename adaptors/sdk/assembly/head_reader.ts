/** Reads the entries of a MSG_BEGIN payload, one after the other. Entries of unknown scope or type are the caller's to skip. */

import { ENTRY_SIZE, MALFORMED, SCOPE_MESSAGE, TYPE_STRING, TYPE_UINT } from "./constants";
import { equalsAscii } from "./text";

let position: usize = 0;
let end: usize = 0;

/** The entry that `nextEntry` read last. */
export let entryScope: u8 = 0;
export let entryType: u8 = 0;
/** Address of its key. */
export let entryKey: usize = 0;
export let entryKeyLength: u32 = 0;
/** Address of its value. */
export let entryValue: usize = 0;
export let entryValueLength: u32 = 0;

/** Starts over with a payload. */
export function startEntries(payload: usize, length: u32): void {
  position = payload;
  end = payload + length;
}

/** Reads the next entry: 1 if there was one, 0 at the end, MALFORMED if it is cut short or its uint has a wrong size. */
export function nextEntry(): i32 {
  const left = <u32> (end - position);
  if (left == 0) return 0;
  if (left < ENTRY_SIZE) return MALFORMED;
  const keyLength = <u32> load<u16>(position, 2);
  const valueLength = load<u32>(position, 4);
  if (keyLength > left - ENTRY_SIZE) return MALFORMED;
  if (valueLength > left - ENTRY_SIZE - keyLength) return MALFORMED;
  entryScope = load<u8>(position);
  entryType = load<u8>(position, 1);
  if (entryType == TYPE_UINT && valueLength != 4) return MALFORMED;
  entryKey = position + ENTRY_SIZE;
  entryKeyLength = keyLength;
  entryValue = entryKey + keyLength;
  entryValueLength = valueLength;
  position = entryValue + valueLength;
  return 1;
}

/** Whether the entry read last is the message's content-type. */
export function isContentType(): bool {
  return entryScope == SCOPE_MESSAGE && entryType == TYPE_STRING &&
    equalsAscii(entryKey, entryKeyLength, "content-type");
}

/** Whether the entry read last is the message's subject; since v1.1. */
export function isSubject(): bool {
  return entryScope == SCOPE_MESSAGE && entryType == TYPE_STRING && equalsAscii(entryKey, entryKeyLength, "subject");
}
