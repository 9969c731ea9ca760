/** The bodies of SASL frames as bytes and back (OASIS AMQP 1.0, part 5.3.3). */

import { ProtocolError } from "../protocol_error.ts";
import { compact, ubyte } from "./described.ts";
import { Reader, required } from "./reader.ts";
import { AmqpSymbol, type AmqpValue, type SaslFrame } from "./types.ts";
import type { Writer } from "./writer.ts";

const MECHANISMS = 0x40;
const INIT = 0x41;
const CHALLENGE = 0x42;
const RESPONSE = 0x43;
const OUTCOME = 0x44;

/** Decodes the body of a SASL frame. Throws ProtocolError. */
export function decodeSasl(bytes: Uint8Array, start: number, end: number): SaslFrame {
  const reader = new Reader(bytes, start, end);
  const descriptor = reader.descriptor();
  const fields = reader.fields();
  switch (descriptor) {
    case MECHANISMS:
      return { type: "sasl-mechanisms", mechanisms: names(fields.any()) };
    case INIT:
      return compact<Extract<SaslFrame, { type: "sasl-init" }>>({
        type: "sasl-init",
        mechanism: required(fields.text("mechanism"), "mechanism"),
        initialResponse: fields.binary("initial-response"),
        hostname: fields.text("hostname"),
      });
    case CHALLENGE:
      return { type: "sasl-challenge", challenge: required(fields.binary("challenge"), "challenge") };
    case RESPONSE:
      return { type: "sasl-response", response: required(fields.binary("response"), "response") };
    case OUTCOME:
      return compact<Extract<SaslFrame, { type: "sasl-outcome" }>>({
        type: "sasl-outcome",
        code: required(fields.number("code"), "code"),
        additionalData: fields.binary("additional-data"),
      });
    default:
      throw new ProtocolError("amqp:decode-error", `unknown SASL frame 0x${descriptor.toString(16)}`);
  }
}

/** Encodes the body of a SASL frame. */
export function encodeSasl(writer: Writer, frame: SaslFrame): void {
  switch (frame.type) {
    case "sasl-mechanisms": {
      const value = frame.mechanisms.map((name) => new AmqpSymbol(name));
      return writer.describedList(MECHANISMS, [{ type: "array", value, narrow: true }]);
    }
    case "sasl-init":
      return writer.describedList(INIT, [
        new AmqpSymbol(frame.mechanism),
        binary(frame.initialResponse),
        frame.hostname,
      ]);
    case "sasl-challenge":
      return writer.describedList(CHALLENGE, [binary(frame.challenge)]);
    case "sasl-response":
      return writer.describedList(RESPONSE, [binary(frame.response)]);
    case "sasl-outcome":
      return writer.describedList(OUTCOME, [ubyte(frame.code), binary(frame.additionalData)]);
  }
}

/** A server with one mechanism may send it without an array. */
function names(value: AmqpValue | undefined): string[] {
  const items = value instanceof AmqpSymbol ? [value] : isArray(value) ? value.value : [];
  return items.map((item) => {
    if (item instanceof AmqpSymbol) return item.text;
    throw new ProtocolError("amqp:invalid-field", "field sasl-server-mechanisms is not made of symbols");
  });
}

function isArray(value: AmqpValue | undefined): value is Extract<AmqpValue, { type: "array" }> {
  return typeof value === "object" && value !== null && !(value instanceof AmqpSymbol) && value.type === "array";
}

function binary(value: Uint8Array | undefined): AmqpValue | undefined {
  return value === undefined ? undefined : { type: "binary", value };
}
