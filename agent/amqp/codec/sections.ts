/**
 * Complete messages as typed values, for messages that end or begin here: management, records, control (OASIS AMQP 1.0,
 * part 3.2; skupper-router puts its own section first). Messages in transit are never decoded.
 *
 * Reading is lenient where real senders are: ids may be of any type, texts strings or symbols.
 */

import { broken } from "./cursor.ts";
import {
  AMQP_SEQUENCE,
  AMQP_VALUE,
  APPLICATION_PROPERTIES,
  DATA,
  DELIVERY_ANNOTATIONS,
  FOOTER,
  HEADER,
  MESSAGE_ANNOTATIONS,
  PROPERTIES,
} from "./descriptors.ts";
import { FieldReader } from "./field_reader.ts";
import { FieldWriter } from "./field_writer.ts";
import { type MessageProperties, readProperties, writeProperties } from "./message_properties.ts";
import { OTHER_DESCRIPTOR, Reader } from "./reader.ts";
import type { AmqpMap, AmqpValue, Mutable } from "./types.ts";
import type { Writer } from "./writer.ts";

/** Part 3.2.1. */
export interface MessageHeader {
  /** Asks to survive a restart. */
  readonly durable?: boolean;
  /** 0 to 9, 4 where absent. */
  readonly priority?: number;
  /** ms */
  readonly ttl?: number;
  /** Nobody else has acquired the message before. */
  readonly firstAcquirer?: boolean;
  /** Earlier attempts that failed. */
  readonly deliveryCount?: number;
}

/** Part 3.2.6 to 3.2.8: one value, or any number of binary pieces, or any number of lists. */
export type MessageBody =
  | { readonly kind: "value"; readonly value: AmqpValue }
  | { readonly kind: "data"; readonly pieces: readonly Uint8Array[] }
  | { readonly kind: "sequence"; readonly lists: ReadonlyArray<readonly AmqpValue[]> };

/** The sections of a message, in the order in which they stand. */
export interface MessageSections {
  /** Elements of the section that only routers see. */
  readonly routerAnnotations?: readonly AmqpValue[];
  /** Transport facts. */
  readonly header?: MessageHeader;
  /** For the next hop alone. */
  readonly deliveryAnnotations?: AmqpMap;
  /** For every hop. */
  readonly messageAnnotations?: AmqpMap;
  /** Standard facts for the application. */
  readonly properties?: MessageProperties;
  /** Keys ought to be strings; routers use symbols as well. */
  readonly applicationProperties?: AmqpMap;
  /** Absent in messages that only carry properties. */
  readonly body?: MessageBody;
  /** Facts known after the body, such as hashes. */
  readonly footer?: AmqpMap;
}

/** "SKPR--RA" as a number. */
const ROUTER_ANNOTATIONS = 0x534b50522d2d5241n;

/** Decodes the message in `bytes` from `start` to `end`. Throws ProtocolError. */
export function decodeSections(bytes: Uint8Array, start: number, end: number): MessageSections {
  const reader = new Reader(bytes, start, end);
  const sections: Mutable<MessageSections> = {};
  if (reader.peekDescriptor() === OTHER_DESCRIPTOR) sections.routerAnnotations = readRouterAnnotations(reader);
  let last = 0;
  while (reader.hasMore) {
    const code = reader.descriptor();
    if (code <= last) throw broken(`section 0x${code.toString(16)} out of order`);
    last = code;
    readSection(reader, code, sections);
  }
  return sections;
}

/** Encodes a message. */
export function encodeSections(writer: Writer, sections: MessageSections): void {
  const { routerAnnotations, header, properties, body } = sections;
  if (routerAnnotations !== undefined) {
    const value: AmqpValue = { type: "list", value: routerAnnotations };
    writer.value({ type: "described", descriptor: { type: "ulong", value: ROUTER_ANNOTATIONS }, value });
  }
  if (header !== undefined) writeHeader(writer, header);
  writeMap(writer, DELIVERY_ANNOTATIONS, sections.deliveryAnnotations);
  writeMap(writer, MESSAGE_ANNOTATIONS, sections.messageAnnotations);
  if (properties !== undefined) writeProperties(writer, properties);
  writeMap(writer, APPLICATION_PROPERTIES, sections.applicationProperties);
  if (body !== undefined) writeBody(writer, body);
  writeMap(writer, FOOTER, sections.footer);
}

