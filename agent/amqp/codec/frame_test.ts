import assert from "node:assert/strict";
import { readTrace, TRACES } from "../../../tests/support/traces.ts";
import { ProtocolError } from "../protocol_error.ts";
import { decodeFrameHeader, encodeFrame, encodeSaslFrame, FRAME_AMQP, FRAME_SASL } from "./frame.ts";
import { decodePerformative } from "./performatives.ts";
import { decodeSasl } from "./sasl.ts";
import { Writer } from "./writer.ts";

for (const name of TRACES.filter((name) => !name.startsWith("raw-mgmt"))) {
  Deno.test(`every recorded frame of ${name} is built again from its header, performative and payload`, () => {
    const writer = new Writer();
    for (const { bytes, header, truncated, where } of readTrace(name)) {
      if (header) continue;
      const { size, dataOffset, type, channel } = decodeFrameHeader(bytes, 0);
      assert.equal(dataOffset, 8, where);
      if (!truncated) assert.equal(size, bytes.length, where);
      writer.reset();
      if (type === FRAME_SASL) encodeSaslFrame(writer, decodeSasl(bytes, dataOffset, bytes.length));
      else if (dataOffset === bytes.length) encodeFrame(writer, channel);
      else {
        assert.equal(type, FRAME_AMQP, where);
        const { performative, end } = decodePerformative(bytes, dataOffset, bytes.length);
        encodeFrame(writer, channel, performative, bytes.subarray(end));
      }
      // What the recording left out is missing from the size too.
      if (truncated) new DataView(writer.bytes().buffer).setUint32(0, size);
      assert.equal(writer.bytes().toHex(), bytes.toHex(), where);
    }
  });
}

Deno.test("frames follow each other in one buffer", () => {
  const writer = new Writer();
  encodeFrame(writer, 0);
  encodeFrame(writer, 0x1234, { type: "end" });
  assert.equal(writer.bytes().toHex(), "0000000802000000" + "0000000c0200123400531745");
  assert.deepEqual(decodeFrameHeader(writer.bytes(), 8), { size: 12, dataOffset: 8, type: 0, channel: 0x1234 });
});

Deno.test("sizes up to 2^32 - 1 and extended headers are read", () => {
  const bytes = Uint8Array.fromHex("ffffffff03000001");
  assert.deepEqual(decodeFrameHeader(bytes, 0), { size: 0xffffffff, dataOffset: 12, type: 0, channel: 1 });
});

Deno.test("a header whose sizes contradict each other, or that is cut, is a framing error", () => {
  for (
    const hex of ["0000000702000000", "0000000800000000", "0000000801000000", "0000000803000000", "00000008020000"]
  ) {
    assert.throws(() => decodeFrameHeader(Uint8Array.fromHex(hex), 0), (error) => {
      assert.ok(error instanceof ProtocolError);
      assert.equal(error.condition, "amqp:connection:framing-error");
      return true;
    }, hex);
  }
});
