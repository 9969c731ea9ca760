/**
 * The head of a message as it came: an adaptor is given it without anybody having read its fields, which are copied from the
 * form of AMQP into that of the ABI. Only heads in the form that they mostly have are taken that way: sections `properties`
 * and `application-properties` alone, all text in ASCII. Everything else is left to the general codec.
 */

import type { HeadSource, MessageHead, PropertyValue } from "../adaptor/action.ts";
import { headEntrySize, HeadScope, HeadType, messageKeys } from "../adaptor/abi.ts";
import { formatLimits } from "../adaptor/limits.ts";
import { putText, writeU32 } from "../adaptor/record.ts";
import type { AmqpValue } from "../amqp/codec/types.ts";
import { knownText } from "../lib/known_texts.ts";

/** What is found beside the head. */
export interface ReceivedSections {
  /** Where the answer shall go. */
  readonly replyTo: string | undefined;
  /** What the answer shall name. */
  readonly messageId: AmqpValue;
  /** Whose answer it is. */
  readonly correlationId: AmqpValue;
  /** What the adaptor sees. */
  readonly head: ReceivedHead;
  /** Values of the properties that no adaptor sees, in the order of their keys. */
  readonly hidden: readonly (string | true | undefined)[];
  /** Offset of the body. */
  readonly bodyAt: number;
}

const SMALL_ULONG = 0x53;
const PROPERTIES = 0x73;
const APPLICATION_PROPERTIES = 0x74;
const NULL = 0x40;
const TRUE = 0x41;
const ULONG_0 = 0x44;
const ULONG_64 = 0x80;
const STRING_8 = 0xa1;
const STRING_32 = 0xb1;
const SYMBOL_8 = 0xa3;
const SYMBOL_32 = 0xb3;
/** First octet of the keys that may be hidden. */
const COLON = 0x3a;
/** Message-id, to, subject and so on up to content-type. */
const FIELDS = 7;

/** See the head of the file. Valid as long as the octets that it was read from. */
export class ReceivedHead implements HeadSource {
  readonly contentType: string;
  readonly subject?: string;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly #hidden: readonly string[];
  readonly #octets: number;
  #properties: MessageHead["properties"] | undefined;

  /** Made by {@link receiveSections}; the pairs are between `start` and `end`, and take `octets` as entries. */
  constructor(
    contentType: string,
    subject: string,
    bytes: Uint8Array,
    start: number,
    end: number,
    hidden: readonly string[],
    octets: number,
  ) {
    this.contentType = contentType;
    if (subject !== "") this.subject = subject;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#hidden = hidden;
    this.#octets = octets;
  }

  /** See {@link MessageHead}. */
  get properties(): MessageHead["properties"] {
    return this.#properties ??= this.#read();
  }

  /** See {@link HeadSource}. */
  get recordOctets(): number {
    return this.#octets + entryOctets(0, this.contentType) + entryOctets(1, this.subject ?? "");
  }

