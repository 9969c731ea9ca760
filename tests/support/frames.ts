/** Whole frames as a peer would write them (OASIS AMQP 1.0, part 2.3); the product writes its own in pieces. */

import { encodePerformative } from "../../agent/amqp/codec/performatives.ts";
import { encodeSasl } from "../../agent/amqp/codec/sasl.ts";
import type { Performative, SaslFrame } from "../../agent/amqp/codec/types.ts";
import type { Writer } from "../../agent/amqp/codec/writer.ts";
import { FRAME_AMQP, FRAME_HEADER_OCTETS, FRAME_SASL, putFrameHeader } from "../../agent/amqp/frame_header.ts";

/** Appends an AMQP frame; without `performative` an empty one, the keep-alive. `payload` only follows a transfer. */
export function encodeFrame(writer: Writer, channel: number, performative?: Performative, payload?: Uint8Array): void {
  encode(writer, FRAME_AMQP, channel, () => {
    if (performative !== undefined) encodePerformative(writer, performative);
    if (payload !== undefined) writer.raw(payload);
  });
}

/** Appends a SASL frame. */
export function encodeSaslFrame(writer: Writer, frame: SaslFrame): void {
  encode(writer, FRAME_SASL, 0, () => encodeSasl(writer, frame));
}

function encode(writer: Writer, type: number, channel: number, body: () => void): void {
  const start = writer.length;
  writer.raw(new Uint8Array(FRAME_HEADER_OCTETS));
  body();
  putFrameHeader(writer.bytes(), start, writer.length - start, type, channel);
}
