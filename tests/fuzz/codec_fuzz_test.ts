/** Damaged performatives, messages and values: a decoder gives a value that survives encoding, or a ProtocolError. */

import assert from "node:assert/strict";
import { decodePerformative, encodePerformative } from "../../agent/amqp/codec/performatives.ts";
import { Reader } from "../../agent/amqp/codec/reader.ts";
import { decodeSections, encodeSections } from "../../agent/amqp/codec/sections.ts";
import { Writer } from "../../agent/amqp/codec/writer.ts";
import { CODEC_TOKENS, outcomeOf } from "./codec_target.ts";
import { countOf, fuzz, type FuzzTarget } from "./fuzz.ts";
import { messages, performativeBodies } from "./trace_seeds.ts";

const target: FuzzTarget = {
  name: "codec",
  seeds: [...performativeBodies(), ...messages()],
  tokens: CODEC_TOKENS,
  run: (input) => [checkPerformative, checkSections, checkValue].map((check) => outcomeOf(check, input)).join(", "),
};

Deno.test("fuzz: the codec gives values that survive, or a ProtocolError, and nothing else", () => {
  const report = fuzz(target);
  // Both ways must be walked often, or the input is too tame or too wild to prove anything.
  const accepted = countOf(report, (outcome) => !outcome.startsWith("amqp:"));
  assert.ok(accepted > report.executions / 20, `only ${accepted} performatives of ${report.executions} accepted`);
  assert.ok(report.executions - accepted > report.executions / 20, `only ${report.executions - accepted} refused`);
});

function checkPerformative(input: Uint8Array): string {
  const { performative, end } = decodePerformative(input, 0, input.length);
  const writer = new Writer();
  encodePerformative(writer, performative);
  // A peer's state or error is passed on to another peer: it must not grow out of the frame it came in.
  assert.ok(writer.length <= end, `${end} octets became ${writer.length}`);
  assert.deepEqual(decodePerformative(writer.bytes(), 0, writer.length), { performative, end: writer.length });
  return `${performative.type} of ${Object.keys(performative).length} fields`;
}

function checkSections(input: Uint8Array): string {
  const sections = decodeSections(input, 0, input.length);
  const writer = new Writer();
  encodeSections(writer, sections);
  assert.ok(writer.length <= input.length, `${input.length} octets became ${writer.length}`);
  assert.deepEqual(decodeSections(writer.bytes(), 0, writer.length), sections);
  return "message";
}

function checkValue(input: Uint8Array): string {
  const reader = new Reader(input, 0, input.length);
  const value = reader.value();
  const writer = new Writer();
  writer.value(value);
  assert.ok(writer.length <= reader.offset, `${reader.offset} octets became ${writer.length}`);
  assert.deepEqual(new Reader(writer.bytes(), 0, writer.length).value(), value);
  return "value";
}