  /** See {@link HeadSource}. */
  writeRecord(target: Uint8Array, start: number): void {
    let at = putMessageEntry(target, start, 0, this.contentType);
    at = putMessageEntry(target, at, 1, this.subject ?? "");
    const bytes = this.#bytes;
    const pair = new Pair(bytes, this.#end);
    for (pair.next = this.#start; pair.next < this.#end;) {
      pair.read();
      if (this.#isHidden(pair)) continue;
      const keyOctets = pair.keyEnd - pair.keyAt;
      target[at] = HeadScope.application;
      target[at + 1] = pair.isField ? HeadType.field : HeadType.string;
      target[at + 2] = keyOctets;
      target[at + 3] = keyOctets >>> 8;
      writeU32(target, at + 4, pair.valueEnd - pair.valueAt);
      at = copy(bytes, pair.keyAt, pair.keyEnd, target, at + headEntrySize);
      at = copy(bytes, pair.valueAt, pair.valueEnd, target, at);
    }
  }

  /** As plain values, for who compares or remembers it. */
  toJSON(): MessageHead {
    const { contentType, subject, properties } = this;
    return subject === undefined ? { contentType, properties } : { contentType, subject, properties };
  }

  #read(): MessageHead["properties"] {
    const properties: [string, PropertyValue][] = [];
    const pair = new Pair(this.#bytes, this.#end);
    for (pair.next = this.#start; pair.next < this.#end;) {
      pair.read();
      if (this.#isHidden(pair)) continue;
      const type = pair.isField ? "field" : "string";
      properties.push([pair.key(), { type, value: knownText(this.#bytes, pair.valueAt, pair.valueEnd) }]);
    }
    return properties;
  }

  #isHidden(pair: Pair): boolean {
    return pair.mayBeHidden && this.#hidden.includes(pair.key());
  }
}

/**
 * Reads the sections before the body from the prefix `bytes`; properties with the keys `hidden`, which begin with a colon, are
 * for the reader alone: the last one of them is true where it is there, the others are strings. Undefined for what is not complete, not in the usual form, or not right.
 */
export function receiveSections(bytes: Uint8Array, hidden: readonly string[]): ReceivedSections | undefined {
  if (!isSection(bytes, 0, PROPERTIES)) return undefined;
  const list = bytes[3];
  const narrow = list === 0xc0;
  if (!narrow && list !== 0xd0) return undefined;
  const count = narrow ? bytes[5]! : uint32(bytes, 8);
  let at = narrow ? 6 : 12;
  const end = narrow ? 5 + bytes[4]! : 8 + uint32(bytes, 4);
  if (count > FIELDS || end > bytes.length) return undefined;
  let messageId: AmqpValue = null;
  let correlationId: AmqpValue = null;
  let subject = "";
  let replyTo: string | undefined;
  let contentType = "";
  for (let field = 0; field < count; field++) {
    const code = bytes[at];
    if (code === NULL) {
      at++;
      continue;
    }
    if (field === 0 || field === 5) {
      const id = ulong(bytes, at, end);
      if (id === undefined) return undefined;
      if (field === 0) messageId = id;
      else correlationId = id;
      at += code === ULONG_64 ? 9 : code === SMALL_ULONG ? 2 : 1;
      continue;
    }
    const start = textStart(bytes, at, end);
    if (start < 0) return undefined;
    const stop = textEnd(bytes, at);
    if (stop > end || !isAscii(bytes, start, stop)) return undefined;
    if (field === 3) subject = knownText(bytes, start, stop);
    else if (field === 4) replyTo = knownText(bytes, start, stop);
    else if (field === 6) contentType = knownText(bytes, start, stop);
    at = stop;
  }
  if (at !== end || !isSection(bytes, at, APPLICATION_PROPERTIES)) return undefined;
  return receiveMap(bytes, at + 3, hidden, { messageId, correlationId, subject, replyTo, contentType });
}

interface Fields {
  readonly messageId: AmqpValue;
  readonly correlationId: AmqpValue;
  readonly subject: string;
  readonly replyTo: string | undefined;
  readonly contentType: string;
}

function receiveMap(
  bytes: Uint8Array,
  mapAt: number,
  hidden: readonly string[],
  { messageId, correlationId, subject, replyTo, contentType }: Fields,
): ReceivedSections | undefined {
  const narrow = bytes[mapAt] === 0xc1;
  const start = mapAt + (narrow ? 3 : 9);
  if ((!narrow && bytes[mapAt] !== 0xd1) || start > bytes.length) return undefined;
  const end = narrow ? mapAt + 2 + bytes[mapAt + 1]! : mapAt + 5 + uint32(bytes, mapAt + 1);
  if (end > bytes.length) return undefined;
  const values: (string | true | undefined)[] = [];
  const strings: string[] = [];
  const pair = new Pair(bytes, end);
  let pairs = 0;
  let shown = 0;
  let octets = 0;
  for (pair.next = start; pair.next < end; pairs++) {
    if (!pair.read() || !isAscii(bytes, pair.keyAt, pair.keyEnd) || !isAscii(bytes, pair.valueAt, pair.valueEnd)) {
      return undefined;
    }
    // Nobody sends such fields; who reads them has to think about it.
    if (pair.isField && bytes[pair.keyAt] === COLON) return undefined;
    if (!pair.isField) {
      const key = pair.key();
      const place = hidden.indexOf(key);
      if (place >= 0) {
        if (pair.isTrue !== (place === hidden.length - 1)) return undefined;
        values[place] = pair.isTrue || knownText(bytes, pair.valueAt, pair.valueEnd);
        continue;
      }
      if (strings.includes(key)) return undefined;
      strings.push(key);
    }
    // In UTF-8, and so in what the adaptor may be given, a character takes up to three octets.
    if (pair.isTrue || (pair.keyEnd - pair.keyAt) * 3 > formatLimits.headKeyOctets) return undefined;
    shown++;
    octets += headEntrySize + pair.keyEnd - pair.keyAt + pair.valueEnd - pair.valueAt;
  }
  const count = narrow ? bytes[mapAt + 2]! : uint32(bytes, mapAt + 5);
  if (pairs * 2 !== count || pair.next !== end || shown > formatLimits.headProperties) return undefined;
  const head = new ReceivedHead(contentType, subject, bytes, start, end, hidden, octets);
  return { messageId, correlationId, replyTo, head, hidden: values, bodyAt: end };
}

/** Walks over the pairs of a map whose keys are text, and whose values are strings or true. */
class Pair {
  /** Where the next pair starts. */
  next = 0;
  keyAt = 0;
  keyEnd = 0;
  valueAt = 0;
  valueEnd = 0;
  /** The key is a symbol. */
  isField = false;
  isTrue = false;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, end: number) {
    this.#bytes = bytes;
    this.#end = end;
  }

  /** Reads the next pair; false for one of another kind, or that does not end in time. */
  read(): boolean {
    const bytes = this.#bytes;
    const code = bytes[this.next];
    this.isField = code === SYMBOL_8 || code === SYMBOL_32;
    this.keyAt = textStart(bytes, this.next, this.#end);
    if (this.keyAt < 0) return false;
    this.keyEnd = textEnd(bytes, this.next);
    if (this.keyEnd >= this.#end) return false;
    this.isTrue = bytes[this.keyEnd] === TRUE;
    if (this.isTrue) {
      this.valueAt = this.valueEnd = this.next = this.keyEnd + 1;
      return true;
    }
    const value = bytes[this.keyEnd];
    if (value !== STRING_8 && value !== STRING_32) return false;
    this.valueAt = textStart(bytes, this.keyEnd, this.#end);
    if (this.valueAt < 0) return false;
    this.next = this.valueEnd = textEnd(bytes, this.keyEnd);
    return this.next <= this.#end;
  }

  get mayBeHidden(): boolean {
    return !this.isField && this.#bytes[this.keyAt] === COLON;
  }

  key(): string {
    return knownText(this.#bytes, this.keyAt, this.keyEnd);
  }
}

/** Offset of the octets of the text at `at`, or -1 when there is none, or not all of its size before `end`. */
function textStart(bytes: Uint8Array, at: number, end: number): number {
  const code = bytes[at];
  if (code === STRING_8 || code === SYMBOL_8) return at + 2 <= end ? at + 2 : -1;
  return (code === STRING_32 || code === SYMBOL_32) && at + 5 <= end ? at + 5 : -1;
}

/** Offset behind the text at `at`, which has a size. */
function textEnd(bytes: Uint8Array, at: number): number {
  const code = bytes[at];
  return code === STRING_8 || code === SYMBOL_8 ? at + 2 + bytes[at + 1]! : at + 5 + uint32(bytes, at + 1);
}

/** The ulong at `at`; undefined for anything else, and for one that is too large for a number. */
function ulong(bytes: Uint8Array, at: number, end: number): AmqpValue | undefined {
  const code = bytes[at];
  if (code === ULONG_0) return { type: "ulong", value: 0n };
  if (code === SMALL_ULONG && at + 2 <= end) return { type: "ulong", value: BigInt(bytes[at + 1]!) };
  if (code !== ULONG_64 || at + 9 > end || uint32(bytes, at + 1) !== 0) return undefined;
  return { type: "ulong", value: BigInt(uint32(bytes, at + 5)) };
}

function isSection(bytes: Uint8Array, at: number, code: number): boolean {
  return bytes[at] === 0x00 && bytes[at + 1] === SMALL_ULONG && bytes[at + 2] === code;
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let all = 0;
  for (let at = start; at < end; at++) all |= bytes[at]!;
  return all < 0x80;
}

function entryOctets(place: 0 | 1, text: string): number {
  return text === "" ? 0 : headEntrySize + messageKeys[place].length + text.length;
}

/** Writes the entry of content-type or subject, unless it is empty. */
function putMessageEntry(target: Uint8Array, at: number, place: 0 | 1, text: string): number {
  if (text === "") return at;
  const key = messageKeys[place];
  target[at] = HeadScope.message;
  target[at + 1] = HeadType.string;
  target[at + 2] = key.length;
  target[at + 3] = 0;
  writeU32(target, at + 4, text.length);
  const valueAt = at + headEntrySize + putText(target, at + headEntrySize, key);
  return valueAt + putText(target, valueAt, text);
}

/** Copies the octets from `start` to `end` to `at`, and returns where they end: short ones not by a call into the runtime. */
function copy(bytes: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  if (end - start > SHORT) {
    target.set(bytes.subarray(start, end), at);
    return at + end - start;
  }
  for (let from = start; from < end; from++) target[at++] = bytes[from]!;
  return at;
}

const SHORT = 128;

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
}
