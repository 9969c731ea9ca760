import assert from "node:assert/strict";
import fc from "fast-check";
import { applyMask, FrameReader, HEAD_ROOM, MAX_FRAME, Opcode, WebSocketError, writeHead } from "./websocket_frame.ts";

/** A frame as `writeHead` makes it. */
function frame(payload: Uint8Array, opcode: number, mask?: Uint8Array): Uint8Array {
  const out = new Uint8Array(HEAD_ROOM + payload.length);
  out.set(payload, HEAD_ROOM);
  return out.slice(writeHead(out, HEAD_ROOM, payload.length, opcode, mask));
}

/** What a reader makes of `bytes` that come in pieces. */
function read(bytes: Uint8Array, masked: boolean, pieces: readonly number[] = []) {
  const payload: number[] = [];
  const pings: number[][] = [];
  let ends = 0;
  const sink = {
    onPayload: (part: Uint8Array) => void payload.push(...part),
    onPing: (part: Uint8Array) => void pings.push([...part]),
    onEnd: () => void ends++,
  };
  const reader = new FrameReader(sink, masked);
  const copy = bytes.slice();
  let at = 0;
  for (let i = 0; at < copy.length; i++) {
    const size = pieces.length === 0 ? copy.length : Math.max(1, pieces[i % pieces.length]);
    reader.push(copy.subarray(at, at + size));
    at += size;
  }
  return { payload: Uint8Array.from(payload), pings, ends };
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function statusOf(bytes: readonly number[], masked = false): number {
  try {
    read(Uint8Array.from(bytes), masked);
  } catch (error) {
    if (error instanceof WebSocketError) return error.status;
    throw error;
  }
  return 0;
}

const arbitraryMask = fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }), { nil: undefined });

Deno.test("what is written is read again, however it is cut, with pings in between", () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 });
  const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(payloads, arbitraryMask, pieces, (list, mask, sizes) => {
    const ping = Uint8Array.of(1, 2, 3);
    const stream = concat(
      ...list.flatMap((each) => [frame(each, Opcode.binary, mask), frame(ping, Opcode.ping, mask)]),
      frame(new Uint8Array(0), Opcode.pong, mask),
      frame(Uint8Array.of(3, 232), Opcode.close, mask),
      frame(Uint8Array.of(9), Opcode.binary, mask),
    );
    const seen = read(stream, mask !== undefined, sizes);
    assert.deepEqual(seen.payload, concat(...list));
    assert.deepEqual(seen.pings, list.map(() => [1, 2, 3]));
    assert.equal(seen.ends, 1, "and nothing after the end");
  }));
});

Deno.test("every length has its one form", () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]) {
    for (const mask of [undefined, Uint8Array.of(1, 2, 3, 4)]) {
      const payload = Uint8Array.from({ length }, (_none, i) => i);
      const bytes = frame(payload, Opcode.binary, mask);
      const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
      assert.equal(bytes.length, 2 + extended + (mask === undefined ? 0 : 4) + length);
      const seen = read(bytes, mask !== undefined, [1000]);
      assert.ok(seen.payload.every((byte, i) => byte === payload[i]) && seen.payload.length === length);
    }
  }
});

Deno.test("the examples of RFC 6455, section 5.7, as binary, are read", () => {
  const hello = new TextEncoder().encode("Hello");
  assert.deepEqual(read(Uint8Array.of(0x82, 5, ...hello), false).payload, hello);
  const masked = [0x82, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
  assert.deepEqual(read(Uint8Array.from(masked), true).payload, hello);
  const fragments = [0x02, 3, 0x48, 0x65, 0x6c, 0x89, 0, 0x80, 2, 0x6c, 0x6f];
  assert.deepEqual(read(Uint8Array.from(fragments), false), { payload: hello, pings: [[]], ends: 0 });
});

Deno.test("breaches of the protocol end with the status the RFC gives them", () => {
  assert.equal(statusOf([0x81, 0]), 1003, "text");
  assert.equal(statusOf([0xc2, 0]), 1002, "reserved bit");
  assert.equal(statusOf([0x82, 0x80, 0, 0, 0, 0]), 1002, "masked by a server");
  assert.equal(statusOf([0x82, 0], true), 1002, "not masked by a client");
  assert.equal(statusOf([0x83, 0]), 1002, "unknown type");
  assert.equal(statusOf([0x8b, 0]), 1002, "unknown control type");
  assert.equal(statusOf([0x80, 0]), 1002, "continuation of nothing");
  assert.equal(statusOf([0x02, 0, 0x82, 0]), 1002, "a message inside a message");
  assert.equal(statusOf([0x09, 0]), 1002, "fragmented ping");
  assert.equal(statusOf([0x89, 126, 0, 126]), 1002, "long ping");
  assert.equal(statusOf([0x82, 126, 0, 125]), 1002, "wasteful length");
  assert.equal(statusOf([0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255]), 1002, "wasteful length");
  const tooLong = MAX_FRAME + 1;
  assert.equal(statusOf([0x82, 127, 0, 0, 0, 0, tooLong >>> 24, (tooLong >>> 16) & 255, 0, 1]), 1009);
  assert.equal(statusOf([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255]), 1009);
});

Deno.test("arbitrary bytes never do more than break the protocol", () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), pieces, (bytes, masked, sizes) => {
    try {
      read(bytes, masked, sizes);
    } catch (error) {
      assert.ok(error instanceof WebSocketError, String(error));
    }
  }));
});

Deno.test("masking is a byte-wise exclusive or at every alignment, and undoes itself", () => {
  const inputs = [fc.uint8Array({ maxLength: 40 }), fc.nat(7), fc.nat(9)] as const;
  fc.assert(fc.property(...inputs, fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes, shift, offset, mask) => {
    const room = new Uint8Array(shift + bytes.length);
    room.set(bytes, shift);
    const view = room.subarray(shift);
    applyMask(view, mask, offset);
    assert.deepEqual([...view], [...bytes].map((byte, i) => byte ^ mask[(offset + i) % 4]));
    applyMask(view, mask, offset);
    assert.deepEqual([...view], [...bytes]);
  }));
});
