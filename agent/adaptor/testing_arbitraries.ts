/** Test support: fast-check arbitraries for what crosses the ABI. */

import fc from "fast-check";
import type { Action, MessageHead, PropertyValue, StreamEvent } from "./action.ts";

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const streamNumber = fc.integer({ min: 1, max: 0xffff_ffff });
const octets = fc.uint8Array({ maxLength: 300 });
/** What is decoded is compared with what was made, so both must be plain objects. */
const plain = { noNullPrototype: true };
const text = fc.string({ unit: "grapheme", maxLength: 40 });

const propertyValue: fc.Arbitrary<PropertyValue> = fc.oneof(
  text.map((value) => ({ type: "string", value }) as const),
  u32.map((value) => ({ type: "uint", value }) as const),
);
const field: fc.Arbitrary<PropertyValue> = text.map((value) => ({ type: "field", value }) as const);

/** Any message head. */
export const anyHead: fc.Arbitrary<MessageHead> = fc.tuple(
  fc.record({
    contentType: text,
    properties: fc.uniqueArray(fc.tuple(text, propertyValue), { selector: ([key]) => key, maxLength: 8 }),
  }, plain),
  text,
  fc.array(fc.tuple(fc.constantFrom("Cookie", "a", ""), field), { maxLength: 4 }),
).map(([head, subject, fields]) => ({
  ...head,
  ...(subject === "" ? {} : { subject }),
  properties: [...head.properties, ...fields],
}));

const anyOfBoth = fc.oneof(
  fc.record({ kind: fc.constant("begin"), stream: streamNumber, head: anyHead }, plain),
  fc.record({ kind: fc.constant("data"), stream: streamNumber, data: octets }, plain),
  fc.record({ kind: fc.constantFrom("end", "abort"), stream: streamNumber }, plain),
);

/** Any stream event. */
export const anyEvent: fc.Arbitrary<StreamEvent> = fc.oneof(
  anyOfBoth,
  fc.record({
    kind: fc.constant("abort"),
    stream: streamNumber,
    reason: fc.constantFrom("released", "failed", "rejected"),
  }, plain),
  fc.record({ kind: fc.constant("window"), stream: streamNumber, octets: u32 }, plain),
);

/** Any action. */
export const anyAction: fc.Arbitrary<Action> = fc.oneof(
  anyOfBoth,
  fc.record({ kind: fc.constant("begin"), stream: streamNumber, head: anyHead, interim: fc.constant(true) }, plain),
  fc.record({ kind: fc.constant("abort"), stream: streamNumber, untouched: fc.constant(true) }, plain),
  fc.record({ kind: fc.constant("abort"), stream: streamNumber, answered: fc.integer({ min: 200, max: 599 }) }, plain),
  fc.record({ kind: fc.constant("resume"), stream: streamNumber }, plain),
  fc.record({ kind: fc.constant("concurrency"), requests: u32 }, plain),
  fc.record({ kind: fc.constant("bytes"), data: octets }, plain),
  fc.record({
    kind: fc.constant("splice"),
    side: fc.constantFrom("socket-to-stream", "stream-to-socket"),
    stream: streamNumber,
    length: fc.oneof(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.constant(Infinity)),
  }, plain),
  fc.record({
    kind: fc.constant("splice"),
    side: fc.constant("socket-to-stream"),
    stream: streamNumber,
    length: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    further: fc.record({
      times: fc.integer({ min: 1, max: 0xffff }),
      head: fc.uint8Array({ minLength: 1, maxLength: 255 }),
      instead: fc.uint8Array({ maxLength: 255 }),
    }, plain),
  }, plain),
  fc.record({ kind: fc.constant("log"), level: fc.constantFrom("debug", "info", "warn", "error"), text }, plain),
  fc.record({
    kind: fc.constant("metric"),
    name: text.filter((name) => name !== ""),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }),
  }, plain),
  fc.record({ kind: fc.constant("error"), text, code: u32 }, plain),
  fc.record({ kind: fc.constant("close"), text }, plain),
);

/** Octets that are likely to be nearly records: noise, or records with some octets changed and some cut off. */
export function nearlyRecords(records: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  const damaged = fc.tuple(records, fc.array(change, { maxLength: 4 }), fc.nat({ max: 8 })).map(
    ([record, changes, cut]) => {
      const damage = record.slice(0, Math.max(0, record.length - cut));
      for (const [at, octet] of changes) if (damage.length > 0) damage[at % damage.length] = octet;
      return damage;
    },
  );
  return fc.oneof({ weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) }, { weight: 4, arbitrary: damaged });
}
