import { deepEqual, equal, match } from "node:assert/strict";
import { decodeStreamHead, encodeStreamHead, MAX_HEAD_OCTETS } from "./stream_head.ts";
import { LARGEST_WINDOW_OCTETS } from "./window.ts";

const HEAD = {
  contentType: "application/octet-stream",
  properties: [["V", { type: "uint", value: 1 }], ["alpn", { type: "string", value: "h2" }]],
} as const;

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

Deno.test("stream head: what is written is read, whatever octets follow", () => {
  const bytes = encodeStreamHead("key", "amqp:/_edge/west/temp.1", HEAD);
  // The payload is raw: even octets that look like a section are none.
  const payload = new Uint8Array([0x00, 0x53, 0x77, 0x40, 0xff]);
  deepEqual(decodeStreamHead(join(bytes, payload)), {
    to: "key",
    replyTo: "amqp:/_edge/west/temp.1",
    window: LARGEST_WINDOW_OCTETS,
    head: HEAD,
    bodyAt: bytes.length,
  });
});

Deno.test("stream head: every prefix of a head waits for the rest, none is taken for whole or broken", () => {
  const bytes = encodeStreamHead("key", undefined, HEAD);
  for (let octets = 0; octets < bytes.length; octets++) equal(decodeStreamHead(bytes.subarray(0, octets)), undefined);
});

Deno.test("stream head: an answer has no reply-to, a stream of another kind no content-type", () => {
  const bytes = encodeStreamHead("amqp:/_edge/west/temp.1", undefined, { contentType: "", properties: [] });
  deepEqual(decodeStreamHead(bytes), {
    to: "amqp:/_edge/west/temp.1",
    replyTo: undefined,
    window: LARGEST_WINDOW_OCTETS,
    head: { contentType: "", properties: [] },
    bodyAt: bytes.length,
  });
});

Deno.test("stream head: header and annotations before the properties are passed over, a symbol is as good as a string", () => {
  const header = new Uint8Array([0x00, 0x53, 0x70, 0x45]);
  const properties = new Uint8Array([
    ...[0x00, 0x53, 0x73, 0xc0, 0x0d, 0x07, 0x40, 0x40, 0xa1, 0x01, 0x6b, 0x40, 0x40, 0x40],
    ...[0xa3, 0x01, 0x78],
  ]);
  const body = new Uint8Array([0x00, 0x53, 0x77, 0x40]);
  properties[4] = properties.length - 5;
  const head = decodeStreamHead(join(header, properties, body));
  deepEqual(head, {
    to: "k",
    replyTo: undefined,
    head: { contentType: "x", properties: [] },
    bodyAt: header.length + properties.length + body.length,
  });
});

Deno.test("stream head: what is no head says why", () => {
  equal(decodeStreamHead(new Uint8Array([0x40])), "section expected");
  match(String(decodeStreamHead(new Uint8Array([0x00, 0x53, 0x78, 0x40]))), /not an amqp-value/);
});

Deno.test("stream head: one that never ends is broken once it is longer than any head", () => {
  // A string that announces more than ever comes.
  const endless = new Uint8Array(MAX_HEAD_OCTETS + 1);
  endless.set([0x00, 0x53, 0x73, 0xd0, 0x7f, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01]);
  equal(decodeStreamHead(endless.subarray(0, MAX_HEAD_OCTETS)), undefined);
  equal(typeof decodeStreamHead(endless), "string");
});
