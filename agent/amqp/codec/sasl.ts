/** The bodies of SASL frames as bytes and back (OASIS AMQP 1.0, part 5.3.3). */

import { ProtocolError } from "../protocol_error.ts";
import { SASL_CHALLENGE, SASL_INIT, SASL_MECHANISMS, SASL_OUTCOME, SASL_RESPONSE } from "./descriptors.ts";
import { FieldReader, required, wrong } from "./field_reader.ts";
import { FieldWriter } from "./field_writer.ts";
import { Reader } from "./reader.ts";
import { AmqpSymbol, type AmqpValue, type Mutable, type SaslFrame } from "./types.ts";
import type { Writer } from "./writer.ts";

type Init = Extract<SaslFrame, { type: "sasl-init" }>;
type Outcome = Extract<SaslFrame, { type: "sasl-outcome" }>;
/** Constructor of symbols below 256 octets: qpid-proton writes mechanisms in its narrow form. */
const SYMBOL_8 = 0xa3;

/** Decodes the body of a SASL frame in `bytes` from `start` to `end`. Throws ProtocolError. */
export function decodeSasl(bytes: Uint8Array, start: number, end: number): SaslFrame {
  const reader = new Reader(bytes, start, end);
  const descriptor = reader.descriptor();
  const fields = new FieldReader(reader);
  const frame = read(descriptor, fields);
  fields.close();
  if (reader.hasMore) throw new ProtocolError("amqp:decode-error", `octets behind ${frame.type}`);
  return frame;
}

/** Encodes the body of a SASL frame. */
export function encodeSasl(writer: Writer, frame: SaslFrame): void {
  switch (frame.type) {
    case "sasl-mechanisms": {
      const value = frame.mechanisms.map((name) => new AmqpSymbol(name));
      return writer.describedList(SASL_MECHANISMS, [{ type: "array", value, code: SYMBOL_8 }]);
    }
    case "sasl-init": {
      const fields = new FieldWriter(writer, SASL_INIT);
      fields.symbol(frame.mechanism);
      fields.binary(frame.initialResponse);
      fields.string(frame.hostname);
      return fields.close();
    }
    case "sasl-challenge":
      return writer.describedList(SASL_CHALLENGE, [{ type: "binary", value: frame.challenge }]);
    case "sasl-response":
      return writer.describedList(SASL_RESPONSE, [{ type: "binary", value: frame.response }]);
    case "sasl-outcome": {
      const fields = new FieldWriter(writer, SASL_OUTCOME);
      fields.ubyte(frame.code);
      fields.binary(frame.additionalData);
      return fields.close();
    }
  }
}

function read(descriptor: number, fields: FieldReader): SaslFrame {
  switch (descriptor) {
    case SASL_MECHANISMS:
      return { type: "sasl-mechanisms", mechanisms: readMechanisms(fields) };
    case SASL_INIT: {
      const init: Mutable<Init> = { type: "sasl-init", mechanism: required(fields.text("mechanism"), "mechanism") };
      const initialResponse = fields.binary("initial-response");
      if (initialResponse !== undefined) init.initialResponse = initialResponse;
      const hostname = fields.text("hostname");
      if (hostname !== undefined) init.hostname = hostname;
      return init;
    }
    case SASL_CHALLENGE:
      return { type: "sasl-challenge", challenge: required(fields.binary("challenge"), "challenge") };
    case SASL_RESPONSE:
      return { type: "sasl-response", response: required(fields.binary("response"), "response") };
    case SASL_OUTCOME: {
      const outcome: Mutable<Outcome> = { type: "sasl-outcome", code: required(fields.ubyte("code"), "code") };
      const additionalData = fields.binary("additional-data");
      if (additionalData !== undefined) outcome.additionalData = additionalData;
      return outcome;
    }
    default:
      throw new ProtocolError("amqp:decode-error", `unknown SASL frame 0x${descriptor.toString(16)}`);
  }
}

/** A server with one mechanism may send it without an array (part 1.4, "multiple"). */
function readMechanisms(fields: FieldReader): string[] {
  const name = "sasl-server-mechanisms";
  const value: AmqpValue = required(fields.any(), name);
  if (value instanceof AmqpSymbol) return [value.text];
  if (typeof value !== "object" || value === null || value.type !== "array") wrong(name, "an array of symbols");
  return value.value.map((item) => item instanceof AmqpSymbol ? item.text : wrong(name, "an array of symbols"));
}
