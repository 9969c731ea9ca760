import assert from "node:assert/strict";
import fc from "fast-check";
import { isHeadSource, type MessageHead } from "../adaptor/action.ts";
import { writeEvent } from "../adaptor/event_codec.ts";
import { decodeSections, encodeSections, type SectionsHead } from "./message_sections.ts";

const ascii = fc.string({
  maxLength: 40,
  unit: fc.integer({ min: 0, max: 0x7f }).map((code) => String.fromCharCode(code)),
});
const text = fc.oneof({ weight: 5, arbitrary: ascii }, { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) });
const key = fc.oneof(text, fc.constantFrom(":path", ":version", ":site", ":interim", ":client", "a"));
const head: fc.Arbitrary<MessageHead> = fc.record({
  contentType: text,
  subject: fc.oneof(text, fc.constantFrom("GET", "200")),
  properties: fc.array(fc.tuple(key, fc.record({ type: fc.constantFrom("string", "field"), value: text })), {
    maxLength: 12,
  }),
});
const envelope = fc.record({
  to: ascii,
  replyTo: fc.option(ascii, { nil: undefined }),
  messageId: fc.option(fc.record({ type: fc.constant("ulong"), value: fc.bigInt(0n, 1n << 40n) })),
  interim: fc.boolean(),
  site: fc.option(ascii, { nil: undefined }),
  client: fc.option(ascii, { nil: undefined }),
});
/** A section before which no head is read where it lies. */
const HEADER = [0x00, 0x53, 0x70, 0x45];
const target = new Uint8Array(64 * 1024);

function plain(read: SectionsHead | string | undefined, shift: number): unknown {
  if (typeof read !== "object") return typeof read;
  return { ...read, head: isHeadSource(read.head) ? read.head.toJSON() : read.head, bodyAt: read.bodyAt - shift };
}

/** Reads the octets where they lie, if they are such, and by the general codec, and tells whether both say the same. */
function assertSame(octets: Uint8Array): boolean {
  const read = decodeSections(octets, true);
  const generally = decodeSections(Uint8Array.from([...HEADER, ...octets]), true);
  assert.deepEqual(plain(read, 0), plain(generally, HEADER.length));
  if (typeof read !== "object" || !isHeadSource(read.head)) return false;
  const written = target.slice(0, writeEvent(target, { kind: "begin", stream: 1, head: read.head }));
  const length = writeEvent(target, { kind: "begin", stream: 1, head: read.head.toJSON() });
  assert.deepEqual(written, target.slice(0, length));
  return true;
}

Deno.test("received head: what is read and written where it lies is what the general codec reads and writes", () => {
  let inPlace = 0;
  fc.assert(fc.property(envelope, head, (envelope, head) => {
    if (assertSame(encodeSections(envelope, head).slice())) inPlace++;
  }));
  assert.ok(inPlace > 0);
});

Deno.test("received head: a field and a property of one name are two, in either order", () => {
  const field = ["a", { type: "field", value: "1" }] as const;
  const text = ["a", { type: "string", value: "2" }] as const;
  for (const properties of [[field, text], [text, field]]) {
    const octets = encodeSections({ to: "web" }, { contentType: "", properties }).slice();
    assert.ok(assertSame(octets));
    assert.equal(typeof decodeSections(octets, true), "object");
  }
});

Deno.test("received head: whatever is damaged reads the same either way, or not at all", () => {
  const octets = encodeSections({ to: "web", replyTo: "amqp:/_edge/west/temp.1", site: "east" }, {
    contentType: "a/b",
    subject: "GET",
    properties: [
      [":path", { type: "string", value: "/x" }],
      ["Cookie", { type: "field", value: "a" }],
      ["Accept", { type: "field", value: "v".repeat(300) }],
    ],
  }).slice();
  assert.ok(assertSame(octets));
  fc.assert(
    fc.property(
      fc.nat(octets.length - 1),
      fc.nat(255),
      fc.nat(octets.length),
      fc.boolean(),
      (at, octet, cut, short) => {
        const damaged = octets.slice(0, short ? cut : octets.length);
        if (at < damaged.length) damaged[at] = octet;
        // An empty message has no section that the other could be put before.
        if (damaged.length > 0) assertSame(damaged);
      },
    ),
    { numRuns: 3000 },
  );
});
