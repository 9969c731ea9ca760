/** Random performatives and SASL frames for property tests. */

import * as fc from "fast-check";
import { leaf, leafArray, value } from "./testing_values.ts";
import { type AmqpError, AmqpSymbol, type AmqpValue, type DeliveryState, type Performative } from "./types.ts";
import type { SaslFrame, Terminus } from "./types.ts";

type Fields<T> = { [K in keyof T]-?: fc.Arbitrary<NonNullable<T[K]>> };

/** Makes an object of which only the `mandatory` fields are always there. */
function record<T extends object>(fields: Fields<T>, mandatory: readonly (keyof T)[]): fc.Arbitrary<T> {
  return fc.record(fields, { requiredKeys: [...mandatory], noNullPrototype: true }).map((made) => made as T);
}

const uint = () => fc.oneof(fc.constantFrom(0, 1, 255, 256, 0xffffffff), fc.integer({ min: 0, max: 0xffffffff }));
const ushort = () => fc.constantFrom(0, 1, 255, 256, 0xffff);
const ubyte = () => fc.nat(255);
const ulong = () => fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
const text = () => fc.string({ unit: "grapheme", maxLength: 20 });
const symbol = () => fc.string({ unit: "grapheme-ascii", maxLength: 20 });
const octets = () => fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array(bytes));
const map = () => fc.array(fc.tuple(leaf(), value()), { maxLength: 3 });
const role = () => fc.constantFrom("sender" as const, "receiver" as const);

/** One symbol, or an array of them: the two forms of a field that may have several values. */
function symbols(): fc.Arbitrary<AmqpValue> {
  const one = symbol().map((text) => new AmqpSymbol(text));
  return fc.oneof(
    one,
    fc.array(one, { minLength: 1, maxLength: 3 }).map((value) => ({ type: "array" as const, value })),
  );
}

/** What a null would be instead: it is not there. */
function there(values: fc.Arbitrary<AmqpValue>): fc.Arbitrary<NonNullable<AmqpValue>> {
  return values.filter((value) => value !== null).map((value) => value as NonNullable<AmqpValue>);
}

function error(): fc.Arbitrary<AmqpError> {
  return record<AmqpError>({ condition: symbol(), description: text(), info: map() }, ["condition"]);
}

function described(codes: readonly bigint[]): fc.Arbitrary<AmqpValue> {
  return fc.tuple(fc.constantFrom(...codes), value()).map(([code, value]) => ({
    type: "described" as const,
    descriptor: { type: "ulong" as const, value: code },
    value,
  }));
}

/** Any delivery state. */
export function deliveryState(): fc.Arbitrary<DeliveryState> {
  type Of<K extends DeliveryState["kind"]> = Extract<DeliveryState, { kind: K }>;
  return fc.oneof(
    fc.constantFrom<DeliveryState>({ kind: "accepted" }, { kind: "released" }),
    record<Of<"received">>({ kind: fc.constant("received"), sectionNumber: uint(), sectionOffset: ulong() }, [
      "kind",
      "sectionNumber",
      "sectionOffset",
    ]),
    record<Of<"rejected">>({ kind: fc.constant("rejected"), error: error() }, ["kind"]),
    record<Of<"modified">>({
      kind: fc.constant("modified"),
      deliveryFailed: fc.boolean(),
      undeliverableHere: fc.boolean(),
      messageAnnotations: map(),
    }, ["kind"]),
    described([0x34n, 0x30n, 0x534b50522d2d5241n]).map((value) => ({ kind: "other" as const, value })),
  );
}

const COMMON = () => ({
  address: text(),
  durable: uint(),
  expiryPolicy: symbol(),
  timeout: uint(),
  dynamic: fc.boolean(),
  dynamicNodeProperties: map(),
});

function source(): fc.Arbitrary<Terminus> {
  return record<Terminus>({
    ...COMMON(),
    distributionMode: symbol(),
    filter: there(value()),
    defaultOutcome: described([0x24n]).map((value) => value as NonNullable<AmqpValue>),
    outcomes: there(symbols()),
    capabilities: there(symbols()),
  }, []);
}

function target(): fc.Arbitrary<Terminus | { readonly other: AmqpValue }> {
  const terminus = fc.record({ ...COMMON(), capabilities: there(symbols()) }, {
    requiredKeys: [],
    noNullPrototype: true,
  });
  return fc.oneof(
    terminus.map((made): Terminus => made),
    described([0x30n, 0x28n]).map((other) => ({ other })),
  );
}

