/** Writes a MSG_BEGIN record: `startBegin`, the application properties in order, then `finishRecord` of `writer.ts`. */

import { KIND_MSG_BEGIN, SCOPE_APPLICATION, SCOPE_MESSAGE, TYPE_STRING, TYPE_UINT } from "./constants";
import { putAscii, putU16, putU32, putU8, startRecord } from "./writer";

/** Opens the record with its content-type; an empty one is left out. */
export function startBegin(stream: u32, contentType: string): void {
  startRecord(KIND_MSG_BEGIN, 0, stream);
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

function putEntry(scope: u8, type: u8, key: string, valueLength: u32): void {
  putU8(scope);
  putU8(type);
  putU16(<u16> key.length);
  putU32(valueLength);
  putAscii(key);
}
