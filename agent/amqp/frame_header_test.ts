import assert from "node:assert/strict";
import { encodeFrame, encodeSaslFrame } from "../../tests/support/frames.ts";
import { readTrace, TRACES } from "../../tests/support/traces.ts";
import { decodePerformative } from "./codec/performatives.ts";
import { decodeSasl } from "./codec/sasl.ts";
import { Writer } from "./codec/writer.ts";
import { FRAME_HEADER_OCTETS, FRAME_SASL } from "./frame_header.ts";

for (const name of TRACES.filter((name) => !name.startsWith("raw-mgmt"))) {
  Deno.test(`every recorded frame of ${name} is built again from its header, performative and payload`, () => {
    const writer = new Writer();
    for (const { bytes, header, truncated, where } of readTrace(name)) {
      if (header) continue;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const channel = view.getUint16(6);
      writer.reset();
      if (bytes[5] === FRAME_SASL) encodeSaslFrame(writer, decodeSasl(bytes, FRAME_HEADER_OCTETS, bytes.length));
      else if (bytes.length === FRAME_HEADER_OCTETS) encodeFrame(writer, channel);
      else {
        const { performative, end } = decodePerformative(bytes, FRAME_HEADER_OCTETS, bytes.length);
        encodeFrame(writer, channel, performative, bytes.subarray(end));
      }
      // What the recording left out is missing from the size too.
      if (truncated) new DataView(writer.bytes().buffer).setUint32(0, view.getUint32(0));
      assert.equal(writer.bytes().toHex(), bytes.toHex(), where);
    }
  });
}

Deno.test("frames follow each other in one buffer", () => {
  const writer = new Writer();
  encodeFrame(writer, 0);
  encodeFrame(writer, 0x1234, { type: "end" });
  assert.equal(writer.bytes().toHex(), "0000000802000000" + "0000000c0200123400531745");
});
