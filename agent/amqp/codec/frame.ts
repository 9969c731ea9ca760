/**
 * Whole frames, for everything but the hot path of transfers (OASIS AMQP 1.0, part 2.3): size, data offset in words of
 * four octets, type and channel, then the body.
 */

import { ProtocolError } from "../protocol_error.ts";
import { encodePerformative } from "./performatives.ts";
import { encodeSasl } from "./sasl.ts";
import type { Performative, SaslFrame } from "./types.ts";
import type { Writer } from "./writer.ts";

/** Octets of a frame header without extension. */
export const FRAME_HEADER_OCTETS = 8;
/** Type of frames whose body is a performative. */
export const FRAME_AMQP = 0;
/** Type of frames whose body belongs to the SASL layer. */
export const FRAME_SASL = 1;

/** The first eight octets of a frame. */
export interface FrameHeader {
  /** Octets of the whole frame. */
  readonly size: number;
  /** Octets before the body. */
  readonly dataOffset: number;
  /** {@link FRAME_AMQP}, {@link FRAME_SASL} or unknown. */
  readonly type: number;
  /** Channel of an AMQP frame. */
  readonly channel: number;
}

/** Reads the frame header at `start`, of which all eight octets are there. Throws ProtocolError. */
export function decodeFrameHeader(bytes: Uint8Array, start: number): FrameHeader {
  if (start + FRAME_HEADER_OCTETS > bytes.length) {
    throw new ProtocolError("amqp:connection:framing-error", "frame header ends too early");
  }
  const high = bytes[start] * 0x1000000;
  const size = high + (bytes[start + 1] << 16 | bytes[start + 2] << 8 | bytes[start + 3]);
  const dataOffset = bytes[start + 4] * 4;
  if (dataOffset < FRAME_HEADER_OCTETS || dataOffset > size) {
    throw new ProtocolError("amqp:connection:framing-error", `frame size ${size} with data offset ${dataOffset}`);
  }
  return { size, dataOffset, type: bytes[start + 5], channel: bytes[start + 6] << 8 | bytes[start + 7] };
}

/** Appends an AMQP frame; without `performative` an empty one, the keep-alive. `payload` only follows a transfer. */
export function encodeFrame(writer: Writer, channel: number, performative?: Performative, payload?: Uint8Array): void {
  const start = writeHeader(writer, FRAME_AMQP, channel);
  if (performative !== undefined) encodePerformative(writer, performative);
  if (payload !== undefined) writer.raw(payload);
  writer.patchUint32(start, writer.length - start);
}

/** Appends a SASL frame. */
export function encodeSaslFrame(writer: Writer, frame: SaslFrame): void {
  const start = writeHeader(writer, FRAME_SASL, 0);
  encodeSasl(writer, frame);
  writer.patchUint32(start, writer.length - start);
}

/** Appends a frame header without its size. */
function writeHeader(writer: Writer, type: number, channel: number): number {
  const start = writer.length;
  writer.raw(new Uint8Array([0, 0, 0, 0, FRAME_HEADER_OCTETS / 4, type, channel >>> 8, channel]));
  return start;
}
