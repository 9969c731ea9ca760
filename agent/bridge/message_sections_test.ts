import assert from "node:assert/strict";
import fc from "fast-check";
import rhea from "rhea";
import { isHeadSource, type MessageHead } from "../adaptor/action.ts";
import { anyHead } from "../adaptor/testing_arbitraries.ts";
import { dataHeader, EMPTY_DATA, SectionReader } from "./data_sections.ts";
import { decodeSections, encodeSections, type Envelope, MAX_SECTIONS_OCTETS } from "./message_sections.ts";

const envelope: Envelope = {
  to: "web",
  replyTo: "amqp:/_edge/west/temp.1",
  messageId: { type: "ulong", value: 3n },
};
const head = {
  contentType: "",
  subject: "GET",
  properties: [
    [":path", { type: "string", value: "/x" }],
    ["Cookie", { type: "field", value: "a" }],
    ["Cookie", { type: "field", value: "b" }],
  ],
} as const;

function plain(head: MessageHead): MessageHead {
  return isHeadSource(head) ? head.toJSON() : head;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function bodyOf(pieces: readonly Uint8Array[]): { octets: number[]; good: boolean } {
  const octets: number[] = [];
  const reader = new SectionReader({ onOctets: (piece) => void octets.push(...piece) });
  const good = pieces.every((piece) => reader.push(piece)) && reader.atEnd;
  return { octets, good };
}

Deno.test("message sections: what was encoded is decoded, whatever the head", () => {
  fc.assert(fc.property(anyHead, fc.boolean(), (head, interim) => {
    // Numbers mean nothing to the adaptors that have many messages.
    const texts = { ...head, properties: head.properties.filter(([, { type }]) => type !== "uint") };
    const decoded = decodeSections(encodeSections({ ...envelope, interim }, texts), true);
    assert.ok(typeof decoded === "object");
    assert.deepEqual(plain(decoded.head), texts);
    assert.deepEqual([decoded.replyTo, decoded.messageId, decoded.interim], [
      envelope.replyTo,
      envelope.messageId,
      interim,
    ]);
  }));
});

Deno.test("message sections: a head is read as soon as it is there, and not before", () => {
  const sections = encodeSections(envelope, head).slice();
  for (let length = 0; length < sections.length; length++) {
    assert.equal(decodeSections(sections.subarray(0, length), false), undefined, `${length} octets`);
  }
  for (const body of [new Uint8Array(0), EMPTY_DATA]) {
    const whole = decodeSections(joined(sections, body), false);
    assert.equal(typeof whole === "object" && whole.bodyAt, sections.length);
  }
  const bare = Uint8Array.of(0x00, 0x53, 0x73, 0x45);
  assert.equal(decodeSections(bare, false), undefined);
  assert.equal(typeof decodeSections(bare, true), "object");
  assert.equal(typeof decodeSections(joined(bare, EMPTY_DATA), false), "object");
});

Deno.test("message sections: another implementation reads the same", () => {
  const body = new TextEncoder().encode("hello");
  const message = rhea.message.decode(
    // deno-lint-ignore no-node-globals -- the library wants its type
    Buffer.from(joined(encodeSections(envelope, head), dataHeader(body.length), body)),
  );
  assert.deepEqual([message.to, message.reply_to, message.subject], [envelope.to, envelope.replyTo, "GET"]);
  assert.equal(message.application_properties?.[":path"], "/x");
  assert.equal(message.body.content.toString(), "hello");
});

Deno.test("message sections: damaged heads give a reason, never an exception", () => {
  const sections = encodeSections(envelope, head).slice();
  fc.assert(
    fc.property(fc.nat({ max: sections.length - 1 }), fc.nat({ max: 255 }), fc.boolean(), (at, octet, complete) => {
      const damaged = sections.slice();
      damaged[at] = octet;
      const decoded = decodeSections(damaged, complete);
      assert.ok(["undefined", "string", "object"].includes(typeof decoded));
    }),
  );
  assert.match(String(decodeSections(new Uint8Array(20).fill(0x40), false)), /section/);
  const endless = joined(sections.subarray(0, 20), new Uint8Array(MAX_SECTIONS_OCTETS));
  assert.equal(typeof decodeSections(endless, false), "string");
});

Deno.test("message sections: octets are taken out of data sections, however they are cut", () => {
  const parts = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(300).fill(7)];
  const footer = Uint8Array.of(0x00, 0x53, 0x78, 0xc1, 0x01, 0x00);
  const body = joined(...parts.flatMap((part) => [dataHeader(part.length).slice(), part]), EMPTY_DATA, footer);
  fc.assert(fc.property(fc.integer({ min: 1, max: body.length }), (size) => {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < body.length; at += size) pieces.push(body.slice(at, at + size));
    assert.deepEqual(bodyOf(pieces), { octets: parts.flatMap((part) => [...part]), good: true });
  }));
});

Deno.test("message sections: the body may be one text or one value of octets; anything else is none", () => {
  const text = joined(Uint8Array.of(0x00, 0x53, 0x77, 0xa1, 2), new TextEncoder().encode("hi"));
  assert.deepEqual(bodyOf([text]), { octets: [104, 105], good: true });
  assert.deepEqual(bodyOf([Uint8Array.of(0x00, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x75, 0xa0, 1, 9)]), {
    octets: [9],
    good: true,
  });
  assert.deepEqual(bodyOf([Uint8Array.of(0x00, 0x53, 0x77, 0x40)]), { octets: [], good: true });
  const broken = [[0x40], [0x00, 0x53, 0x74], [0x00, 0x53, 0x75, 0xc0], [0x00, 0x53, 0x75], [
    0x00,
    0x53,
    0x75,
    0xa0,
    2,
    1,
  ]];
  for (const octets of broken) assert.equal(bodyOf([Uint8Array.from(octets)]).good, false, `${octets}`);
});
