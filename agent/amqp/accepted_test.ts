import assert from "node:assert/strict";
import fc from "fast-check";
import { AcceptedReader, writeAccepted } from "./accepted.ts";
import { decodePerformative, encodePerformative } from "./codec/performatives.ts";
import type { Disposition } from "./codec/types.ts";
import { Writer } from "./codec/writer.ts";
import { FRAME_HEADER_OCTETS } from "./frame_header.ts";
import { Output } from "./output.ts";

const id = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 0xffff_ffff }));

function written(first: number, last: number): Uint8Array {
  const output = new Output(() => {});
  writeAccepted(output, 3, first, last);
  return output.take().slice();
}

Deno.test("accepted: what is written is the disposition that the general codec writes", () => {
  fc.assert(fc.property(id, id, (first, last) => {
    const writer = new Writer();
    encodePerformative(writer, {
      type: "disposition",
      role: "receiver",
      first,
      ...(last === first ? {} : { last }),
      settled: true,
      state: { kind: "accepted" },
    });
    const frame = written(first, last);
    assert.deepEqual(frame.subarray(FRAME_HEADER_OCTETS), writer.bytes());
    assert.equal(new DataView(frame.buffer).getUint32(0), frame.length);
    assert.equal(frame[7], 3);
  }));
});

Deno.test("accepted: whatever is read says what the general codec says, and any other state is declined", () => {
  const state = fc.constantFrom<Disposition["state"]>({ kind: "accepted" }, { kind: "released" }, undefined);
  const role = fc.constantFrom<Disposition["role"]>("sender", "receiver");
  const optional = fc.option(fc.boolean(), { nil: undefined });
  fc.assert(fc.property(id, fc.option(id, { nil: undefined }), role, optional, optional, state, (...fields) => {
    const [first, last, role, settled, batchable, state] = fields;
    const given = { first, last, role, settled, batchable, state };
    const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const writer = new Writer();
    encodePerformative(writer, { type: "disposition", ...present } as Disposition);
    const reader = new AcceptedReader();
    const { length } = writer;
    const read = reader.read(writer.bytes(), 0, length);
    assert.equal(read, settled === true && state?.kind === "accepted");
    if (!read) return;
    assert.deepEqual([reader.first, reader.last, reader.fromReceiver], [first, last ?? first, role === "receiver"]);
  }));
});

Deno.test("accepted: octets that are read differently by the general codec are declined", () => {
  const frame = written(7, 900).subarray(FRAME_HEADER_OCTETS);
  fc.assert(fc.property(fc.nat(frame.length - 1), fc.nat(255), fc.nat(frame.length), (at, octet, length) => {
    const bytes = frame.slice(0, length);
    if (at < length) bytes[at] = octet;
    const reader = new AcceptedReader();
    if (!reader.read(bytes, 0, bytes.length)) return;
    const { performative } = decodePerformative(bytes, 0, bytes.length);
    assert.ok(performative.type === "disposition" && performative.settled);
    assert.deepEqual(
      [performative.first, performative.last ?? performative.first, performative.role === "receiver"],
      [reader.first, reader.last, reader.fromReceiver],
    );
    assert.deepEqual(performative.state, { kind: "accepted" });
  }));
});
