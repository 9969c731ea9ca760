import assert from "node:assert/strict";
import type { MessageHead } from "../adaptor/action.ts";
import { DISCARD, type Downstream } from "../router/flow.ts";
import { dataHeader } from "./data_sections.ts";
import { encodeSections, MAX_SECTIONS_OCTETS } from "./message_sections.ts";
import { streamMessage } from "./outbound_stream.ts";
import { sort } from "./sorted_message.ts";
import { encodeStreamHead } from "./stream_head.ts";

const request: MessageHead = {
  contentType: "",
  subject: "GET",
  properties: [[":path", { type: "string", value: "/x" }]],
};
const envelope = { to: "web", replyTo: "r", messageId: "1" };
const BODY = new Uint8Array([...dataHeader(2), 1, 2]);

function octets(head: Uint8Array): Uint8Array {
  return new Uint8Array([...head, ...BODY]);
}

/** What came of a message: what it was taken for, and with which octets; then all that follows. */
class Taken implements Downstream {
  readonly pending = 0;
  kind: boolean | undefined;
  bytes: number[] = [];
  ended = 0;
  gone = 0;

  sort(start: Uint8Array): Downstream {
    return sort(streamMessage("web", start), {
      take: (isRequest, all) => {
        this.kind = isRequest;
        this.bytes = [...all];
        return this;
      },
      onGone: () => this.gone++,
    });
  }

  write(piece: Uint8Array): void {
    this.bytes.push(...piece);
  }
  end(): void {
    this.ended++;
  }
  abort = DISCARD.abort;
  producerSettled = DISCARD.producerSettled;
}

const forms: readonly [string, Uint8Array, boolean][] = [
  ["a request", octets(encodeSections(envelope, request)), true],
  ["a stream", octets(encodeStreamHead("web", "r", { contentType: "", properties: [] })), false],
  ["a message without a path", octets(encodeSections(envelope, { ...request, properties: [] })), false],
  ["a message without a method", octets(encodeSections(envelope, { ...request, subject: "" })), false],
  ["no sections at all", new TextEncoder().encode("\x01\x02\x03 and more"), false],
];
for (const [what, bytes, isRequest] of forms) {
  Deno.test(`sorted message: ${what}, wherever it is cut`, () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const taken = new Taken();
      const downstream = taken.sort(bytes.subarray(0, cut));
      for (const octet of bytes.subarray(cut)) downstream.write(Uint8Array.of(octet));
      downstream.end();
      assert.deepEqual([taken.kind, taken.ended, taken.gone], [isRequest, 1, 0], `cut at ${cut}`);
      assert.deepEqual(taken.bytes, [...bytes]);
    }
  });
}

Deno.test("sorted message: one that ends before its head is told of, and its octets are bounded", () => {
  const taken = new Taken();
  taken.sort(octets(encodeSections(envelope, request)).subarray(0, 10)).abort();
  assert.deepEqual([taken.kind, taken.gone], [undefined, 1]);
  // A producer that gives up settles first, and aborts then.
  const settled = new Taken();
  const downstream = settled.sort(octets(encodeSections(envelope, request)).subarray(0, 10));
  downstream.producerSettled(undefined);
  downstream.abort();
  downstream.write(octets(encodeSections(envelope, request)).subarray(10));
  downstream.end();
  assert.deepEqual([settled.kind, settled.gone, settled.ended], [undefined, 1, 0]);
  const long = new Taken();
  const value = "x".repeat(3 * MAX_SECTIONS_OCTETS);
  const head = encodeSections(envelope, { ...request, properties: [["a", { type: "string", value }]] });
  long.sort(head.subarray(0, MAX_SECTIONS_OCTETS + 1));
  assert.equal(long.kind, false);
});
