/** Writes a MSG_BEGIN record: `startBegin`, the application properties in order, then `finishRecord` of `writer.ts`. */

import { KIND_MSG_BEGIN, SCOPE_APPLICATION, SCOPE_MESSAGE, TYPE_FIELD, TYPE_STRING, TYPE_UINT } from "./constants";
import { putAscii, putBytes, putU16, putU32, putU8, startRecord } from "./writer";

/** Opens the record with its content-type; an empty one is left out. `flags` is BEGIN_INTERIM or nothing. */
export function startBegin(stream: u32, contentType: string, flags: u8 = 0): void {
  startRecord(KIND_MSG_BEGIN, flags, stream);
  if (contentType.length == 0) return;
  putEntry(SCOPE_MESSAGE, TYPE_STRING, "content-type", contentType.length);
  putAscii(contentType);
}

/** Adds an application property of type string. */
export function putStringProperty(key: string, value: string): void {
  putEntry(SCOPE_APPLICATION, TYPE_STRING, key, value.length);
  putAscii(value);
}

/** Adds an application property of type uint. */
export function putUintProperty(key: string, value: u32): void {
  putEntry(SCOPE_APPLICATION, TYPE_UINT, key, 4);
  putU32(value);
}

/** Sets the message's subject, before any application property; since v1.1. */
export function putSubject(source: usize, length: u32): void {
  putEntry(SCOPE_MESSAGE, TYPE_STRING, "subject", length);
  putBytes(source, length);
}

/** Adds an application property of type string, whose value is UTF-8. */
export function putOctetsProperty(key: string, source: usize, length: u32): void {
  putEntry(SCOPE_APPLICATION, TYPE_STRING, key, length);
  putBytes(source, length);
}

/** Adds a field: a property with a symbol as its key, which may occur more than once; since v1.1. */
export function putField(name: usize, nameLength: u32, value: usize, valueLength: u32): void {
  putU8(SCOPE_APPLICATION);
  putU8(TYPE_FIELD);
  putU16(<u16> nameLength);
  putU32(valueLength);
  putBytes(name, nameLength);
  putBytes(value, valueLength);
}

/** Adds a field whose name is an ASCII literal; since v1.1. */
export function putNamedField(name: string, value: usize, valueLength: u32): void {
  putEntry(SCOPE_APPLICATION, TYPE_FIELD, name, valueLength);
  putBytes(value, valueLength);
}

function putEntry(scope: u8, type: u8, key: string, valueLength: u32): void {
  putU8(scope);
  putU8(type);
  putU16(<u16> key.length);
  putU32(valueLength);
  putAscii(key);
}
