/**
 * The message head of a client or server stream (wire-protocol E.2, E.3): sections before the raw octets. Written and
 * read by hand, as every TCP connection has two of them.
 */

import type { AmqpValue } from "../amqp/codec/types.ts";
import { AmqpSymbol } from "../amqp/codec/types.ts";
import { Reader } from "../amqp/codec/reader.ts";
import { ProtocolError } from "../amqp/protocol_error.ts";
import type { MessageHead as AdaptorHead, PropertyValue } from "../adaptor/action.ts";
import { Writer } from "../amqp/codec/writer.ts";
import { CLIENT_PROPERTY } from "./proxy_protocol.ts";
import { LARGEST_WINDOW_OCTETS } from "./window.ts";

/** What a stream says of itself before its octets. */
export interface StreamHead {
  /** Address of the stream. */
  readonly to: string | undefined;
  /** Where the answering stream shall go. */
  readonly replyTo: string | undefined;
  /** Octets of the answering stream that the sender takes without a report of its own; undefined if it does not say. */
  readonly window?: number;
  /** What the adaptor sees. */
  readonly head: AdaptorHead;
  /** Offset of the first octet of the stream. */
  readonly bodyAt: number;
}

const PROPERTIES = 0x73;
const APPLICATION_PROPERTIES = 0x74;
const AMQP_VALUE = 0x77;
/** Property that says how large a window its sender permits, as a uint. No adaptor sees it. */
const WINDOW_PROPERTY = ":window";

/**
 * Encodes a head without router annotations, which permits our largest window for the answer; `client` is whose stream it
 * is, as {@link CLIENT_PROPERTY} says it.
 */
export function encodeStreamHead(
  to: string,
  replyTo: string | undefined,
  head: AdaptorHead,
  client?: string,
): Uint8Array {
  const writer = new Writer();
  const properties: AmqpValue[] = [null, null, to, null, replyTo ?? null, null];
  if (head.contentType !== "") properties.push(head.contentType);
  writer.value(section(PROPERTIES, { type: "list", value: properties }));
  const pairs = head.properties.map(([key, property]): [string, AmqpValue] => [key, amqpValue(property)]);
  pairs.push([WINDOW_PROPERTY, { type: "uint", value: LARGEST_WINDOW_OCTETS }]);
  if (client !== undefined) pairs.push([CLIENT_PROPERTY, client]);
  writer.value(section(APPLICATION_PROPERTIES, { type: "map", value: pairs }));
  writer.value(section(AMQP_VALUE, null));
  return writer.bytes().slice();
}

/**
 * Reads a head from the prefix `bytes`. Undefined while more octets are needed; a string says why it is invalid.
 */
export function decodeStreamHead(bytes: Uint8Array): StreamHead | string | undefined {
  let to: string | undefined;
  let replyTo: string | undefined;
  let contentType = "";
  let window: number | undefined;
  const properties: [string, PropertyValue][] = [];
  const reader = new Reader(bytes, 0, bytes.length);
  try {
    for (;;) {
      const value = reader.value();
      if (!isDescribed(value)) return "section expected";
      const code = descriptorCode(value.descriptor);
      if (code === PROPERTIES && isList(value.value)) {
        to = text(value.value.value[2]);
        replyTo = text(value.value.value[4]);
        contentType = text(value.value.value[6]) ?? "";
      } else if (code === APPLICATION_PROPERTIES && isMap(value.value)) {
        for (const [key, item] of value.value.value) {
          const property = propertyValue(item);
          const name = text(key);
          if (name === undefined || property === undefined || name === CLIENT_PROPERTY) continue;
          if (name !== WINDOW_PROPERTY) properties.push([name, property]);
          else if (property.type === "uint") window = property.value;
        }
      } else if (code === AMQP_VALUE) {
        const said = window === undefined ? {} : { window };
        return { to, replyTo, ...said, head: { contentType, properties }, bodyAt: reader.offset };
      } else if (code > AMQP_VALUE) return "body is not an amqp-value";
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    // A prefix ends somewhere: only a head that is long enough to be whole is broken.
    return bytes.length > MAX_HEAD_OCTETS ? error.message : undefined;
  }
}

/** Octets within which a head must be complete. */
export const MAX_HEAD_OCTETS = 16 * 1024;

type Described = Extract<AmqpValue, { type: "described" }>;

function section(code: number, value: AmqpValue): AmqpValue {
  return { type: "described", descriptor: { type: "ulong", value: BigInt(code) }, value };
}

function isDescribed(value: AmqpValue): value is Described {
  return typeof value === "object" && value !== null && "type" in value && value.type === "described";
}

function isList(value: AmqpValue): value is Extract<AmqpValue, { type: "list" }> {
  return typeof value === "object" && value !== null && "type" in value && value.type === "list";
}

function isMap(value: AmqpValue): value is Extract<AmqpValue, { type: "map" }> {
  return typeof value === "object" && value !== null && "type" in value && value.type === "map";
}

function descriptorCode(descriptor: AmqpValue): number {
  const known = typeof descriptor === "object" && descriptor !== null && "type" in descriptor &&
    descriptor.type === "ulong";
  return known ? Number(descriptor.value) : -1;
}

function text(value: AmqpValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof AmqpSymbol ? value.text : undefined;
}

function amqpValue(property: PropertyValue): AmqpValue {
  return property.type === "uint" ? { type: "uint", value: property.value } : property.value;
}

function propertyValue(value: AmqpValue): PropertyValue | undefined {
  if (typeof value === "string") return { type: "string", value };
  const isUint = typeof value === "object" && value !== null && "type" in value && value.type === "uint";
  return isUint ? { type: "uint", value: value.value } : undefined;
}
