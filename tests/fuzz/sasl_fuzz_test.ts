/** Damaged SASL frames: the codec and both sides of the negotiation go on or refuse them with a ProtocolError. */

import assert from "node:assert/strict";
import { decodeSasl, encodeSasl } from "../../agent/amqp/codec/sasl.ts";
import { Writer } from "../../agent/amqp/codec/writer.ts";
import { FRAME_HEADER_OCTETS, FRAME_SASL, putFrameHeader } from "../../agent/amqp/frame_header.ts";
import { saslClientStep, saslServerStep } from "../../agent/amqp/sasl.ts";
import { chunksOf } from "./choices.ts";
import { CODEC_TOKENS, outcomeOf } from "./codec_target.ts";
import { probe } from "./connection_probe.ts";
import { countOf, fuzz, type FuzzTarget } from "./fuzz.ts";
import { saslBodies } from "./trace_seeds.ts";

const SASL_HEADER = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0);
/** Frames that no recording has: a challenge, a response, a refusal. */
const UNSEEN = ["005342c00501a0020101", "005343c00501a0020101", "005344c003015001"];

const target: FuzzTarget = {
  name: "SASL",
  seeds: [...saslBodies(), ...UNSEEN.map((hex) => Uint8Array.fromHex(hex))],
  tokens: [...CODEC_TOKENS, ...["EXTERNAL", "ANONYMOUS", "PLAIN"].map(symbol)],
  run: (input, choose) => {
    const bytes = connectionOf(input);
    for (const from of ["client", "server"] as const) {
      const side = { from, frames: [], wanted: [] };
      assert.deepEqual(probe(side, chunksOf(bytes, choose)), probe(side, [bytes]), "the chunks make a difference");
    }
    return outcomeOf(checkBody, input);
  },
};

Deno.test("fuzz: SASL frames are answered, or refused with a ProtocolError", () => {
  const report = fuzz(target);
  for (const outcome of ["sasl-mechanisms", "sasl-init", "sasl-outcome", "sasl-challenge", "amqp:decode-error"]) {
    assert.ok(countOf(report, (seen) => seen.startsWith(outcome)) > 0, `never seen: ${outcome}`);
  }
});

function checkBody(input: Uint8Array): string {
  const frame = decodeSasl(input, 0, input.length);
  const writer = new Writer();
  encodeSasl(writer, frame);
  assert.deepEqual(decodeSasl(writer.bytes(), 0, writer.length), frame);
  const client = saslClientStep(frame, "ANONYMOUS", undefined);
  const server = saslServerStep(frame, ["EXTERNAL", "ANONYMOUS"]);
  for (const { done, failure } of [client, server]) assert.ok(!done || failure === undefined, "done and failed");
  // Nobody gets past the negotiation by other means than an accepted mechanism or a good outcome.
  assert.ok(!client.done || (frame.type === "sasl-outcome" && frame.code === 0));
  assert.ok(!server.done || (frame.type === "sasl-init" && ["EXTERNAL", "ANONYMOUS"].includes(frame.mechanism)));
  return `${frame.type}, client ${client.done}, server ${server.done}`;
}

/** The frame as the first of a connection. */
function connectionOf(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SASL_HEADER.length + FRAME_HEADER_OCTETS + body.length);
  bytes.set(SASL_HEADER);
  putFrameHeader(bytes, SASL_HEADER.length, FRAME_HEADER_OCTETS + body.length, FRAME_SASL, 0);
  bytes.set(body, SASL_HEADER.length + FRAME_HEADER_OCTETS);
  return bytes;
}

function symbol(text: string): Uint8Array {
  return Uint8Array.of(0xa3, text.length, ...new TextEncoder().encode(text));
}
