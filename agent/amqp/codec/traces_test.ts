import assert from "node:assert/strict";
import { readTrace, type RecordedFrame, TRACES } from "../../../tests/support/traces.ts";
import { FRAME_HEADER_OCTETS, FRAME_SASL } from "../frame_header.ts";
import { decodePerformative, encodePerformative } from "./performatives.ts";
import { Reader } from "./reader.ts";
import { decodeSasl, encodeSasl } from "./sasl.ts";
import { decodeSections, encodeSections } from "./sections.ts";
import type { Transfer } from "./types.ts";
import { Writer } from "./writer.ts";

for (const name of TRACES) {
  Deno.test(`every recorded frame of ${name} decodes and encodes to the same bytes`, () => {
    const writer = new Writer();
    let frames = 0;
    for (const { bytes, header, where } of readTrace(name)) {
      if (header || bytes.length === FRAME_HEADER_OCTETS) continue;
      writer.reset();
      writer.wide = isNeedlesslyWide(bytes, FRAME_HEADER_OCTETS + 3);
      let end = bytes.length;
      if (bytes[5] === FRAME_SASL) {
        encodeSasl(writer, decodeSasl(bytes, FRAME_HEADER_OCTETS, bytes.length));
      } else {
        const decoded = decodePerformative(bytes, FRAME_HEADER_OCTETS, bytes.length);
        encodePerformative(writer, decoded.performative);
        end = decoded.end;
      }
      assert.equal(writer.bytes().toHex(), bytes.subarray(FRAME_HEADER_OCTETS, end).toHex(), where);
      frames++;
    }
    assert.ok(frames > 10, `only ${frames} frames in ${name}`);
  });

  Deno.test(`every section in the first frames of messages in ${name} is a readable value`, () => {
    let sections = 0;
    for (const { bytes, truncated, where, transfer, first, end } of transfers(name)) {
      // Only the first frame of a delivery starts with sections; of TCP streams they end before the raw octets.
      if (truncated || !first) continue;
      const reader = new Reader(bytes, end, bytes.length);
      while (reader.hasMore && !(transfer.more && reader.peekDescriptor() === undefined)) {
        const value = reader.value();
        assert.ok(typeof value === "object" && value !== null && "type" in value && value.type === "described", where);
        sections++;
      }
    }
    assert.ok(sections > 0);
  });

  Deno.test(`every complete message in ${name} decodes, and what is encoded from it means the same`, () => {
    const writer = new Writer();
    let messages = 0;
    for (const { bytes, truncated, where, transfer, first, end } of transfers(name)) {
      if (truncated || !first || transfer.more) continue;
      const sections = decodeSections(bytes, end, bytes.length);
      assert.ok(Object.keys(sections).length > 0, where);
      writer.reset();
      encodeSections(writer, sections);
      assert.deepEqual(decodeSections(writer.bytes(), 0, writer.length), sections, where);
      messages++;
    }
    // The data connection carries nothing but streams.
    if (name !== "raw-interrouter-conn1.hex") assert.ok(messages > 0);
  });
}

interface RecordedTransfer extends RecordedFrame {
  readonly transfer: Transfer;
  /** True for the frame that starts a delivery. */
  readonly first: boolean;
  /** Offset of the payload. */
  readonly end: number;
}

function* transfers(name: string): Generator<RecordedTransfer> {
  const begun = new Set<string>();
  for (const frame of readTrace(name)) {
    const { bytes, header, from } = frame;
    if (header || bytes.length === FRAME_HEADER_OCTETS || bytes[5] === FRAME_SASL) continue;
    const { performative, end } = decodePerformative(bytes, FRAME_HEADER_OCTETS, bytes.length);
    if (performative.type !== "transfer") continue;
    const link = `${from} ${bytes[6] << 8 | bytes[7]} ${performative.handle}`;
    yield { ...frame, transfer: performative, first: !begun.has(link), end };
    if (performative.more) begun.add(link);
    else begun.delete(link);
  }
}

/** True when the list at `at` has 32-bit sizes although 8 bits would hold them: the management client writes so. */
function isNeedlesslyWide(bytes: Uint8Array, at: number): boolean {
  const short = bytes[at + 1] === 0 && bytes[at + 2] === 0 && bytes[at + 3] === 0;
  return bytes[at] === 0xd0 && short && bytes[at + 4] - 3 < 256;
}
