/**
 * The fields of a kind, read from its schema by way of JSON Schema: for `tendril explain`, for the reference, and to find
 * those in a document that mean nothing here.
 */

import { z } from "zod";
import { nearest } from "../../lib/suggest.ts";
import { QUIET_KEY, type ResourceKind, type Support, SUPPORT_KEY } from "./schema.ts";

/** As much of JSON Schema as the schemas of resources come to. */
export interface JsonSchema {
  /** Of the value. */
  readonly type?: string | readonly string[];
  /** For people. */
  readonly description?: string;
  /** Members by name. */
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  /** Names of members that must be there. */
  readonly required?: readonly string[];
  /** Of members that `properties` does not name. */
  readonly additionalProperties?: JsonSchema | boolean;
  /** Of the members of a list. */
  readonly items?: JsonSchema;
  /** Any of these. */
  readonly anyOf?: readonly JsonSchema[];
  /** The values allowed. */
  readonly enum?: readonly unknown[];
  /** The one value allowed. */
  readonly const?: unknown;
  /** See {@link Support}. */
  readonly [SUPPORT_KEY]?: Support;
  /** See {@link QUIET_KEY}. */
  readonly [QUIET_KEY]?: readonly unknown[];
}

/** One field. */
export interface Field {
  /** From the root of the resource, `[]` for members of a list: `spec.endpoints[].host`. */
  readonly path: string;
  /** What may be written: `text`, `number or text`, `true or false`, `list`, `map`, or the words allowed. */
  readonly type: string;
  /** It must be there. */
  readonly required: boolean;
  /** What becomes of it. */
  readonly support: Support;
  /** What it means. */
  readonly description: string;
}

/** A field in a document that has no effect. */
export interface Stray {
  /** Keys and indices from the root. */
  readonly path: readonly (string | number)[];
  /** What to say about it, after its name. */
  readonly what: string;
}

const schemas = new Map<ResourceKind<z.ZodType>, JsonSchema>();

/** The JSON Schema of documents of `kind`, made once. */
export function jsonSchema(kind: ResourceKind<z.ZodType>): JsonSchema {
  const known = schemas.get(kind);
  if (known !== undefined) return known;
  const { $schema, properties, required, ...rest } = z.toJSONSchema(kind.schema, { io: "input" }) as JsonSchema & {
    $schema: string;
  };
  const made = {
    $schema,
    title: kind.kind,
    description: kind.unused === undefined ? kind.summary : `${kind.summary} ${kind.unused}`,
    ...rest,
    properties: {
      apiVersion: { const: kind.apiVersion },
      kind: { const: kind.kind },
      ...properties,
    },
    required: ["apiVersion", "kind", ...required ?? []],
  };
  schemas.set(kind, made);
  return made;
}

/** Every field of `kind` that means something to Skupper or Tendril, in the order of its schema. */
export function fieldsOf(kind: ResourceKind<z.ZodType>): Field[] {
  return [...walk(jsonSchema(kind), "", true)];
}

function* walk(schema: JsonSchema, path: string, required: boolean): Generator<Field> {
  const support = schema[SUPPORT_KEY];
  if (support !== undefined) {
    yield { path, type: typeOf(schema), required, support, description: schema.description ?? "" };
  }
  for (const part of parts(schema)) {
    if (part.items !== undefined) yield* walk(part.items, `${path}[]`, required);
    for (const [name, member] of Object.entries(part.properties ?? {})) {
      yield* walk(member, path === "" ? name : `${path}.${name}`, required && part.required?.includes(name) === true);
    }
  }
}

/** A schema and its alternatives. */
function parts(schema: JsonSchema): readonly JsonSchema[] {
  return [schema, ...schema.anyOf ?? []];
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  array: "list",
  object: "map",
};

function typeOf(schema: JsonSchema): string {
  const words = parts(schema).find((part) => part.enum !== undefined)?.enum?.filter((word) => word !== "");
  if (words !== undefined) return words.join(", ");
  const types = parts(schema).flatMap(({ type }) => type ?? []).filter((type) => type !== "null");
  return [...new Set(types)].map((type) => TYPE_NAMES[type] ?? type).join(" or ");
}

/** Metadata is Kubernetes' own and has more than we know of; status is an output. */
const NOT_LOOKED_AT = ["metadata", "status"];

/** What in `value`, a document of `kind`, has no effect: fields that are not known, and those that are `warned`. */
export function strayFields(kind: ResourceKind<z.ZodType>, value: Readonly<Record<string, unknown>>): Stray[] {
  const looked = Object.entries(value).filter(([name]) => !NOT_LOOKED_AT.includes(name));
  return [...strays(jsonSchema(kind), Object.fromEntries(looked), [])];
}

function* strays(schema: JsonSchema, value: unknown, path: readonly (string | number)[]): Generator<Stray> {
  if (schema[SUPPORT_KEY] === "warned") {
    if (!isQuiet(schema, value)) yield { path, what: `has no effect: ${schema.description ?? ""}` };
    return;
  }
  for (const part of parts(schema)) {
    if (Array.isArray(value) && part.items !== undefined) {
      for (const [index, item] of value.entries()) yield* strays(part.items, item, [...path, index]);
    }
    if (part.properties === undefined || typeof value !== "object" || value === null) continue;
    for (const [name, member] of Object.entries(value)) {
      const known = Object.hasOwn(part.properties, name) ? part.properties[name] : undefined;
      if (known !== undefined) yield* strays(known, member, [...path, name]);
      else yield { path: [...path, name], what: unknown(name, Object.keys(part.properties)) };
    }
  }
}

/** True for a value that asks for nothing, or for no more than Tendril does. */
function isQuiet(schema: JsonSchema, value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  if (typeof value === "object" && Object.keys(value).length === 0) return true;
  return schema[QUIET_KEY]?.includes(value) === true;
}

function unknown(name: string, known: readonly string[]): string {
  const near = known.find((other) => other.toLowerCase() === name.toLowerCase()) ?? nearest(name, known);
  return `is not known and was ignored${near === undefined ? "" : `, did you mean ${near}?`}`;
}
