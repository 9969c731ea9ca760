/** The head of a message from the network: its entries as fields, judged like those that come off a socket. */

import { TYPE_FIELD, TYPE_STRING } from "../../sdk/assembly/constants";
import {
  entryKey,
  entryKeyLength,
  entryType,
  entryValue,
  entryValueLength,
  isContentType,
  isSubject,
  nextEntry,
  startEntries,
} from "../../sdk/assembly/head_reader";
import { recordLength, recordPayload } from "../../sdk/assembly/reader";
import { equalsAscii } from "../../sdk/assembly/text";
import { putAscii, putBytes } from "../../sdk/assembly/writer";
import {
  FIELD_MALFORMED,
  FIELD_OK,
  fieldName,
  fieldNameLength,
  fieldValue,
  fieldValueLength,
  isField,
  judgeNotes,
  noteField,
  setField,
  startNotes,
  staysBehind,
} from "./fields";

const COLON: u8 = 0x3a;

/** What the head says besides its fields; lengths are 0 for what it does not say. */
export let subject: usize = 0;
export let subjectLength: u32 = 0;
export let path: usize = 0;
export let pathLength: u32 = 0;
export let reasonText: usize = 0;
export let reasonTextLength: u32 = 0;
/** `:version` is 1.0. */
export let isOld: bool = false;

/** Reads the current record, a begin: one of the FIELD constants, about its fields. */
export function readMessageHead(): i32 {
  subjectLength = 0;
  pathLength = 0;
  reasonTextLength = 0;
  isOld = false;
  startNotes();
  startEntries(recordPayload, recordLength);
  while (true) {
    const read = nextEntry();
    if (read < 0) return FIELD_MALFORMED;
    if (read == 0) return judgeNotes();
    if (isSubject()) {
      subject = entryValue;
      subjectLength = entryValueLength;
    } else if (isMetadata()) readMetadata();
    else if (isHttpField()) {
      if (setField(entryKey, entryKeyLength, entryValue, entryValueLength) < 0) return FIELD_MALFORMED;
      const result = noteField();
      if (result != FIELD_OK) return result;
    }
  }
}

/** Starts going through the fields of the current record. */
export function startMessageFields(): void {
  startEntries(recordPayload, recordLength);
}

/** Makes the next field that does not stay behind the current one; false at the end. */
export function nextMessageField(upgrading: bool): bool {
  while (nextEntry() > 0) {
    if (isSubject() || isMetadata() || !isHttpField()) continue;
    setField(entryKey, entryKeyLength, entryValue, entryValueLength);
    if (!staysBehind(upgrading)) return true;
  }
  return false;
}

/** Writes the fields of the current record into the open one, each as a line. */
export function putFieldLines(upgrading: bool, withFraming: bool): void {
  startMessageFields();
  while (nextMessageField(upgrading)) {
    if (!withFraming && (isField("content-length") || isField("transfer-encoding"))) continue;
    putBytes(fieldName, fieldNameLength);
    putAscii(": ");
    putBytes(fieldValue, fieldValueLength);
    putAscii("\r\n");
  }
}

/** The content-type of the message itself is not the one that HTTP speaks of. */
function isHttpField(): bool {
  return (entryType == TYPE_FIELD || entryType == TYPE_STRING) && !isContentType();
}

/** Keys that start with a colon are never fields. */
function isMetadata(): bool {
  return entryKeyLength > 0 && load<u8>(entryKey) == COLON;
}

function readMetadata(): void {
  if (entryType != TYPE_STRING) return;
  if (equalsAscii(entryKey, entryKeyLength, ":path")) {
    path = entryValue;
    pathLength = entryValueLength;
  } else if (equalsAscii(entryKey, entryKeyLength, ":reason")) {
    reasonText = entryValue;
    reasonTextLength = entryValueLength;
  } else if (equalsAscii(entryKey, entryKeyLength, ":version")) {
    isOld = equalsAscii(entryValue, entryValueLength, "1.0");
  }
}
