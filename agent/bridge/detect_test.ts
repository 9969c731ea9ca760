import assert from "node:assert/strict";
import fc from "fast-check";
import { detect, type Detected, MAX_DETECTED_OCTETS } from "./detect.ts";

const octets = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

const cases: readonly [string, Detected | undefined][] = [
  ["", undefined],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http2"],
  ["PRI * HTTP/2.0\r", undefined],
  ["PRI * HTTP/1.1\r\n", "http1"],
  ["P", undefined],
  ["GET / HTTP/1.1\r\n", "http1"],
  ["GET / HTTP/1.0", "http1"],
  ["GET / HTTP/1.", undefined],
  ["VERSION-CONTROL http://h/?a=b HTTP/1.1\r\n", "http1"],
  ["OPTIONS * HTTP/1.1", "http1"],
  ["CONNECT h:1 HTTP/1.1", "http1"],
  ["GET / HTTP/2.0\r\n", "tcp"],
  ["GET / HTTP/1.x", "tcp"],
  ["GET /\r\n", "tcp"],
  ["GET  HTTP/1.1\r\n", "tcp"],
  ["get / HTTP/1.1\r\n", "tcp"],
  ["get key\r\n", "tcp"],
  ["SET key value\r\n", "tcp"],
  ["PING\r\n", "tcp"],
  ["EHLO host\r\n", "tcp"],
  [" GET / HTTP/1.1", "tcp"],
  ["\r\nGET / HTTP/1.1", "tcp"],
  ["*1\r\n$4\r\nPING\r\n", "tcp"],
  ["SSH-2.0-x\r\n", "tcp"],
  ["AMQP\x00\x01\x00\x00", "tcp"],
  ["\x16\x03\x01\x02\x00", "tcp"],
  ["GET /\xff HTTP/1.1", "tcp"],
  ["A".repeat(24), undefined],
  ["A".repeat(25), "tcp"],
  [`GET /${"x".repeat(1000)}`, undefined],
  [`GET /${"x".repeat(MAX_DETECTED_OCTETS)}`, "tcp"],
];
for (const [text, expected] of cases) {
  Deno.test(`detect: ${JSON.stringify(text).slice(0, 60)} is ${expected ?? "open"}`, () => {
    assert.equal(detect(octets(text)), expected);
  });
}

Deno.test("detect: what is decided stays so, however many octets follow", () => {
  const starts = fc.constantFrom(...cases.map(([text]) => text));
  fc.assert(fc.property(starts, fc.uint8Array({ maxLength: 100 }), (start, rest) => {
    const all = new Uint8Array([...octets(start), ...rest]);
    let decided: Detected | undefined;
    for (let length = 0; length <= all.length; length++) {
      const found = detect(all.subarray(0, length));
      if (decided !== undefined) assert.equal(found, decided);
      decided = found;
    }
  }));
});

Deno.test("detect: nothing stays open at the limit", () => {
  fc.assert(
    fc.property(fc.constantFrom("GET /", "PRI * HTTP/", "A", ""), fc.string(), (start, more) => {
      const text = (start + more.repeat(10_000)).padEnd(MAX_DETECTED_OCTETS, "x").slice(0, MAX_DETECTED_OCTETS);
      assert.notEqual(detect(octets(text)), undefined);
    }),
    { numRuns: 30 },
  );
});
