/**
 * The payload of MSG_BEGIN: entries of scope u8, type u8, key length u16, value length u32, key, value; not padded.
 *
 * Content-type and subject come first if there are any, then the application properties in order, each key once unless it is
 * that of a field. Reading accepts exactly what writing makes.
 */

import type { MessageHead, PropertyValue } from "./action.ts";
import { headEntrySize, HeadScope, HeadType, messageKeys } from "./abi.ts";
import { AdaptorError } from "./adaptor_error.ts";
import { formatLimits } from "./limits.ts";
import { putText, readText, readU32, writeU32 } from "./record.ts";

/** Decodes a payload; `fault` makes the error that is thrown for one that is not a head. */
export function readHead(payload: Uint8Array, fault: (what: string) => AdaptorError): MessageHead {
  const texts: [string, string] = ["", ""];
  let next = 0;
  const properties: [string, PropertyValue][] = [];
  const strings: string[] = [];
  let at = 0;
  while (at < payload.length) {
    const left = payload.length - at - headEntrySize;
    if (left < 0) throw fault("ends within a head entry");
    const scope = payload[at]!;
    const type = payload[at + 1]!;
    const keyLength = payload[at + 2]! | payload[at + 3]! << 8;
    const valueLength = readU32(payload, at + 4);
    if (keyLength + valueLength > left) throw fault("has a head entry that is longer than the record");
    if (keyLength > formatLimits.headKeyOctets) throw fault(`has a head key of ${keyLength} octets`);
    const valueStart = at + headEntrySize + keyLength;
    const key = readText(payload, at + headEntrySize, valueStart, fault);
    const value = readValue(type, payload, valueStart, valueStart + valueLength, fault);
    if (scope === HeadScope.message) {
      const index = (messageKeys as readonly string[]).indexOf(key);
      if (index < next || value.type !== "string" || value.value === "") {
        throw fault("has a message property other than content-type and subject at its start");
      }
      next = index + 1;
      texts[index] = value.value;
    } else if (scope === HeadScope.application) {
      next = texts.length;
      if (properties.length === formatLimits.headProperties) {
        throw fault(`has over ${properties.length} application properties`);
      }
      if (value.type !== "field") {
        if (strings.includes(key)) throw fault("has the same application property twice");
        strings.push(key);
      }
      properties.push([key, value]);
    } else {
      throw fault(`has a head entry of unknown scope ${scope}`);
    }
    at = valueStart + valueLength;
  }
  const [contentType, subject] = texts;
  return subject === "" ? { contentType, properties } : { contentType, subject, properties };
}

/** Encodes a head. Throws ADAPTOR_EVENT if it breaks a rule that reading would refuse it for. */
export function encodeHead(head: MessageHead): Uint8Array {
  const { contentType, subject = "", properties } = head;
  if (properties.length > formatLimits.headProperties) {
    throw badHead(`${properties.length} application properties are over the limit of ${formatLimits.headProperties}`);
  }
  let capacity = 0;
  for (const text of [contentType, subject]) capacity += headEntrySize + MAX_KEY_OCTETS + text.length * 3;
  for (const [key, { value }] of properties) {
    capacity += headEntrySize + key.length * 3 + (typeof value === "string" ? value.length * 3 : 4);
  }
  const target = new Uint8Array(capacity);
  let at = 0;
  if (contentType !== "") at = putString(target, at, HeadScope.message, messageKeys[0], contentType);
  if (subject !== "") at = putString(target, at, HeadScope.message, messageKeys[1], subject);
  const keys = new Set<string>();
  for (const [key, property] of properties) {
    if (property.type !== "field") {
      if (keys.has(key)) throw badHead("an application property occurs twice");
      keys.add(key);
    }
    at = putEntry(target, at, HeadScope.application, key, property);
  }
  return target.subarray(0, at);
}

/** Octets of the longest key of a message property. */
const MAX_KEY_OCTETS = Math.max(...messageKeys.map((key) => key.length));

function readValue(
  type: number,
  octets: Uint8Array,
  start: number,
  end: number,
  fault: (what: string) => AdaptorError,
): PropertyValue {
  if (type === HeadType.string) return { type: "string", value: readText(octets, start, end, fault) };
  if (type === HeadType.field) return { type: "field", value: readText(octets, start, end, fault) };
  if (type !== HeadType.uint) throw fault(`has a head entry of unknown type ${type}`);
  if (end - start !== 4) throw fault(`has a uint of ${end - start} octets`);
  return { type: "uint", value: readU32(octets, start) };
}

function putString(target: Uint8Array, at: number, scope: number, key: string, value: string): number {
  return putEntry(target, at, scope, key, { type: "string", value });
}

/** Writes an entry and returns where the next one goes. */
function putEntry(target: Uint8Array, at: number, scope: number, key: string, property: PropertyValue): number {
  const keyLength = putText(target, at + headEntrySize, key);
  if (keyLength > formatLimits.headKeyOctets) {
    throw badHead(`a key of ${keyLength} octets is over the limit of ${formatLimits.headKeyOctets}`);
  }
  const valueAt = at + headEntrySize + keyLength;
  let valueLength = 4;
  if (property.type !== "uint") valueLength = putText(target, valueAt, property.value);
  else if (property.value >>> 0 === property.value) writeU32(target, valueAt, property.value);
  else throw badHead(`${property.value} is not an unsigned integer of 32 bits`);
  target[at] = scope;
  target[at + 1] = HeadType[property.type];
  target[at + 2] = keyLength;
  target[at + 3] = keyLength >>> 8;
  writeU32(target, at + 4, valueLength);
  return valueAt + valueLength;
}

function badHead(what: string): AdaptorError {
  return new AdaptorError("ADAPTOR_EVENT", `the message head can't be given to the adaptor: ${what}`);
}
