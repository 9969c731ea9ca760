/** The two messages that only edges and their interiors exchange: address tracking and mesh id (wire-protocol B.3). */

import { Reader } from "../amqp/codec/reader.ts";
import { AmqpSymbol, type AmqpValue } from "../amqp/codec/types.ts";
import { Writer } from "../amqp/codec/writer.ts";
import { ProtocolError } from "../amqp/protocol_error.ts";
import { encodeAnnotations, NO_ANNOTATIONS } from "./annotations.ts";
import { parseMessageHead } from "./message_head.ts";

/** What an interior says about an address. */
export interface TrackingReport {
  /** Lookup key, class letter included. */
  readonly key: string;
  /** False once no consumer is left. */
  readonly reachable: boolean;
}

/**
 * Key of the report by which an interior of ours asks its edges to use another link, for it is about to go: an edge that has
 * one releases the report, others accept it, as any other report. No edge asks about that key, so whoever does not know it lets it pass.
 */
export const LEAVING = "Ltendril.leaving";

const HEADER = 0x70;
const APPLICATION_PROPERTIES = 0x74;
const AMQP_VALUE = 0x77;
const MESH_ID = "meshid";

/** Interior to edge; `routerId` is the interior's. */
export function encodeTracking(report: TrackingReport, routerId: string): Uint8Array {
  const self = `0/${routerId}`;
  const writer = new Writer();
  writer.describedList(HEADER, [false]);
  writer.value(section(AMQP_VALUE, { type: "list", value: [report.key, report.reachable] }));
  return join(encodeAnnotations({ ...NO_ANNOTATIONS, ingress: self, trace: [self] }), writer.bytes());
}

/** Undefined when the message is something else. */
export function decodeTracking(message: Uint8Array): TrackingReport | undefined {
  const body = find(message, AMQP_VALUE);
  if (!isCompound(body) || body.type !== "list") return undefined;
  const [key, reachable] = body.value;
  return typeof key === "string" && typeof reachable === "boolean" ? { key, reachable } : undefined;
}

/** Edge to interior. */
export function encodeMeshId(meshId: string): Uint8Array {
  const writer = new Writer();
  writer.value(section(APPLICATION_PROPERTIES, { type: "map", value: [[new AmqpSymbol(MESH_ID), meshId]] }));
  return join(encodeAnnotations({ ...NO_ANNOTATIONS, ingressMesh: meshId }), writer.bytes());
}

/** Undefined when the message is something else. */
export function decodeMeshId(message: Uint8Array): string | undefined {
  const properties = find(message, APPLICATION_PROPERTIES);
  if (!isCompound(properties) || properties.type !== "map") return undefined;
  for (const [key, value] of properties.value) {
    const name = key instanceof AmqpSymbol ? key.text : key;
    if (name === MESH_ID && typeof value === "string") return value;
  }
  return undefined;
}

type Compound = Exclude<AmqpValue, null | boolean | string | AmqpSymbol>;

/** The value of the section `code`. */
function find(message: Uint8Array, code: number): AmqpValue | undefined {
  const head = parseMessageHead(message, true);
  if (head === undefined || "malformed" in head) return undefined;
  const reader = new Reader(message, head.restAt, message.length);
  try {
    while (reader.hasMore) {
      const value = reader.value();
      if (!isCompound(value) || value.type !== "described") return undefined;
      const { descriptor } = value;
      if (isCompound(descriptor) && descriptor.type === "ulong" && Number(descriptor.value) === code) {
        return value.value;
      }
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  return undefined;
}

function isCompound(value: AmqpValue | undefined): value is Compound {
  return typeof value === "object" && value !== null && !(value instanceof AmqpSymbol);
}

function section(code: number, value: AmqpValue): AmqpValue {
  return { type: "described", descriptor: { type: "ulong", value: BigInt(code) }, value };
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
