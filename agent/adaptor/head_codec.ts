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
import { encodeText, readText, readU32, writeU32 } from "./record.ts";

/** Decodes a payload; `fault` makes the error that is thrown for one that is not a head. */
export function readHead(payload: Uint8Array, fault: (what: string) => AdaptorError): MessageHead {
  const texts: [string, string] = ["", ""];
  let next = 0;
  const properties: [string, PropertyValue][] = [];
  const keys = new Set<string>();
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
    const key = readText(payload.subarray(at + headEntrySize, valueStart), fault);
    const value = readValue(type, payload.subarray(valueStart, valueStart + valueLength), fault);
    if (scope === HeadScope.message) {
      const index = messageKeys.findIndex((known) => known === key);
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
        if (keys.has(key)) throw fault("has the same application property twice");
        keys.add(key);
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
  const entries: Uint8Array[] = [];
  [head.contentType, head.subject ?? ""].forEach((value, index) => {
    if (value !== "") entries.push(encodeEntry(HeadScope.message, messageKeys[index]!, { type: "string", value }));
  });
  if (head.properties.length > formatLimits.headProperties) {
    throw badHead(
      `${head.properties.length} application properties are over the limit of ${formatLimits.headProperties}`,
    );
  }
  const single = head.properties.filter(([, { type }]) => type !== "field");
  if (new Set(single.map(([key]) => key)).size !== single.length) {
    throw badHead("an application property occurs twice");
  }
  for (const [key, value] of head.properties) entries.push(encodeEntry(HeadScope.application, key, value));
  return concatenate(entries);
}

function readValue(type: number, octets: Uint8Array, fault: (what: string) => AdaptorError): PropertyValue {
  if (type === HeadType.string) return { type: "string", value: readText(octets, fault) };
  if (type === HeadType.field) return { type: "field", value: readText(octets, fault) };
  if (type !== HeadType.uint) throw fault(`has a head entry of unknown type ${type}`);
  if (octets.length !== 4) throw fault(`has a uint of ${octets.length} octets`);
  return { type: "uint", value: readU32(octets, 0) };
}

function encodeEntry(scope: number, key: string, value: PropertyValue): Uint8Array {
  const keyOctets = encodeText(key);
  if (keyOctets.length > formatLimits.headKeyOctets) {
    throw badHead(`a key of ${keyOctets.length} octets is over the limit of ${formatLimits.headKeyOctets}`);
  }
  const valueOctets = encodeValue(value);
  const entry = new Uint8Array(headEntrySize + keyOctets.length + valueOctets.length);
  entry[0] = scope;
  entry[1] = HeadType[value.type];
  entry[2] = keyOctets.length;
  entry[3] = keyOctets.length >>> 8;
  writeU32(entry, 4, valueOctets.length);
  entry.set(keyOctets, headEntrySize);
  entry.set(valueOctets, headEntrySize + keyOctets.length);
  return entry;
}

function encodeValue(value: PropertyValue): Uint8Array {
  if (value.type !== "uint") return encodeText(value.value);
  if (value.value >>> 0 !== value.value) throw badHead(`${value.value} is not an unsigned integer of 32 bits`);
  const octets = new Uint8Array(4);
  writeU32(octets, 0, value.value);
  return octets;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function badHead(what: string): AdaptorError {
  return new AdaptorError("ADAPTOR_EVENT", `the message head can't be given to the adaptor: ${what}`);
}
