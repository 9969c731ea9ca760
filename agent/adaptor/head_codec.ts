/**
 * The payload of MSG_BEGIN: entries of scope u8, type u8, key length u16, value length u32, key, value; not padded.
 *
 * The content-type comes first if there is one, then the application properties in order, each key once. Reading
 * accepts exactly what writing makes.
 */

import type { MessageHead, PropertyValue } from "./action.ts";
import { contentTypeKey, headEntrySize, HeadScope, HeadType } from "./abi.ts";
import { AdaptorError } from "./adaptor_error.ts";
import { formatLimits } from "./limits.ts";
import { encodeText, readText, readU32, writeU32 } from "./record.ts";

/** Decodes a payload; `fault` makes the error that is thrown for one that is not a head. */
export function readHead(payload: Uint8Array, fault: (what: string) => AdaptorError): MessageHead {
  let contentType = "";
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
      if (at !== 0 || key !== contentTypeKey || value.type !== "string" || value.value === "") {
        throw fault("has a message property other than one content-type at its start");
      }
      contentType = value.value;
    } else if (scope === HeadScope.application) {
      if (keys.has(key)) throw fault("has the same application property twice");
      if (keys.size === formatLimits.headProperties) throw fault(`has over ${keys.size} application properties`);
      keys.add(key);
      properties.push([key, value]);
    } else {
      throw fault(`has a head entry of unknown scope ${scope}`);
    }
    at = valueStart + valueLength;
  }
  return { contentType, properties };
}

/** Encodes a head. Throws ADAPTOR_EVENT if it breaks a rule that reading would refuse it for. */
export function encodeHead(head: MessageHead): Uint8Array {
  const entries: Uint8Array[] = [];
  if (head.contentType !== "") {
    entries.push(encodeEntry(HeadScope.message, contentTypeKey, { type: "string", value: head.contentType }));
  }
  if (head.properties.length > formatLimits.headProperties) {
    throw badHead(
      `${head.properties.length} application properties are over the limit of ${formatLimits.headProperties}`,
    );
  }
  if (new Set(head.properties.map(([key]) => key)).size !== head.properties.length) {
    throw badHead("an application property occurs twice");
  }
  for (const [key, value] of head.properties) entries.push(encodeEntry(HeadScope.application, key, value));
  return concatenate(entries);
}

function readValue(type: number, octets: Uint8Array, fault: (what: string) => AdaptorError): PropertyValue {
  if (type === HeadType.string) return { type: "string", value: readText(octets, fault) };
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
  if (value.type === "string") return encodeText(value.value);
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
