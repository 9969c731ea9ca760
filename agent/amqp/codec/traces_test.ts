import assert from "node:assert/strict";
import { readTrace, TRACES } from "../../../tests/support/traces.ts";
import { decodePerformative, encodePerformative, isNeedlesslyWide } from "./performatives.ts";
import { Reader } from "./reader.ts";
import { decodeSasl, encodeSasl } from "./sasl.ts";
import { Writer } from "./writer.ts";

const FRAME_HEADER_OCTETS = 8;
const FRAME_SASL = 1;

for (const name of TRACES) {
  Deno.test(`every recorded frame of ${name} decodes and encodes to the same bytes`, () => {
    const writer = new Writer();
    let frames = 0;
    for (const { bytes, header, where } of readTrace(name)) {
      if (header || bytes.length === FRAME_HEADER_OCTETS) continue;
      writer.reset();
      let end = bytes.length;
      if (bytes[5] === FRAME_SASL) {
        writer.wide = isNeedlesslyWide(bytes, FRAME_HEADER_OCTETS + 3);
        encodeSasl(writer, decodeSasl(bytes, FRAME_HEADER_OCTETS, bytes.length));
      } else {
        const decoded = decodePerformative(bytes, FRAME_HEADER_OCTETS, bytes.length);
        writer.wide = decoded.wide;
        encodePerformative(writer, decoded.performative);
        end = decoded.end;
      }
      assert.equal(writer.bytes().toHex(), bytes.subarray(FRAME_HEADER_OCTETS, end).toHex(), where);
      frames++;
    }
    assert.ok(frames > 10, `only ${frames} frames in ${name}`);
  });

  Deno.test(`every section of the first frames of messages in ${name} is a readable value`, () => {
    let sections = 0;
    for (const { bytes, header, truncated, where } of readTrace(name)) {
      if (header || truncated || bytes.length === FRAME_HEADER_OCTETS || bytes[5] === FRAME_SASL) continue;
      const { performative, end } = decodePerformative(bytes, FRAME_HEADER_OCTETS, bytes.length);
      // Only the first frame of a delivery starts with sections; TCP payload follows raw.
      if (performative.type !== "transfer" || bytes[end] !== 0 || bytes[end + 1] !== 0x80) continue;
      const reader = new Reader(bytes, end, bytes.length);
      while (reader.hasMore) {
        const value = reader.value();
        assert.ok(typeof value === "object" && value !== null && "type" in value && value.type === "described", where);
        sections++;
      }
    }
    if (name !== "raw-mgmt-conn1.hex" && name !== "raw-mgmt-conn2.hex") assert.ok(sections > 0);
  });
}
