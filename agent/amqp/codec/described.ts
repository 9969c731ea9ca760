/** Described values that occur inside performatives: termini, delivery states, errors (part 2.8.14, 3.4, 3.5). */

import { FieldReader, required } from "./reader.ts";
import {
  type AmqpError,
  type AmqpMap,
  AmqpSymbol,
  type AmqpValue,
  type DeliveryState,
  type Terminus,
} from "./types.ts";
import { ProtocolError } from "../protocol_error.ts";

const ERROR = 0x1d;
const SOURCE = 0x28;
const TARGET = 0x29;
const RECEIVED = 0x23;
const ACCEPTED = 0x24;
const REJECTED = 0x25;
const RELEASED = 0x26;
const MODIFIED = 0x27;

type Described = Extract<AmqpValue, { type: "described" }>;

/** An optional symbol. */
export function symbol(text: string | undefined): AmqpValue | undefined {
  return text === undefined ? undefined : new AmqpSymbol(text);
}

/** An optional uint. */
export function uint(value: number | undefined): AmqpValue | undefined {
  return value === undefined ? undefined : { type: "uint", value };
}

/** An optional ubyte. */
export function ubyte(value: number | undefined): AmqpValue | undefined {
  return value === undefined ? undefined : { type: "ubyte", value };
}

/** An optional map. */
export function map(value: AmqpMap | undefined): AmqpValue | undefined {
  return value === undefined ? undefined : { type: "map", value };
}

/** The source of an attach as a value. */
export function sourceValue(source: Terminus | undefined): AmqpValue | undefined {
  if (source === undefined) return undefined;
  return described(SOURCE, [
    ...terminusFields(source),
    symbol(source.distributionMode),
    source.filter,
    source.defaultOutcome,
    source.outcomes,
    source.capabilities,
  ]);
}

/** The target of an attach as a value. */
export function targetValue(target: Terminus | { readonly other: AmqpValue } | undefined): AmqpValue | undefined {
  if (target === undefined) return undefined;
  if ("other" in target) return target.other;
  return described(TARGET, [...terminusFields(target), target.capabilities]);
}

/** The source of an attach from a value. */
export function toSource(value: AmqpValue | undefined): Terminus | undefined {
  const fields = fieldsOf(value, SOURCE);
  if (fields === undefined) return undefined;
  const common = readTerminus(fields);
  return compact<Terminus>({
    ...common,
    distributionMode: fields.text("distribution-mode"),
    filter: fields.any(),
    defaultOutcome: fields.any(),
    outcomes: fields.any(),
    capabilities: fields.any(),
  });
}

/** The target of an attach from a value. */
export function toTarget(value: AmqpValue | undefined): Terminus | { readonly other: AmqpValue } | undefined {
  if (value === undefined) return undefined;
  const fields = fieldsOf(value, TARGET);
  if (fields === undefined) return { other: value };
  return compact<Terminus>({ ...readTerminus(fields), capabilities: fields.any() });
}

/** An error as a value. */
export function errorValue(error: AmqpError | undefined): AmqpValue | undefined {
  if (error === undefined) return undefined;
  return described(ERROR, [symbol(error.condition), error.description, map(error.info)]);
}

/** An error from a value. */
export function toError(value: AmqpValue | undefined): AmqpError | undefined {
  const fields = fieldsOf(value, ERROR);
  if (fields === undefined) return undefined;
  return compact<AmqpError>({
    condition: required(fields.text("condition"), "error.condition"),
    description: fields.text("description"),
    info: fields.map("info"),
  });
}

/** A delivery state as a value. */
export function stateValue(state: DeliveryState | undefined): AmqpValue | undefined {
  if (state === undefined) return undefined;
  switch (state.kind) {
    case "received":
      return described(RECEIVED, [uint(state.sectionNumber), { type: "ulong", value: state.sectionOffset }]);
    case "accepted":
      return described(ACCEPTED, []);
    case "rejected":
      return described(REJECTED, [errorValue(state.error)]);
    case "released":
      return described(RELEASED, []);
    case "modified":
      return described(MODIFIED, [state.deliveryFailed, state.undeliverableHere, map(state.messageAnnotations)]);
    case "other":
      return state.value;
  }
}

/** A delivery state from a value. */
export function toState(value: AmqpValue | undefined): DeliveryState | undefined {
  if (value === undefined) return undefined;
  if (!isDescribed(value)) throw new ProtocolError("amqp:invalid-field", "delivery state is not a described type");
  const fields = listFields(value.value);
  switch (fields === undefined ? -1 : code(value)) {
    case RECEIVED:
      return {
        kind: "received",
        sectionNumber: required(fields!.number("section-number"), "section-number"),
        sectionOffset: required(fields!.big("section-offset"), "section-offset"),
      };
    case ACCEPTED:
      return { kind: "accepted" };
    case REJECTED:
      return compact<Extract<DeliveryState, { kind: "rejected" }>>({ kind: "rejected", error: toError(fields!.any()) });
    case RELEASED:
      return { kind: "released" };
    case MODIFIED:
      return compact<Extract<DeliveryState, { kind: "modified" }>>({
        kind: "modified",
        deliveryFailed: fields!.boolean("delivery-failed"),
        undeliverableHere: fields!.boolean("undeliverable-here"),
        messageAnnotations: fields!.map("message-annotations"),
      });
    default:
      return { kind: "other", value };
  }
}

/** Removes undefined members, so that absent stays absent. */
export function compact<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  for (const key of Object.keys(value)) {
    if (Reflect.get(value, key) === undefined) Reflect.deleteProperty(value, key);
  }
  return value as T;
}

function readTerminus(fields: FieldReader) {
  return {
    address: fields.text("address"),
    durable: fields.number("durable"),
    expiryPolicy: fields.text("expiry-policy"),
    timeout: fields.number("timeout"),
    dynamic: fields.boolean("dynamic"),
    dynamicNodeProperties: fields.map("dynamic-node-properties"),
  };
}

function terminusFields(terminus: Terminus): (AmqpValue | undefined)[] {
  return [
    terminus.address,
    uint(terminus.durable),
    symbol(terminus.expiryPolicy),
    uint(terminus.timeout),
    terminus.dynamic,
    map(terminus.dynamicNodeProperties),
  ];
}

function described(descriptor: number, fields: (AmqpValue | undefined)[]): AmqpValue {
  let count = fields.length;
  while (count > 0 && fields[count - 1] === undefined) count--;
  const value = fields.slice(0, count).map((field) => field ?? null);
  return {
    type: "described",
    descriptor: { type: "ulong", value: BigInt(descriptor) },
    value: { type: "list", value },
  };
}

function fieldsOf(value: AmqpValue | undefined, descriptor: number): FieldReader | undefined {
  return isDescribed(value) && code(value) === descriptor ? listFields(value.value) : undefined;
}

/** Already decoded fields, read with the checks of a field reader. */
function listFields(value: AmqpValue): FieldReader | undefined {
  if (typeof value !== "object" || value === null || value instanceof AmqpSymbol || value.type !== "list") {
    return undefined;
  }
  return new FieldReader(value.value);
}

function isDescribed(value: AmqpValue | undefined): value is Described {
  return typeof value === "object" && value !== null && !(value instanceof AmqpSymbol) && value.type === "described";
}

function code(value: Described): number {
  const { descriptor } = value;
  const known = typeof descriptor === "object" && descriptor !== null && !(descriptor instanceof AmqpSymbol) &&
    descriptor.type === "ulong";
  return known ? Number(descriptor.value) : -1;
}