function readSection(reader: Reader, code: number, sections: Mutable<MessageSections>): void {
  switch (code) {
    case HEADER:
      sections.header = readHeader(reader);
      return;
    case DELIVERY_ANNOTATIONS:
      sections.deliveryAnnotations = readMap(reader);
      return;
    case MESSAGE_ANNOTATIONS:
      sections.messageAnnotations = readMap(reader);
      return;
    case PROPERTIES:
      sections.properties = readProperties(reader);
      return;
    case APPLICATION_PROPERTIES:
      sections.applicationProperties = readMap(reader);
      return;
    case FOOTER:
      sections.footer = readMap(reader);
      return;
    case DATA:
    case AMQP_SEQUENCE:
    case AMQP_VALUE:
      if (sections.body !== undefined) throw broken("two kinds of body in one message");
      sections.body = readBody(reader, code);
      return;
    default:
      throw broken(`unknown section 0x${code.toString(16)}`);
  }
}

function readRouterAnnotations(reader: Reader): readonly AmqpValue[] {
  const value = reader.value();
  if (isTyped(value, "described") && isTyped(value.value, "list")) {
    const { descriptor } = value;
    const known = typeof descriptor === "object" && descriptor !== null && "type" in descriptor;
    if (known && descriptor.type === "ulong" && descriptor.value === ROUTER_ANNOTATIONS) return value.value.value;
  }
  throw broken("unknown first section");
}

function readHeader(reader: Reader): MessageHeader {
  const fields = new FieldReader(reader);
  const header: Mutable<MessageHeader> = {};
  const durable = fields.boolean("durable");
  if (durable !== undefined) header.durable = durable;
  const priority = fields.ubyte("priority");
  if (priority !== undefined) header.priority = priority;
  const ttl = fields.uint("ttl");
  if (ttl !== undefined) header.ttl = ttl;
  const firstAcquirer = fields.boolean("first-acquirer");
  if (firstAcquirer !== undefined) header.firstAcquirer = firstAcquirer;
  const deliveryCount = fields.uint("delivery-count");
  if (deliveryCount !== undefined) header.deliveryCount = deliveryCount;
  fields.close();
  return header;
}

function writeHeader(writer: Writer, header: MessageHeader): void {
  const fields = new FieldWriter(writer, HEADER);
  fields.boolean(header.durable);
  fields.ubyte(header.priority);
  fields.uint(header.ttl);
  fields.boolean(header.firstAcquirer);
  fields.uint(header.deliveryCount);
  fields.close();
}

function readMap(reader: Reader): AmqpMap {
  const map = reader.map();
  if (map === undefined) throw broken("section is not a map");
  return map;
}

function writeMap(writer: Writer, descriptor: number, map: AmqpMap | undefined): void {
  if (map === undefined) return;
  writer.descriptor(descriptor);
  writer.map(map);
}

/** Reads the sections of the body, the descriptor of the first of which has been read. */
function readBody(reader: Reader, code: number): MessageBody {
  if (code === AMQP_VALUE) return { kind: "value", value: reader.value() };
  if (code === DATA) return { kind: "data", pieces: readRepeated(reader, code, readPiece) };
  return { kind: "sequence", lists: readRepeated(reader, code, readList) };
}

function readRepeated<T>(reader: Reader, code: number, read: (reader: Reader) => T): T[] {
  const all = [read(reader)];
  while (reader.peekDescriptor() === code) {
    reader.descriptor();
    all.push(read(reader));
  }
  return all;
}

function readPiece(reader: Reader): Uint8Array {
  const piece = reader.binary();
  if (piece === undefined) throw broken("data section is not binary");
  return piece;
}

function readList(reader: Reader): readonly AmqpValue[] {
  const list = reader.value();
  if (!isTyped(list, "list")) throw broken("amqp-sequence section is not a list");
  return list.value;
}

function writeBody(writer: Writer, body: MessageBody): void {
  switch (body.kind) {
    case "value":
      writer.descriptor(AMQP_VALUE);
      return writer.value(body.value);
    case "data":
      for (const piece of body.pieces) {
        writer.descriptor(DATA);
        writer.binary(piece);
      }
      return;
    case "sequence":
      for (const list of body.lists) {
        writer.descriptor(AMQP_SEQUENCE);
        writer.value({ type: "list", value: list });
      }
  }
}

function isTyped<T extends SectionType>(value: AmqpValue, type: T): value is Extract<AmqpValue, { readonly type: T }> {
  return typeof value === "object" && value !== null && "type" in value && value.type === type;
}

type SectionType = "described" | "list";
