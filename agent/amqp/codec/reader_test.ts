import assert from "node:assert/strict";
import { readTrace } from "../../../tests/support/traces.ts";
import { ProtocolError } from "../protocol_error.ts";
import { decodePerformative } from "./performatives.ts";
import { MAX_EMPTY_ELEMENTS, OTHER_DESCRIPTOR, Reader } from "./reader.ts";
import { decodeSasl } from "./sasl.ts";

function fromHex(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

function read(bytes: Uint8Array): unknown {
  return new Reader(bytes, 0, bytes.length).value();
}

function refuse(action: () => unknown, message: RegExp): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.equal(error.condition, "amqp:decode-error");
    assert.match(error.message, message);
    return true;
  });
}

function uint32(value: number): string {
  return value.toString(16).padStart(8, "0");
}

Deno.test("depth bomb: lists, arrays, maps and descriptors nested beyond the limit are refused, not followed", () => {
  const levels = 20_000;
  refuse(() => read(fromHex("00".repeat(levels))), /nested deeper/);
  let lists = "45";
  let maps = "40";
  let arrays = "e002 00 40";
  for (let level = 0; level < 40; level++) {
    const size = (hex: string) => hex.replaceAll(" ", "").length / 2;
    lists = `d0 ${uint32(size(lists) + 4)} 00000001 ${lists}`;
    maps = `d1 ${uint32(size(maps) + 5)} 00000002 40 ${maps}`;
    const inner = arrays.replaceAll(" ", "").slice(2);
    arrays = `f0 ${uint32(inner.length / 2 + 5)} 00000001 ${level === 0 ? "e0" : "f0"} ${inner}`;
  }
  refuse(() => read(fromHex(lists)), /nested deeper/);
  refuse(() => read(fromHex(maps)), /nested deeper/);
  refuse(() => read(fromHex(arrays)), /nested deeper/);
});

Deno.test("32 levels of lists are read", () => {
  let hex = "40";
  for (let level = 0; level < 32; level++) hex = `d0${uint32(hex.length / 2 + 4)}00000001${hex}`;
  assert.doesNotThrow(() => read(fromHex(hex)));
  refuse(() => read(fromHex(`d0${uint32(hex.length / 2 + 4)}00000001${hex}`)), /nested deeper/);
});

Deno.test("levels that were left don't count: many siblings are no depth", () => {
  const siblings = 100;
  const hex = "c0 04 01 c0 01 00".repeat(siblings);
  assert.doesNotThrow(() => read(fromHex(`d0 ${uint32(4 + siblings * 6)} ${uint32(siblings)} ${hex}`)));
  const described = "00 53 01 40".repeat(siblings);
  assert.doesNotThrow(() => read(fromHex(`d0 ${uint32(4 + siblings * 4)} ${uint32(siblings)} ${described}`)));
});

Deno.test("huge counts and sizes are refused before anything is allocated for them", () => {
  for (const code of ["d0", "d1", "f0"]) {
    refuse(() => read(fromHex(`${code} 00000008 ffffffff 40404040`)), /more elements|early|octets/);
    refuse(() => read(fromHex(`${code} ffffffff 00000001 40`)), /exceeds/);
    refuse(() => read(fromHex(`${code} 7fffffff 7fffffff 70 40`)), /exceeds/);
  }
  for (const code of ["c0", "c1", "e0"]) {
    refuse(() => read(fromHex(`${code} 03 ff 4040`)), /more elements|odd|does not fill|octets/);
    refuse(() => read(fromHex(`${code} ff 01 40`)), /exceeds/);
  }
  for (const code of ["b0", "b1", "b3"]) refuse(() => read(fromHex(`${code} ffffffff 41`)), /early/);
  for (const code of ["a0", "a1", "a3"]) refuse(() => read(fromHex(`${code} ff 41`)), /early/);
});

Deno.test("an array of 2^32 elements without octets is refused, whatever their type", () => {
  for (const code of ["40", "41", "42", "43", "44", "45"]) {
    refuse(() => read(fromHex(`f0 00000005 ffffffff ${code}`)), /more than 4096/);
    refuse(() => read(fromHex(`f0 00000008 ffffffff 00 53 01 ${code}`)), /more than 4096/);
  }
  refuse(() => read(fromHex("f0 00000005 ffffffff 50")), /more elements/);
});

Deno.test("many arrays share one allowance of elements without octets", () => {
  const full = `f0 00000005 ${uint32(MAX_EMPTY_ELEMENTS)} 45`;
  assert.doesNotThrow(() => read(fromHex(`d0 0000000e 00000001 ${full}`)));
  refuse(() => read(fromHex(`d0 00000018 00000002 ${full}${full}`)), /more than 4096/);
});

Deno.test("compound values whose size and content disagree are refused", () => {
  const wrong = {
    "list that ends before its elements": "c0 02 02 40",
    "list with octets left over": "c0 03 01 40 40",
    "list whose element runs over its end": "c0 03 01 a1 02 4142",
    "list without room for its count": "d0 00000003 000000",
    "list of size zero": "c0 00",
    "map with a key alone": "c1 02 01 40",
    "array without constructor": "e0 01 01",
    "array of size zero": "e0 00",
    "array with octets left over": "e0 04 01 50 01 02",
    "array whose element runs over its end": "e0 04 01 a1 02 41 42",
    "array of doubly described elements": "e0 09 01 00 53 01 00 53 02 50 07",
    "empty array of an unknown type": "e0 02 00 99",
    "described array without constructor": "e0 04 01 00 53 01",
  };
  for (const [name, hex] of Object.entries(wrong)) {
    assert.throws(() => read(fromHex(hex)), ProtocolError, name);
  }
  refuse(() => read(fromHex("c1 02 01 40")), /odd number/);
});

