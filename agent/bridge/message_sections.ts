/**
 * Messages of adaptors with many messages per connection, as sections of AMQP 1.0, part 3.2 (form of skupper-router 2.x,
 * `docs/decisions/0009-http-requests-are-messages.md`): properties, application-properties, data.
 */

import type { MessageHead, PropertyValue } from "../adaptor/action.ts";
import { formatLimits } from "../adaptor/limits.ts";
import { Reader } from "../amqp/codec/reader.ts";
import { type AmqpMap, AmqpSymbol, type AmqpValue } from "../amqp/codec/types.ts";
import { Writer } from "../amqp/codec/writer.ts";
import { ProtocolError } from "../amqp/protocol_error.ts";
import { type ReceivedSections, receiveSections } from "./received_head.ts";
import { CLIENT_PROPERTY } from "./proxy_protocol.ts";

/** Where a message goes, and what it belongs to. */
export interface Envelope {
  /** Its address. */
  readonly to: string;
  /** Where its answer shall go. */
  readonly replyTo?: string | undefined;
  /** What its answer shall name. */
  readonly messageId?: AmqpValue;
  /** Whose answer it is. */
  readonly correlationId?: AmqpValue;
  /** Another one follows that answers the same. */
  readonly interim?: boolean;
  /** Id of the router whose connector answers. */
  readonly site?: string | undefined;
  /** Whose request it is, as {@link CLIENT_PROPERTY} says it. */
  readonly client?: string | undefined;
}

/** The sections before the body. */
export interface SectionsHead {
  /** See {@link Envelope}. */
  readonly replyTo: string | undefined;
  /** See {@link Envelope}. */
  readonly messageId: AmqpValue;
  /** See {@link Envelope}. */
  readonly correlationId: AmqpValue;
  /** See {@link Envelope}. */
  readonly interim: boolean;
  /** See {@link Envelope}. */
  readonly site: string | undefined;
  /** See {@link Envelope}. */
  readonly client: string | undefined;
  /** What the adaptor sees. */
  readonly head: MessageHead;
  /** Offset of the body. */
  readonly bodyAt: number;
}

/** Octets within which the head of a message must be complete; an adaptor's input holds no more. */
export const MAX_SECTIONS_OCTETS = 28 * 1024;

const PROPERTIES = 0x73;
const APPLICATION_PROPERTIES = 0x74;
const DATA = 0x75;
/** Key of the property that marks an interim message. */
const INTERIM = ":interim";
/** Key of the property that says where an answer comes from. No adaptor sees it. */
const SITE = ":site";

const writer = new Writer();

/** Encodes the sections before the body: a view, valid until the next call. */
export function encodeSections(envelope: Envelope, head: MessageHead): Uint8Array {
  writer.reset();
  const { to, replyTo, messageId, correlationId } = envelope;
  const contentType = head.contentType === "" ? undefined : new AmqpSymbol(head.contentType);
  writer.describedList(PROPERTIES, [messageId, undefined, to, head.subject, replyTo, correlationId, contentType]);
  writer.descriptor(APPLICATION_PROPERTIES);
  const map = writer.openMap();
  let pairs = head.properties.length;
  for (const [key, property] of head.properties) {
    if (property.type === "field") writer.symbol(key);
    else writer.string(key);
    if (property.type === "uint") writer.uint(property.value);
    else writer.string(property.value);
  }
  if (envelope.interim) {
    writer.string(INTERIM);
    writer.boolean(true);
    pairs++;
  }
  pairs += putHidden(SITE, envelope.site) + putHidden(CLIENT_PROPERTY, envelope.client);
  writer.closeMap(map, pairs);
  return writer.bytes();
}

/** Writes a pair, if there is a value; how many that were. */
function putHidden(key: string, value: string | undefined): number {
  if (value === undefined) return 0;
  writer.string(key);
  writer.string(value);
  return 1;
}

/**
 * Reads the sections before the body from the prefix `bytes`; `complete` says that nothing follows. Undefined while more
 * octets are needed; a string says why it is invalid. The head that comes of it may lie in `bytes`: it is valid as long as they are.
 */
