/**
 * The performatives of AMQP frames as bytes and back (OASIS AMQP 1.0, part 2.7). Their fields are beside this file, in
 * `connection_performatives`, `link_performatives` and `delivery_performatives`.
 */

import { ProtocolError } from "../protocol_error.ts";
import { readError, writeError } from "./amqp_error.ts";
import { readBegin, readOpen, writeBegin, writeOpen } from "./connection_performatives.ts";
import { readDisposition, readTransfer, writeDisposition, writeTransfer } from "./delivery_performatives.ts";
import { ATTACH, BEGIN, CLOSE, DETACH, DISPOSITION, END, FLOW, OPEN, TRANSFER } from "./descriptors.ts";
import { FieldReader } from "./field_reader.ts";
import { FieldWriter } from "./field_writer.ts";
import { readAttach, readDetach, readFlow, writeAttach, writeDetach, writeFlow } from "./link_performatives.ts";
import { Reader } from "./reader.ts";
import type { Performative } from "./types.ts";
import type { Writer } from "./writer.ts";

/**
 * Decodes the performative in `bytes` from `start`, before `end`; the payload of a transfer begins at the returned
 * `end`. Throws ProtocolError: `amqp:decode-error` for bytes that are no performative, `amqp:invalid-field` for a
 * mandatory field that is missing and for one of the wrong type.
 */
export function decodePerformative(
  bytes: Uint8Array,
  start: number,
  end: number,
): { performative: Performative; end: number } {
  const reader = new Reader(bytes, start, end);
  const descriptor = reader.descriptor();
  const fields = new FieldReader(reader);
  const performative = read(descriptor, fields);
  fields.close();
  if (performative.type !== "transfer" && reader.hasMore) {
    throw new ProtocolError("amqp:decode-error", `octets behind ${performative.type}`);
  }
  return { performative, end: reader.offset };
}

/** Encodes a performative; what is undefined stays out. */
export function encodePerformative(writer: Writer, performative: Performative): void {
  switch (performative.type) {
    case "open":
      return writeOpen(writer, performative);
    case "begin":
      return writeBegin(writer, performative);
    case "attach":
      return writeAttach(writer, performative);
    case "flow":
      return writeFlow(writer, performative);
    case "transfer":
      return writeTransfer(writer, performative);
    case "disposition":
      return writeDisposition(writer, performative);
    case "detach":
      return writeDetach(writer, performative);
    case "end":
    case "close": {
      const fields = new FieldWriter(writer, performative.type === "end" ? END : CLOSE);
      writeError(fields, performative.error);
      return fields.close();
    }
  }
}

function read(descriptor: number, fields: FieldReader): Performative {
  switch (descriptor) {
    case OPEN:
      return readOpen(fields);
    case BEGIN:
      return readBegin(fields);
    case ATTACH:
      return readAttach(fields);
    case FLOW:
      return readFlow(fields);
    case TRANSFER:
      return readTransfer(fields);
    case DISPOSITION:
      return readDisposition(fields);
    case DETACH:
      return readDetach(fields);
    case END:
    case CLOSE: {
      const type = descriptor === END ? "end" : "close";
      const error = readError(fields);
      return error === undefined ? { type } : { type, error };
    }
    default:
      throw new ProtocolError("amqp:decode-error", `unknown performative 0x${descriptor.toString(16)}`);
  }
}