Deno.test("values that no type allows are refused", () => {
  refuse(() => read(fromHex("56 02")), /boolean of octet 2/);
  refuse(() => read(fromHex("73 00110000")), /no Unicode character/);
  refuse(() => read(fromHex("73 0000d800")), /no Unicode character/);
  refuse(() => read(fromHex("73 ffffffff")), /no Unicode character/);
  refuse(() => read(fromHex("a1 02 c328")), /not UTF-8/);
  refuse(() => read(fromHex("a1 03 eda080")), /not UTF-8/);
  refuse(() => read(fromHex(`b1 00000080 ${"41".repeat(127)}ff`)), /not UTF-8/);
  refuse(() => read(fromHex("a3 01 80")), /not UTF-8/);
});

Deno.test("constructors that the standard does not have are refused", () => {
  const known = new Set([
    ...[0x00, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x60, 0x61],
    ...[0x70, 0x71, 0x72, 0x73, 0x74, 0x80, 0x81, 0x82, 0x83, 0x84, 0x94, 0x98],
    ...[0xa0, 0xa1, 0xa3, 0xb0, 0xb1, 0xb3, 0xc0, 0xc1, 0xd0, 0xd1, 0xe0, 0xf0],
  ]);
  for (let code = 0; code < 256; code++) {
    if (known.has(code)) continue;
    refuse(() => read(new Uint8Array([code, ...new Array(20).fill(0)])), /unknown constructor/);
    refuse(() => read(new Uint8Array([0xe0, 3, 1, code, 0])), /unknown constructor/);
  }
});

Deno.test("every recorded performative, cut after any octet, is refused", () => {
  let cuts = 0;
  for (const name of ["raw-edge-conn1.hex", "raw-mgmt-conn1.hex"]) {
    for (const { bytes, header, where } of readTrace(name)) {
      if (header || bytes.length === 8) continue;
      const sasl = bytes[5] === 1;
      const whole = sasl ? bytes.length : decodePerformative(bytes, 8, bytes.length).end;
      for (let end = 8; end < whole; end++) {
        // Once the rest stays in the buffer, behind the window, and once the buffer itself is too short.
        for (const [buffer, limit] of [[bytes, end], [bytes.slice(0, end), whole]] as const) {
          const decode = () => sasl ? decodeSasl(buffer, 8, limit) : decodePerformative(buffer, 8, limit);
          assert.throws(decode, ProtocolError, `${where} cut at ${end}`);
        }
        cuts++;
      }
    }
  }
  assert.ok(cuts > 5000, `only ${cuts} cuts`);
});

Deno.test("descriptors are peeked at in the two encodings in use, and left unread", () => {
  const peek = (hex: string) => {
    const bytes = fromHex(hex);
    const reader = new Reader(bytes, 0, bytes.length);
    const code = reader.peekDescriptor();
    assert.equal(reader.offset, 0);
    return code;
  };
  assert.equal(peek("00 53 74 45"), 0x74);
  assert.equal(peek("00 80 0000000000000074 45"), 0x74);
  assert.equal(peek("00 80 000000007fffffff 45"), 0x7fffffff);
  assert.equal(peek("00 80 0000000080000000 45"), OTHER_DESCRIPTOR);
  assert.equal(peek("00 80 534b50522d2d5241 45"), OTHER_DESCRIPTOR);
  assert.equal(peek("00 80 00000000000000"), OTHER_DESCRIPTOR);
  assert.equal(peek("00 a3 01 41 45"), OTHER_DESCRIPTOR);
  assert.equal(peek("00 53"), OTHER_DESCRIPTOR);
  assert.equal(peek("00"), OTHER_DESCRIPTOR);
  assert.equal(peek("45"), undefined);
  assert.equal(peek(""), undefined);
});

Deno.test("a wrong descriptor is refused", () => {
  refuse(() => decodePerformative(fromHex("00 53 30 45"), 0, 4), /unknown performative 0x30/);
  refuse(() => decodePerformative(fromHex("00 53 40 45"), 0, 4), /unknown performative 0x40/);
  refuse(() => decodePerformative(fromHex("00 80 534b50522d2d5241 45"), 0, 11), /unknown descriptor/);
  refuse(() => decodePerformative(fromHex("00 a3 01 41 45"), 0, 5), /unknown descriptor/);
  refuse(() => decodePerformative(fromHex("c0 01 00"), 0, 3), /described type expected/);
  refuse(() => decodePerformative(fromHex("00 53 18 40"), 0, 4), /list expected/);
  refuse(() => decodePerformative(fromHex("00 53 18 c1 01 00"), 0, 6), /list expected/);
  refuse(() => decodePerformative(new Uint8Array(0), 0, 0), /described type expected/);
  refuse(() => decodeSasl(fromHex("00 53 10 45"), 0, 4), /unknown SASL frame 0x10/);
});
