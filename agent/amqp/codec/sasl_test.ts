import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ProtocolError } from "../protocol_error.ts";
import { decodeSasl, encodeSasl } from "./sasl.ts";
import { saslFrame } from "./testing_performatives.ts";
import type { SaslFrame } from "./types.ts";
import { Writer } from "./writer.ts";

function decode(hex: string): SaslFrame {
  const bytes = Uint8Array.fromHex(hex.replaceAll(" ", ""));
  return decodeSasl(bytes, 0, bytes.length);
}

function refuse(hex: string, condition: string, message: RegExp): void {
  assert.throws(() => decode(hex), (error) => {
    assert.ok(error instanceof ProtocolError);
    assert.equal(error.condition, condition);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("any SASL frame survives encoding and decoding", () => {
  fc.assert(
    fc.property(saslFrame(), (frame) => {
      const writer = new Writer();
      encodeSasl(writer, frame);
      assert.deepEqual(decodeSasl(writer.bytes(), 0, writer.length), frame);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a server that offers one mechanism may send it without an array", () => {
  const expected = { type: "sasl-mechanisms", mechanisms: ["EXTERNAL"] };
  assert.deepEqual(decode("00 53 40 c0 0b 01 a3 08 45585445524e414c"), expected);
  assert.deepEqual(decode("00 53 40 c0 0e 01 e0 0b 01 a3 08 45585445524e414c"), expected);
  assert.deepEqual(decode("00 53 40 c0 11 01 e0 0e 01 b3 00000008 45585445524e414c"), expected);
});

Deno.test("mechanisms that are no symbols are refused", () => {
  for (const field of ["a1 01 41", "e0 04 01 a1 01 41", "c0 04 01 a3 01 41", "41"]) {
    const octets = field.replaceAll(" ", "").length / 2 + 1;
    const hex = `00 53 40 c0 ${octets.toString(16).padStart(2, "0")} 01 ${field}`;
    refuse(hex, "amqp:invalid-field", /sasl-server-mechanisms is not an array of symbols/);
  }
});

Deno.test("a mandatory field that is missing is refused by its name", () => {
  refuse("00 53 40 45", "amqp:invalid-field", /sasl-server-mechanisms is missing/);
  refuse("00 53 41 45", "amqp:invalid-field", /mechanism is missing/);
  refuse("00 53 42 45", "amqp:invalid-field", /challenge is missing/);
  refuse("00 53 43 45", "amqp:invalid-field", /response is missing/);
  refuse("00 53 44 45", "amqp:invalid-field", /code is missing/);
});

Deno.test("fields of a wrong type, unknown frames and octets behind a frame are refused", () => {
  refuse("00 53 44 c0 03 01 52 00", "amqp:invalid-field", /field code is not a ubyte/);
  refuse("00 53 42 c0 02 01 40", "amqp:invalid-field", /challenge is missing/);
  refuse("00 53 43 c0 03 01 a1 00", "amqp:invalid-field", /field response is not binary/);
  refuse("00 53 45 45", "amqp:decode-error", /unknown SASL frame 0x45/);
  refuse("00 53 44 c0 03 01 50 00 40", "amqp:decode-error", /octets behind sasl-outcome/);
});