/** One arbitrary for each type of performative. */
export function performatives(): { [T in Performative["type"]]: fc.Arbitrary<Extract<Performative, { type: T }>> } {
  type Of<T extends Performative["type"]> = Extract<Performative, { type: T }>;
  const extensions = () => ({
    offeredCapabilities: there(symbols()),
    desiredCapabilities: there(symbols()),
    properties: map(),
  });
  const locales = () => there(fc.oneof(symbols(), leafArray()));
  return {
    open: record<Of<"open">>({
      type: fc.constant("open"),
      containerId: text(),
      hostname: text(),
      maxFrameSize: uint(),
      channelMax: ushort(),
      idleTimeOut: uint(),
      outgoingLocales: locales(),
      incomingLocales: locales(),
      ...extensions(),
    }, ["type", "containerId"]),
    begin: record<Of<"begin">>({
      type: fc.constant("begin"),
      remoteChannel: ushort(),
      nextOutgoingId: uint(),
      incomingWindow: uint(),
      outgoingWindow: uint(),
      handleMax: uint(),
      ...extensions(),
    }, ["type", "nextOutgoingId", "incomingWindow", "outgoingWindow"]),
    attach: record<Of<"attach">>({
      type: fc.constant("attach"),
      name: text(),
      handle: uint(),
      role: role(),
      sndSettleMode: ubyte(),
      rcvSettleMode: ubyte(),
      source: source(),
      target: target(),
      unsettled: map(),
      incompleteUnsettled: fc.boolean(),
      initialDeliveryCount: uint(),
      maxMessageSize: ulong(),
      ...extensions(),
    }, ["type", "name", "handle", "role"]),
    flow: record<Of<"flow">>({
      type: fc.constant("flow"),
      nextIncomingId: uint(),
      incomingWindow: uint(),
      nextOutgoingId: uint(),
      outgoingWindow: uint(),
      handle: uint(),
      deliveryCount: uint(),
      linkCredit: uint(),
      available: uint(),
      drain: fc.boolean(),
      echo: fc.boolean(),
      properties: map(),
    }, ["type", "incomingWindow", "nextOutgoingId", "outgoingWindow"]),
    transfer: record<Of<"transfer">>({
      type: fc.constant("transfer"),
      handle: uint(),
      deliveryId: uint(),
      deliveryTag: octets(),
      messageFormat: uint(),
      settled: fc.boolean(),
      more: fc.boolean(),
      rcvSettleMode: ubyte(),
      state: deliveryState(),
      resume: fc.boolean(),
      aborted: fc.boolean(),
      batchable: fc.boolean(),
    }, ["type", "handle"]),
    disposition: record<Of<"disposition">>({
      type: fc.constant("disposition"),
      role: role(),
      first: uint(),
      last: uint(),
      settled: fc.boolean(),
      state: deliveryState(),
      batchable: fc.boolean(),
    }, ["type", "role", "first"]),
    detach: record<Of<"detach">>(
      { type: fc.constant("detach"), handle: uint(), closed: fc.boolean(), error: error() },
      ["type", "handle"],
    ),
    end: record<Of<"end">>({ type: fc.constant("end"), error: error() }, ["type"]),
    close: record<Of<"close">>({ type: fc.constant("close"), error: error() }, ["type"]),
  };
}

/** Any body of a SASL frame. */
export function saslFrame(): fc.Arbitrary<SaslFrame> {
  type Of<T extends SaslFrame["type"]> = Extract<SaslFrame, { type: T }>;
  return fc.oneof(
    fc.array(symbol(), { maxLength: 4 }).map((mechanisms) => ({ type: "sasl-mechanisms" as const, mechanisms })),
    record<Of<"sasl-init">>(
      { type: fc.constant("sasl-init"), mechanism: symbol(), initialResponse: octets(), hostname: text() },
      ["type", "mechanism"],
    ),
    octets().map((challenge) => ({ type: "sasl-challenge" as const, challenge })),
    octets().map((response) => ({ type: "sasl-response" as const, response })),
    record<Of<"sasl-outcome">>({ type: fc.constant("sasl-outcome"), code: ubyte(), additionalData: octets() }, [
      "type",
      "code",
    ]),
  );
}
