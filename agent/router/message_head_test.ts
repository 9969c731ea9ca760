import assert from "node:assert/strict";
import fc from "fast-check";
import { message } from "../../tests/support/wire_peer.ts";
import { Writer } from "../amqp/codec/writer.ts";
import { NO_ANNOTATIONS, STREAMING } from "./annotations.ts";
import { MAX_HEAD_OCTETS, type MessageHead, parseMessageHead } from "./message_head.ts";

function whole(octets: Uint8Array): MessageHead {
  const head = parseMessageHead(octets, true);
  assert.ok(head !== undefined && !("malformed" in head), JSON.stringify(head));
  return head;
}

function malformed(octets: Uint8Array, complete = true): string | undefined {
  const head = parseMessageHead(octets, complete);
  return head !== undefined && "malformed" in head ? head.malformed : undefined;
}

/** Header, delivery annotations, message annotations and properties, as a client may write them. */
function sections(priority: number, to: string | undefined): Uint8Array {
  const writer = new Writer();
  writer.describedList(0x70, [true, { type: "ubyte", value: priority }]);
  for (const code of [0x71, 0x72]) {
    writer.descriptor(code);
    writer.map([["key", "x".repeat(300)]]);
  }
  writer.describedList(0x73, [undefined, undefined, to]);
  writer.descriptor(0x75);
  writer.binary(new Uint8Array(10));
  return writer.bytes().slice();
}

Deno.test("message head: address and priority are found behind other sections", () => {
  const head = whole(sections(7, "web"));
  assert.deepEqual(head, { annotations: NO_ANNOTATIONS, restAt: 0, to: "web", priority: 7 });
  assert.equal(whole(sections(200, "web")).priority, 9, "no more than there is");
  assert.equal(whole(sections(4, undefined)).to, undefined);
  assert.equal(whole(sections(4, "x".repeat(400))).to, "x".repeat(400), "also with a 32-bit length");
});

Deno.test("message head: router annotations come off the front", () => {
  const octets = message({ to: "web", annotations: { flags: STREAMING, trace: ["0/A"] } });
  const head = whole(octets);
  assert.equal(head.annotations.flags, STREAMING);
  assert.deepEqual(head.annotations.trace, ["0/A"]);
  assert.deepEqual(octets.subarray(head.restAt), message({ to: "web" }));
});

Deno.test("message head: descriptors may have any width, and a body may come first", () => {
  const wide = Uint8Array.of(0x00, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x73, 0xc0, 6, 3, 0x40, 0x40, 0xa1, 1, 0x61);
  assert.equal(whole(wide).to, "a");
  assert.equal(whole(Uint8Array.of(0x00, 0x53, 0x75, 0xa0, 1, 9)).to, undefined);
  assert.equal(whole(Uint8Array.of(0xa0, 1, 9, 0)).to, undefined, "what is no section is a body");
  assert.equal(whole(Uint8Array.of(0x00, 0xa3, 1, 0x61, 0x45)).to, undefined, "a symbolic descriptor is not ours");
});

Deno.test("message head: a prefix asks for more or says what the whole says, never something else", () => {
  const annotations = { toOverride: "over", trace: ["0/A", "0/B"] };
  const octets = message({ to: "web", body: "b".repeat(600), annotations });
  const expected = whole(octets);
  let answers = 0;
  for (let end = 0; end < octets.length; end++) {
    const head = parseMessageHead(octets.subarray(0, end), false);
    if (head === undefined) assert.equal(answers, 0, "once known, it stays known");
    else {
      answers++;
      assert.deepEqual(head, expected);
    }
  }
  assert.ok(answers > 600, "the body is not waited for");
});

Deno.test("message head: what ends inside a section, or can't be measured, is malformed", () => {
  const octets = sections(4, "web");
  for (let end = 1; end < 600; end += 7) assert.ok(malformed(octets.subarray(0, end)), `cut at ${end}`);
  assert.equal(malformed(new Uint8Array(0)), "empty message");
  assert.equal(malformed(Uint8Array.of(0x00, 0x53, 0x70, 0x33), false), "unknown encoding in a section");
  const annotations = message({ annotations: {} }).slice();
  annotations[19] = 0xa1; // The flags become a text.
  assert.equal(malformed(annotations, false), "router annotations");
});

Deno.test("message head: sections before the body have a limit", () => {
  const head = Uint8Array.of(0x00, 0x53, 0x72, 0xd1, 0x7f, 0xff, 0xff, 0xff);
  const within = new Uint8Array(MAX_HEAD_OCTETS);
  within.set(head);
  assert.equal(parseMessageHead(within, false), undefined);
  const above = new Uint8Array(MAX_HEAD_OCTETS + 1);
  above.set(head);
  assert.match(malformed(above, false) ?? "", /exceed 65536/);
});

Deno.test("message head: arbitrary octets never throw", () => {
  const start = fc.constantFrom<number[]>([], [0x00, 0x53, 0x70], [0x00, 0x53, 0x73, 0xc0], [0, 0x80, 0x53, 0x4b]);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 60 }), fc.boolean(), (first, rest, complete) => {
      parseMessageHead(Uint8Array.from([...first, ...rest]), complete);
    }),
    { numRuns: 2000 },
  );
});
