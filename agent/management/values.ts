/** AMQP values made from plain ones and turned back: what management says and asks consists of few types. */

import { type AmqpMap, AmqpSymbol, type AmqpValue } from "../amqp/codec/types.ts";

/** A value without AMQP types: what is left when only its meaning counts. */
export type Plain = null | boolean | number | string | readonly Plain[] | PlainMap;

/** A map with texts as keys. */
export interface PlainMap {
  /** Any value by name. */
  readonly [name: string]: Plain;
}

/** A signed number of 32 bits; null where there is none. */
export function int(value: number | undefined): AmqpValue {
  return value === undefined ? null : { type: "int", value };
}

/** A count of 32 bits; null where there is none. */
export function uint(value: number | undefined): AmqpValue {
  return value === undefined ? null : { type: "uint", value };
}

/** A count of 64 bits. */
export function ulong(value: number): AmqpValue {
  return { type: "ulong", value: BigInt(value) };
}

/** A list of texts. */
export function texts(value: readonly string[]): AmqpValue {
  return { type: "list", value };
}

/** A text, or null where there is none. */
export function text(value: string | undefined): AmqpValue {
  return value ?? null;
}

/** A map. */
export function map(value: AmqpMap): AmqpValue {
  return { type: "map", value };
}

/** The text of a string or a symbol; undefined for all else. */
export function asText(value: AmqpValue | undefined): string | undefined {
  return value instanceof AmqpSymbol ? value.text : typeof value === "string" ? value : undefined;
}

/** The whole number in a value of any integer type; undefined for all else. */
export function asInteger(value: AmqpValue | undefined): number | undefined {
  const number = value === undefined ? undefined : plain(value);
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
}

/** The value under `name` in a map with texts as keys. */
export function entry(value: AmqpMap | undefined, name: string): AmqpValue | undefined {
  return value?.find(([key]) => asText(key) === name)?.[1];
}

/** `value` without its types. Octets become null: nobody here looks at them. */
export function plain(value: AmqpValue): Plain {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (value instanceof AmqpSymbol) return value.text;
  switch (value.type) {
    case "list":
    case "array":
      return value.value.map(plain);
    case "map":
      // Without a prototype, so that no name means anything but its entry.
      return Object.assign(
        Object.create(null),
        Object.fromEntries(value.value.map(([key, item]) => [String(plain(key)), plain(item)])),
      );
    case "described":
      return plain(value.value);
    case "ulong":
    case "long":
    case "timestamp":
      return Number(value.value);
    case "binary":
    case "uuid":
    case "decimal32":
    case "decimal64":
    case "decimal128":
      return null;
    default:
      return value.value;
  }
}
