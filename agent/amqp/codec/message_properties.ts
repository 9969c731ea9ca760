/** The properties section of a message (OASIS AMQP 1.0, part 3.2.4). */

import { PROPERTIES } from "./descriptors.ts";
import { FieldReader, wrong } from "./field_reader.ts";
import { FieldWriter } from "./field_writer.ts";
import type { Reader } from "./reader.ts";
import { AmqpSymbol, type AmqpValue, type Mutable } from "./types.ts";
import type { Writer } from "./writer.ts";

/** All thirteen properties. */
export interface MessageProperties {
  /** A ulong, uuid, binary or string by the standard; routers send a long in records. */
  readonly messageId?: AmqpValue;
  /** Identity of the sender. */
  readonly userId?: Uint8Array;
  /** Address of the node it is meant for. */
  readonly to?: string;
  /** What it is about. */
  readonly subject?: string;
  /** Address for answers. */
  readonly replyTo?: string;
  /** As of {@link MessageProperties.messageId}. */
  readonly correlationId?: AmqpValue;
  /** A symbol by the standard; routers send a string. */
  readonly contentType?: string | AmqpSymbol;
  /** A symbol by the standard. */
  readonly contentEncoding?: string | AmqpSymbol;
  /** ms since the Unix epoch. */
  readonly absoluteExpiryTime?: bigint;
  /** ms since the Unix epoch. */
  readonly creationTime?: bigint;
  /** Group that the message belongs to. */
  readonly groupId?: string;
  /** Position in the group. */
  readonly groupSequence?: number;
  /** Group for answers. */
  readonly replyToGroupId?: string;
}

/** Reads the list of a properties section. Throws ProtocolError. */
export function readProperties(reader: Reader): MessageProperties {
  const fields = new FieldReader(reader);
  const properties: Mutable<MessageProperties> = {};
  const messageId = fields.any();
  if (messageId !== undefined) properties.messageId = messageId;
  const userId = fields.binary("user-id");
  if (userId !== undefined) properties.userId = userId;
  const to = fields.text("to");
  if (to !== undefined) properties.to = to;
  const subject = fields.text("subject");
  if (subject !== undefined) properties.subject = subject;
  const replyTo = fields.text("reply-to");
  if (replyTo !== undefined) properties.replyTo = replyTo;
  const correlationId = fields.any();
  if (correlationId !== undefined) properties.correlationId = correlationId;
  const contentType = readEither(fields, "content-type");
  if (contentType !== undefined) properties.contentType = contentType;
  const contentEncoding = readEither(fields, "content-encoding");
  if (contentEncoding !== undefined) properties.contentEncoding = contentEncoding;
  const absoluteExpiryTime = fields.timestamp("absolute-expiry-time");
  if (absoluteExpiryTime !== undefined) properties.absoluteExpiryTime = absoluteExpiryTime;
  const creationTime = fields.timestamp("creation-time");
  if (creationTime !== undefined) properties.creationTime = creationTime;
  const groupId = fields.text("group-id");
  if (groupId !== undefined) properties.groupId = groupId;
  const groupSequence = fields.uint("group-sequence");
  if (groupSequence !== undefined) properties.groupSequence = groupSequence;
  const replyToGroupId = fields.text("reply-to-group-id");
  if (replyToGroupId !== undefined) properties.replyToGroupId = replyToGroupId;
  fields.close();
  return properties;
}

/** Writes a whole properties section. */
export function writeProperties(writer: Writer, properties: MessageProperties): void {
  const fields = new FieldWriter(writer, PROPERTIES);
  fields.any(properties.messageId);
  fields.binary(properties.userId);
  fields.string(properties.to);
  fields.string(properties.subject);
  fields.string(properties.replyTo);
  fields.any(properties.correlationId);
  fields.any(properties.contentType);
  fields.any(properties.contentEncoding);
  fields.timestamp(properties.absoluteExpiryTime);
  fields.timestamp(properties.creationTime);
  fields.string(properties.groupId);
  fields.uint(properties.groupSequence);
  fields.string(properties.replyToGroupId);
  fields.close();
}

function readEither(fields: FieldReader, name: string): string | AmqpSymbol | undefined {
  const value = fields.any();
  if (value === undefined || typeof value === "string" || value instanceof AmqpSymbol) return value;
  return wrong(name, "a string or symbol");
}
