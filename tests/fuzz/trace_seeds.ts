/** Seeds made of the recorded connections: their frames, parts of frames, and what one side said from the beginning. */

import { decodePerformative } from "../../agent/amqp/codec/performatives.ts";
import type { Attach } from "../../agent/amqp/codec/types.ts";
import { FRAME_HEADER_OCTETS, FRAME_SASL, putUint32 } from "../../agent/amqp/frame_header.ts";
import { readTrace, type RecordedFrame, TRACES } from "../support/traces.ts";

/** Enough for every shape in the recordings; the large payloads would only slow down. */
const MAX_SEED_OCTETS = 600;

/** What one side of a recorded connection said. */
export interface RecordedSide {
  /** Side that spoke. */
  readonly from: "client" | "server";
  /** All it said, as it stood on the wire, with shortened frames made whole. */
  readonly frames: readonly Uint8Array[];
  /** Links that the other side opened, by session. */
  readonly wanted: readonly { readonly channel: number; readonly attach: Attach }[];
}

/** Both sides of every recorded connection. */
export function recordedSides(): RecordedSide[] {
  return TRACES.flatMap((name) => {
    const frames = readTrace(name);
    return (["client", "server"] as const).map((from) => ({
      from,
      frames: frames.filter((frame) => frame.from === from).map(wholeFrame),
      wanted: frames.filter((frame) => frame.from !== from).flatMap(attachOf),
    }));
  });
}

/** Bodies of all recorded AMQP frames, each without its payload. */
export function performativeBodies(): Uint8Array[] {
  return unique(amqpFrames().map(({ body, end }) => shorten(body.subarray(0, end))));
}

/** Messages, or their beginnings, in the recorded transfers. */
export function messages(): Uint8Array[] {
  const withPayload = amqpFrames().filter(({ body, end }) => end < body.length);
  return unique(withPayload.map(({ body, end }) => shorten(body.subarray(end))));
}

/** Bodies of all recorded SASL frames. */
export function saslBodies(): Uint8Array[] {
  const frames = recordedFrames().filter(({ bytes, header }) => !header && bytes[5] === FRAME_SASL);
  return unique(frames.map(({ bytes }) => bytes.slice(FRAME_HEADER_OCTETS)));
}

function recordedFrames(): RecordedFrame[] {
  return TRACES.flatMap(readTrace);
}

function amqpFrames(): { body: Uint8Array; end: number }[] {
  return recordedFrames().filter(isPerformative).map(({ bytes }) => {
    const body = bytes.subarray(FRAME_HEADER_OCTETS);
    return { body, end: decodePerformative(body, 0, body.length).end };
  });
}

function isPerformative({ bytes, header }: RecordedFrame): boolean {
  return !header && bytes.length > FRAME_HEADER_OCTETS && bytes[5] !== FRAME_SASL;
}

function attachOf(frame: RecordedFrame): { channel: number; attach: Attach }[] {
  if (!isPerformative(frame)) return [];
  const { bytes } = frame;
  const { performative } = decodePerformative(bytes, FRAME_HEADER_OCTETS, bytes.length);
  return performative.type === "attach" ? [{ channel: bytes[6] << 8 | bytes[7], attach: performative }] : [];
}

function wholeFrame({ bytes, header }: RecordedFrame): Uint8Array {
  const whole = bytes.slice();
  if (!header) putUint32(whole, 0, whole.length);
  return whole;
}

function unique(inputs: Uint8Array[]): Uint8Array[] {
  return [...new Map(inputs.map((input) => [input.toHex(), input])).values()];
}

function shorten(bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, MAX_SEED_OCTETS);
}
