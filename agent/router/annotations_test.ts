import assert from "node:assert/strict";
import fc from "fast-check";
import { readTrace, TRACES } from "../../tests/support/traces.ts";
import {
  ANNOTATIONS_DESCRIPTOR_OCTETS,
  decodeAnnotations,
  encodeAnnotations,
  MAX_TRACE,
  NO_ANNOTATIONS,
  type RouterAnnotations,
  startsWithAnnotations,
} from "./annotations.ts";

const decode = (section: Uint8Array) => decodeAnnotations(section, ANNOTATIONS_DESCRIPTOR_OCTETS, section.length);

const text = fc.option(fc.string({ unit: "grapheme", maxLength: 400 }), { nil: undefined });
const values: fc.Arbitrary<RouterAnnotations> = fc.record({
  flags: fc.nat(0xffffffff),
  toOverride: text,
  ingress: text,
  trace: fc.array(fc.string({ maxLength: 40 }), { maxLength: 12 }),
  ingressMesh: text,
}, { noNullPrototype: true });

Deno.test("annotations: what is encoded is decoded again", () => {
  fc.assert(fc.property(values, (annotations) => {
    assert.deepEqual(decode(encodeAnnotations(annotations)), annotations);
  }));
});

Deno.test("annotations: those of real routers are read, and written back to the same octets", () => {
  const marker = encodeAnnotations(NO_ANNOTATIONS).subarray(0, ANNOTATIONS_DESCRIPTOR_OCTETS).toHex();
  let seen = 0;
  for (const { bytes, truncated } of TRACES.flatMap(readTrace)) {
    const at = bytes.toHex().indexOf(marker) / 2;
    if (at < 0 || truncated || bytes[at + marker.length / 2] !== 0xd0) continue;
    const list = at + ANNOTATIONS_DESCRIPTOR_OCTETS;
    const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(list + 1);
    const section = bytes.slice(at, list + 5 + size);
    const annotations = decode(section);
    assert.ok(annotations);
    assert.deepEqual(encodeAnnotations(annotations), section);
    seen++;
  }
  assert.ok(seen > 20, `${seen} sections in the traces`);
});

Deno.test("annotations: any prefix of the descriptor may be the beginning, nothing else may", () => {
  const section = encodeAnnotations(NO_ANNOTATIONS);
  for (let end = 0; end <= section.length; end++) assert.equal(startsWithAnnotations(section, 0, end), true);
  for (let at = 0; at < ANNOTATIONS_DESCRIPTOR_OCTETS; at++) {
    const other = section.slice();
    other[at]! ^= 1;
    assert.equal(startsWithAnnotations(other, 0, other.length), false);
  }
});

Deno.test("annotations: a section that is cut, or made of anything, is malformed or valid, but nothing throws", () => {
  fc.assert(fc.property(values, fc.nat(), (annotations, cut) => {
    const section = encodeAnnotations(annotations);
    const length = ANNOTATIONS_DESCRIPTOR_OCTETS + cut % (section.length - ANNOTATIONS_DESCRIPTOR_OCTETS);
    assert.equal(decode(section.subarray(0, length)), undefined);
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
    decodeAnnotations(octets, 0, octets.length);
  }));
});

Deno.test("annotations: wrong types, too few elements and endless traces are malformed", () => {
  const list = (...octets: number[]) => Uint8Array.of(0xc0, octets.length, ...octets);
  const malformed: Record<string, Uint8Array> = {
    "three elements": list(3, 0x43, 0x40, 0x40),
    "flags as text": list(4, 0xa1, 0, 0x40, 0x40, 0x45),
    "override as number": list(4, 0x43, 0x43, 0x40, 0x45),
    "ingress as number": list(4, 0x43, 0x40, 0x43, 0x45),
    "trace as text": list(4, 0x43, 0x40, 0x40, 0xa1, 0),
    "null in the trace": list(4, 0x43, 0x40, 0x40, 0xc0, 2, 1, 0x40),
    "null as mesh id": list(5, 0x43, 0x40, 0x40, 0x45, 0x40),
    "a map": Uint8Array.of(0xc1, 1, 0),
    "no list at all": Uint8Array.of(0x40),
  };
  for (const [name, octets] of Object.entries(malformed)) {
    assert.equal(decodeAnnotations(octets, 0, octets.length), undefined, name);
  }
  const trace = Array.from({ length: MAX_TRACE }, (_, at) => `0/${at}`);
  assert.equal(decode(encodeAnnotations({ ...NO_ANNOTATIONS, trace }))?.trace.length, MAX_TRACE);
  assert.equal(decode(encodeAnnotations({ ...NO_ANNOTATIONS, trace: [...trace, "0/x"] })), undefined);
});
