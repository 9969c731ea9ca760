import assert from "node:assert/strict";
import fc from "fast-check";
import { BodyReader, framingOf, TooLargeError } from "./http_body.ts";
import { HeadError } from "./http_head.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function head(fields: Record<string, string>) {
  return { startLine: "", fields: new Map(Object.entries(fields)) };
}

Deno.test("http body: how it is framed is said once, or it is refused", () => {
  assert.equal(framingOf(head({}), 0), 0);
  assert.equal(framingOf(head({}), "close"), "close");
  assert.equal(framingOf(head({ "content-length": "24" }), 0), 24);
  assert.equal(framingOf(head({ "transfer-encoding": "Chunked" }), 0), "chunked");
  for (
    const fields of [
      { "content-length": "5, 5" },
      { "content-length": "-1" },
      { "content-length": "0x5" },
      { "transfer-encoding": "gzip, chunked" },
      { "transfer-encoding": "chunked", "content-length": "5" },
    ]
  ) assert.throws(() => framingOf(head(fields), 0), HeadError, JSON.stringify(fields));
});

Deno.test("http body: chunks are put together wherever the network cuts them", () => {
  const wire = encoder.encode("4\r\nwest\r\n1;x=y\r\n-\r\nA\r\n0123456789\r\n0\r\ntrailer: x\r\n\r\n");
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: wire.length }), { maxLength: 12 }), (cuts) => {
    const reader = new BodyReader("chunked", 15);
    const places = [0, ...cuts.sort((a, b) => a - b), wire.length];
    for (const [i, from] of places.slice(0, -1).entries()) reader.push(wire.subarray(from, places[i + 1]));
    assert.ok(reader.done);
    assert.equal(decoder.decode(reader.bytes()), "west-0123456789");
  }));
});

Deno.test("http body: what is too large is refused before it has come", () => {
  assert.throws(() => new BodyReader(11, 10), TooLargeError);
  assert.throws(() => new BodyReader("chunked", 10).push(encoder.encode("b\r\n")), TooLargeError);
  assert.throws(() => new BodyReader("close", 10).push(new Uint8Array(11)), TooLargeError);
  assert.throws(() => new BodyReader("chunked", 10).push(new Uint8Array(2000).fill(48)), HeadError);
});

Deno.test("http body: malformed chunks and cut ends are refused", () => {
  for (const text of ["x\r\n", "4\nwest", "4\r\nwest!\r\n", "\r\n", "-4\r\n", "4 4\r\n"]) {
    assert.throws(() => new BodyReader("chunked", 10).push(encoder.encode(text)), HeadError, JSON.stringify(text));
  }
  for (const framing of [4, "chunked"] as const) {
    const reader = new BodyReader(framing, 10);
    reader.push(encoder.encode("4\r\n").subarray(0, framing === 4 ? 2 : 3));
    assert.throws(() => reader.end(), HeadError);
  }
});

Deno.test("http body: any octets at all are a body or one of two refusals", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom("chunked" as const, 50, 0), (bytes, kind) => {
      try {
        const reader = new BodyReader(kind, 100);
        reader.push(bytes);
        reader.end();
        assert.ok(reader.bytes().length <= 100);
      } catch (error) {
        assert.ok(error instanceof HeadError || error instanceof TooLargeError, String(error));
      }
    }),
  );
});