export function decodeSections(bytes: Uint8Array, complete: boolean): SectionsHead | string | undefined {
  const received = receiveSections(bytes, HIDDEN);
  return received === undefined ? decodeAny(bytes, complete) : sectionsOf(received);
}

/** Of the keys that no adaptor sees. */
const HIDDEN = [SITE, CLIENT_PROPERTY, INTERIM];

function sectionsOf({ messageId, replyTo, correlationId, hidden, head, bodyAt }: ReceivedSections): SectionsHead {
  const [site, client, interim] = hidden;
  return {
    messageId,
    replyTo,
    correlationId,
    interim: interim === true,
    site: typeof site === "string" ? site : undefined,
    client: typeof client === "string" ? client : undefined,
    head,
    bodyAt,
  };
}

function decodeAny(bytes: Uint8Array, complete: boolean): SectionsHead | string | undefined {
  let fields: readonly AmqpValue[] = [];
  let map: AmqpMap = [];
  const reader = new Reader(bytes, 0, bytes.length);
  try {
    while (reader.offset < bytes.length) {
      const code = reader.peekDescriptor();
      if (code !== undefined && code >= DATA) return headOf(fields, map, reader.offset);
      if (code === undefined && bytes.length - reader.offset >= DESCRIPTOR_OCTETS) return "a section was expected";
      const section = reader.value();
      if (typeof section !== "object" || section === null || !("type" in section) || section.type !== "described") {
        return "a section was expected";
      }
      const { value } = section;
      if (code === PROPERTIES && isOf(value, "list")) fields = value.value;
      if (code !== APPLICATION_PROPERTIES) continue;
      if (isOf(value, "map")) map = value.value;
      // Only the body may follow, and its first octet may be long in coming.
      return headOf(fields, map, reader.offset);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (complete) return error.message;
    return bytes.length > MAX_SECTIONS_OCTETS ? `its head has over ${MAX_SECTIONS_OCTETS} octets` : undefined;
  }
  return complete ? headOf(fields, map, bytes.length) : undefined;
}

/** Octets of the longest descriptor of a section. */
const DESCRIPTOR_OCTETS = 10;

/** Properties that are neither text nor fields mean nothing to an adaptor; more than it can be told are a fault. */
function headOf(fields: readonly AmqpValue[], map: AmqpMap, bodyAt: number): SectionsHead | string {
  const properties: [string, PropertyValue][] = [];
  const keys = new Set<string>();
  let interim = false;
  let site: string | undefined;
  let client: string | undefined;
  for (const [key, value] of map) {
    const name = textOf(key);
    if (name === INTERIM) interim = value === true;
    if (name === undefined || typeof value !== "string") continue;
    if (name === SITE) {
      site = value;
      continue;
    }
    if (name === CLIENT_PROPERTY) {
      client = value;
      continue;
    }
    // In UTF-8 a character takes up to three octets.
    if (name.length * 3 > formatLimits.headKeyOctets) return "it has a property with a long key";
    const type = key instanceof AmqpSymbol ? "field" : "string";
    // A field of that name is another key.
    if (type === "string" && keys.has(name)) return "it has a property twice";
    if (type === "string") keys.add(name);
    properties.push([name, { type, value }]);
  }
  if (properties.length > formatLimits.headProperties) return "it has too many properties";
  const subject = textOf(fields[3]);
  return {
    messageId: fields[0] ?? null,
    replyTo: textOf(fields[4]),
    correlationId: fields[5] ?? null,
    interim,
    site,
    client,
    head: { contentType: textOf(fields[6]) ?? "", ...(subject ? { subject } : {}), properties },
    bodyAt,
  };
}

function textOf(value: AmqpValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof AmqpSymbol ? value.text : undefined;
}

function isOf<Type extends string>(value: AmqpValue, type: Type): value is Extract<AmqpValue, { type: Type }> {
  return typeof value === "object" && value !== null && "type" in value && value.type === type;
}
