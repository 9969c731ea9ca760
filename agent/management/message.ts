/** Management messages as bytes: requests and the answers to them (wire-protocol G.2, G.3). Sans-IO, for both sides. */

import { APPLICATION_PROPERTIES, PROPERTIES } from "../amqp/codec/descriptors.ts";
import { type MessageProperties, readProperties } from "../amqp/codec/message_properties.ts";
import { Reader } from "../amqp/codec/reader.ts";
import { decodeSections, encodeSections, type MessageSections } from "../amqp/codec/sections.ts";
import type { AmqpMap, AmqpValue } from "../amqp/codec/types.ts";
import { Writer } from "../amqp/codec/writer.ts";
import { ProtocolError } from "../amqp/protocol_error.ts";
import { asInteger, asText, entry, int } from "./values.ts";

/** Where an answer goes. */
export interface ReturnAddress {
  /** Address of whoever asks. */
  readonly replyTo: string;
  /** What the answer must carry, as it came. */
  readonly correlationId: AmqpValue | undefined;
}

/** What somebody asks. */
export interface Request {
  /** `operation`, `entityType`, `type`, `name`, `identity`, `offset`, `count`. */
  readonly properties: AmqpMap;
  /** Null where there is none. */
  readonly body: AmqpValue;
}

/** What is answered. */
export interface Answer {
  /** As in HTTP. */
  readonly status: number;
  /** `OK`, or what is wrong. */
  readonly description: string;
  /** A map or a list. */
  readonly body: AmqpValue;
}

/** Reads a request without its router annotations. Undefined when it is none, or wants no answer. */
export function decodeRequest(message: Uint8Array): (Request & ReturnAddress) | undefined {
  const sections = attempt(() => decodeSections(message, 0, message.length));
  const address = returnAddress(sections?.properties);
  if (sections === undefined || address === undefined) return undefined;
  return { ...address, properties: sections.applicationProperties ?? [], body: bodyOf(sections) };
}

/** Where the answer to a request goes of which only the first octets are known. */
export function peekReturnAddress(prefix: Uint8Array): ReturnAddress | undefined {
  return attempt(() => {
    const reader = new Reader(prefix, 0, prefix.length);
    while (reader.hasMore) {
      const code = reader.descriptor();
      if (code === PROPERTIES) return returnAddress(readProperties(reader));
      if (code >= APPLICATION_PROPERTIES) return undefined;
      reader.value();
    }
    return undefined;
  });
}

/** The message that carries `answer`. */
export function encodeAnswer(answer: Answer, { replyTo, correlationId }: ReturnAddress): Uint8Array {
  return encode({
    header: { durable: false },
    properties: { to: replyTo, ...(correlationId === undefined ? {} : { correlationId }) },
    applicationProperties: [["statusCode", int(answer.status)], ["statusDescription", answer.description]],
    body: { kind: "value", value: answer.body },
  });
}

/** The message that asks `request` of the management node at `to`. */
export function encodeRequest(request: Request, to: string, { replyTo, correlationId }: ReturnAddress): Uint8Array {
  return encode({
    properties: { to, replyTo, ...(correlationId === undefined ? {} : { correlationId }) },
    applicationProperties: request.properties,
    body: { kind: "value", value: request.body },
  });
}

/** Reads an answer; undefined when it is none. */
export function decodeAnswer(message: Uint8Array): (Answer & { readonly correlationId: AmqpValue }) | undefined {
  const sections = attempt(() => decodeSections(message, 0, message.length));
  const status = asInteger(entry(sections?.applicationProperties, "statusCode"));
  if (sections === undefined || status === undefined) return undefined;
  return {
    status,
    description: asText(entry(sections.applicationProperties, "statusDescription")) ?? "",
    body: bodyOf(sections),
    correlationId: sections.properties?.correlationId ?? null,
  };
}

function returnAddress(properties: MessageProperties | undefined): ReturnAddress | undefined {
  if (properties?.replyTo === undefined) return undefined;
  return { replyTo: properties.replyTo, correlationId: properties.correlationId ?? properties.messageId };
}

function bodyOf({ body }: MessageSections): AmqpValue {
  return body?.kind === "value" ? body.value : null;
}

function encode(sections: MessageSections): Uint8Array {
  const writer = new Writer();
  encodeSections(writer, sections);
  return writer.bytes();
}

/** Malformed messages are normal life. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
