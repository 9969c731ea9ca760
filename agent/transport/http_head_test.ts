import assert from "node:assert/strict";
import fc from "fast-check";
import { hasToken, HeadError, HeadReader, MAX_HEAD, statusOf } from "./http_head.ts";

const encode = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Feeds `text` in pieces of `size`. */
function read(text: string, size = text.length, prefix = "HTTP/1.") {
  const bytes = encode(text);
  const reader = new HeadReader(prefix);
  for (let at = 0; at < bytes.length; at += size) {
    const found = reader.push(bytes.subarray(at, at + size));
    if (found !== undefined) {
      const rest = String.fromCharCode(...found.rest) + String.fromCharCode(...bytes.subarray(at + size));
      return { ...found.head, rest };
    }
  }
  return undefined;
}

Deno.test("a head is read however it is cut, and what follows is left alone", () => {
  const text = "HTTP/1.1 200 Fine\r\nX-One: 1\r\nx-one:2 \r\nEmpty:\r\n\r\nrest\r\n\r\n";
  for (let size = 1; size <= text.length; size++) {
    const head = read(text, size)!;
    assert.equal(head.startLine, "HTTP/1.1 200 Fine");
    assert.deepEqual([...head.fields], [["x-one", "1, 2"], ["empty", ""]]);
    assert.equal(head.rest, "rest\r\n\r\n");
  }
});

Deno.test("a head without fields is a head", () => {
  assert.equal(read("HTTP/1.1 200\r\n\r\n")?.fields.size, 0);
});

Deno.test("what is no head is refused as soon as that shows", () => {
  assert.throws(() => read("S"), HeadError);
  assert.throws(() => read("HTTP/2 200"), HeadError);
  assert.throws(() => read("AMQP\x00\x01\x00\x00", 1), HeadError);
  assert.throws(() => read("HTTP/1.1 200\r\nno colon\r\n\r\n"), HeadError);
  assert.throws(() => read("HTTP/1.1 200\r\n folded: x\r\n\r\n"), HeadError);
  assert.throws(() => read("HTTP/1.1 200\r\nname : x\r\n\r\n"), HeadError);
  assert.throws(() => read("HTTP/1.1 200\r\nx: a\nb\r\n\r\n"), HeadError);
  assert.throws(() => read("HTTP/1.1 \x07\r\n\r\n"), HeadError);
});

Deno.test("a head has an end, or there is an end to it", () => {
  const fits = `HTTP/1.1 200\r\nx: ${"a".repeat(MAX_HEAD - 22)}\r\n\r\n`;
  assert.ok(read(fits, 100) !== undefined || fits.length > MAX_HEAD);
  assert.throws(() => read(`HTTP/1.1 200\r\nx: ${"a".repeat(MAX_HEAD)}`, 100), HeadError);
  assert.throws(() => read(`HTTP/1.1 200\r\nx: ${"a".repeat(100_000)}`), HeadError);
});

Deno.test("status lines are read strictly", () => {
  assert.equal(statusOf("HTTP/1.1 200 OK"), 200);
  assert.equal(statusOf("HTTP/1.0 407"), 407);
  for (const line of ["HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.2 200", "http/1.1 200", "HTTP/1.1 2x0 OK", ""]) {
    assert.throws(() => statusOf(line), HeadError);
  }
});

Deno.test("lists of tokens are searched in any case", () => {
  assert.ok(hasToken("keep-alive, Upgrade", "upgrade"));
  assert.ok(!hasToken("upgraded", "upgrade"));
  assert.ok(!hasToken(undefined, "upgrade"));
});

Deno.test("arbitrary bytes never do more than be refused", () => {
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => String.fromCharCode(...bytes));
  fc.assert(fc.property(noise, fc.integer({ min: 1, max: 50 }), (text, size) => {
    try {
      read(`HTTP/1.1 ${text}\r\n\r\n`, size);
    } catch (error) {
      assert.ok(error instanceof HeadError, String(error));
    }
  }));
});
