import assert from "node:assert/strict";
import { knownText } from "./known_texts.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

function assertReads(octets: Uint8Array): void {
  const padded = new Uint8Array(octets.length + 2);
  padded.set(octets, 1);
  for (let times = 0; times < 3; times++) {
    assert.equal(knownText(padded, 1, 1 + octets.length), decoder.decode(octets));
  }
}

Deno.test("known texts: what is read is what the octets say, the first time and again", () => {
  for (const text of ["", "a", "amqp:/_edge/west/temp.1.abc", "größe", "\u{1f600}", "x".repeat(128), "x".repeat(500)]) {
    assertReads(encoder.encode(text));
  }
});

Deno.test("known texts: thousands that differ in one character are told apart", () => {
  const name = (at: number) => `amqp:/_edge/west/temp.${at.toString(36)}.${"k".repeat(at % 20)}`;
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < 5000; at++) assert.equal(knownText(encoder.encode(name(at)), 0, name(at).length), name(at));
  }
});

Deno.test("known texts: octets that are no text are replaced, and never taken for one that is", () => {
  assertReads(Uint8Array.of(0xff, 0x41));
  assertReads(encoder.encode("\ufffdA"));
  assertReads(Uint8Array.of(0xff, 0x41));
  assertReads(Uint8Array.of(0x41, 0x41));
});

Deno.test("known texts: one that begins with a byte order mark is not the one without", () => {
  for (const text of ["\ufeffkey", "key"]) {
    const bytes = encoder.encode(text);
    assert.equal(knownText(bytes, 0, bytes.length), text);
  }
});
