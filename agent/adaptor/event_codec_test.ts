import assert from "node:assert/strict";
import fc from "fast-check";
import type { MessageHead, PropertyValue, StreamEvent } from "./action.ts";
import { AdaptorError } from "./adaptor_error.ts";
import { writeEvent } from "./event_codec.ts";
import { formatLimits } from "./limits.ts";
import { anyEvent, nearlyRecords } from "./testing_arbitraries.ts";
import { readEvents } from "./testing_events.ts";

function encode(event: StreamEvent): Uint8Array {
  const target = new Uint8Array(1 << 20).fill(0xaa);
  return target.slice(0, writeEvent(target, event));
}

function begin(head: MessageHead): StreamEvent {
  return { kind: "begin", stream: 1, head };
}

function unwritable(event: StreamEvent): void {
  assert.throws(() => encode(event), { code: "ADAPTOR_EVENT" });
}

Deno.test("event codec reads back whatever it wrote, over whatever was in the buffer", () => {
  fc.assert(fc.property(anyEvent, (event) => {
    assert.deepEqual(readEvents(encode(event)), [event]);
  }));
});

Deno.test("event codec either refuses octets with a typed error or could have written them itself", () => {
  fc.assert(
    fc.property(nearlyRecords(anyEvent.map(encode)), (bytes) => {
      let events: StreamEvent[];
      try {
        events = readEvents(bytes);
      } catch (error) {
        assert.ok(error instanceof AdaptorError, String(error));
        assert.equal(error.code, "ADAPTOR_RECORD");
        return;
      }
      assert.equal(events.map((event) => encode(event).toHex()).join(""), bytes.toHex());
    }),
    { numRuns: 3000 },
  );
});

Deno.test("event codec fits a record exactly or not at all", () => {
  fc.assert(fc.property(anyEvent, (event) => {
    const size = encode(event).length;
    assert.equal(writeEvent(new Uint8Array(size), event), size);
    assert.throws(() => writeEvent(new Uint8Array(size - 1), event), { code: "ADAPTOR_EVENT" });
  }));
});

Deno.test("event codec refuses to write what the ABI can't say", () => {
  const value = { type: "string", value: "v" } as const;
  for (const stream of [0, -1, 1.5, 2 ** 32, NaN]) unwritable({ kind: "end", stream });
  for (const number of [-1, 1.5, 2 ** 32, NaN]) {
    unwritable(begin({ contentType: "", properties: [["V", { type: "uint", value: number }]] }));
  }
  unwritable(begin({ contentType: "\ud800", properties: [] }));
  unwritable(begin({ contentType: "", properties: [["\udc00", value]] }));
  unwritable(begin({ contentType: "", properties: [["same", value], ["same", value]] }));
  unwritable(begin({ contentType: "", properties: [["k".repeat(formatLimits.headKeyOctets + 1), value]] }));
  const many = Array.from({ length: formatLimits.headProperties + 1 }, (_, index): [string, PropertyValue] => [
    `${index}`,
    value,
  ]);
  unwritable(begin({ contentType: "", properties: many }));
  assert.equal(readEvents(encode(begin({ contentType: "", properties: many.slice(1) }))).length, 1);
});

Deno.test("event codec refuses heads that are not in the one proper form", () => {
  const type = [0, 1, 12, 0, 1, 0, 0, 0, ..."content-typex"].map(octet);
  const key = [1, 1, 1, 0, 1, 0, 0, 0, ..."kv"].map(octet);
  const refused: number[][] = [
    [...type, ...type],
    [...key, ...type],
    [...key, ...key],
    [2, ...key.slice(1)],
    [1, 4, ...key.slice(2)],
    [0, 1, 7, 0, 1, 0, 0, 0, ..."subjects"].map(octet).concat(type),
    [0, 1, 7, 0, 0, 0, 0, 0, ..."subject"].map(octet),
    [0, ...key.slice(1)],
    [...type.slice(0, 4), 0, ...type.slice(5, -1)],
    key.slice(0, -1),
    key.slice(0, 7),
    [...key.slice(0, 4), 255, 255, 255, 255, ...key.slice(8)],
    [1, 2, 1, 0, 3, 0, 0, 0, octet("k"), 0, 0, 0],
  ];
  for (const payload of refused) {
    const padding = Array.from({ length: -payload.length & 3 }, () => 0);
    const bytes = new Uint8Array([2, 0, 0, 0, 1, 0, 0, 0, payload.length, 0, 0, 0, ...payload, ...padding]);
    assert.throws(() => readEvents(bytes), { code: "ADAPTOR_RECORD" }, `${payload}`);
  }
  const fine = [...type, ...key];
  const bytes = new Uint8Array([2, 0, 0, 0, 1, 0, 0, 0, fine.length, 0, 0, 0, ...fine, 0]);
  assert.deepEqual(readEvents(bytes), [
    begin({ contentType: "x", properties: [["k", { type: "string", value: "v" }]] }),
  ]);
});

function octet(item: string | number): number {
  return typeof item === "number" ? item : item.charCodeAt(0);
}
