/**
 * CREATE, UPDATE and DELETE of what can be configured (wire-protocol G.2, G.3): checks a request as skupper-router
 * checks it, in its words, has the configuration do it, and returns the attributes of what there is then.
 */

import type { AmqpMap, AmqpValue } from "../amqp/codec/types.ts";
import {
  type Attribute,
  type AttributeValue,
  attributeValue,
  type Configuration,
  type Configured,
  CONFIGURED_TYPES,
  type ConfiguredType,
} from "./configured.ts";
import { entityType } from "./entities.ts";
import { TYPE_PREFIX } from "./entity_type.ts";
import type { Answer, Request } from "./message.ts";
import { Refusal } from "./refusal.ts";
import { asText, entry, map, type Plain, plain } from "./values.ts";

/** The operations that change something. */
const CHANGES: readonly string[] = ["CREATE", "UPDATE", "DELETE"];
/** Longest name of an entity and longest text in it, in characters. */
const MAX_TEXT = 4096;
/** Attributes that every type has. */
const COMMON: readonly string[] = ["name", "identity", "type"];
/** Words for true and false. A map, for an object has `constructor` and other words besides its own. */
const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ["yes", true],
  ["true", true],
  ["on", true],
  ["no", false],
  ["false", false],
  ["off", false],
]);

/** True for a request that would change something. */
export function isChange({ properties }: Request): boolean {
  return CHANGES.includes(operationOf(properties));
}

/** Does what `request`, an {@link isChange}, asks, and says what came of it. */
export async function change(configuration: Configuration | undefined, request: Request): Promise<Answer> {
  try {
    if (configuration === undefined) throw new Refusal(501, "This router can't be changed by management");
    const { properties, body } = request;
    const operation = operationOf(properties);
    if (operation === "CREATE") {
      return { status: 201, description: "Created", body: await create(configuration, properties, body) };
    }
    const { type, entity } = existing(configuration, properties);
    allow(type, operation);
    if (operation === "UPDATE") {
      return { status: 200, description: "OK", body: await update(configuration, type, entity, body) };
    }
    await configuration.delete(type.type, entity);
    return { status: 204, description: "No Content", body: map([]) };
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, description: error.message, body: map([]) };
    throw error;
  }
}

async function create(configuration: Configuration, properties: AmqpMap, body: AmqpValue): Promise<AmqpValue> {
  const given = attributesOf(body);
  const common = (key: string): string | undefined => {
    const property = textOf(properties, key);
    const attribute = given.get(key) ?? "";
    if (property !== "" && attribute !== "" && attribute !== property) {
      throw new Refusal(400, `Conflicting values for '${key}'`);
    }
    return property || (typeof attribute === "string" && attribute !== "" ? attribute : undefined);
  };
  const typeName = common("type");
  const name = common("name");
  if (typeName === undefined) throw new Refusal(400, "No 'type' attribute in the request");
  if (given.has("identity")) throw new Refusal(400, "Cannot set attribute 'identity' in CREATE");
  const type = configuredType(typeName);
  allow(type, "CREATE");
  const attributes: Record<string, AttributeValue> = {};
  for (const [key, value] of given) {
    if (COMMON.includes(key)) continue;
    const rule = ruleOf(type, key);
    if (rule.set !== "create" && rule.set !== "both") throw new Refusal(400, `Cannot set attribute '${key}' in CREATE`);
    if (value !== null) attributes[key] = checked(type, rule, value);
  }
  for (const [key, rule] of Object.entries(type.attributes)) {
    if (attributes[key] !== undefined) continue;
    if (rule.required) throw new Refusal(400, `${long(type)}: Missing required attribute '${key}'`);
    if (rule.default !== undefined) attributes[key] = rule.default;
  }
  const identity = `${type.type}/${type.identify(name, attributes)}`;
  const made = { name: checkedText(name ?? identity), identity, attributes };
  refuseTwin(configuration, made);
  await configuration.create(type.type, made);
  return shown(configuration, type, made);
}

async function update(
  configuration: Configuration,
  type: ConfiguredType,
  entity: Configured,
  body: AmqpValue,
): Promise<AmqpValue> {
  const attributes: Record<string, AttributeValue> = { ...entity.attributes };
  for (const [key, value] of attributesOf(body)) {
    // It is no error to name what stays as it is.
    if (
      value === (key === "type" ? long(type) : key === "name" || key === "identity" ? entity[key] : attributes[key])
    ) {
      continue;
    }
    const set = COMMON.includes(key) ? undefined : ruleOf(type, key).set;
    if (set !== "update" && set !== "both") throw new Refusal(400, `Cannot update attribute '${key}' in UPDATE`);
    if (value === null) delete attributes[key];
    else attributes[key] = checked(type, ruleOf(type, key), value);
  }
  await configuration.update(type.type, { ...entity, attributes });
  return shown(configuration, type, { ...entity, attributes });
}

/** The entity that `properties` name. */
function existing(configuration: Configuration, properties: AmqpMap): { type: ConfiguredType; entity: Configured } {
  const typeName = textOf(properties, "type");
  const types = typeName === "" ? CONFIGURED_TYPES : [configuredType(typeName)];
  const ids = (["name", "identity"] as const).map((key) => ({ key, value: textOf(properties, key) }))
    .filter(({ value }) => value !== "");
  if (ids.length === 0) throw new Refusal(400, `${typeName}: No name or identity provided`);
  for (const type of types) {
    for (const entity of configuration.entities(type.type)) {
      if (ids.every(({ key, value }) => entity[key] === value)) return { type, entity };
    }
  }
  throw new Refusal(404, `No entity with ${ids.map(({ key, value }) => `${key}=${value}`).join(" ")}`);
}

/** The type that `name` means. One of those that only tell something has no operation but READ. */
function configuredType(name: string): ConfiguredType {
  const known = entityType(name);
  if (known === undefined) throw new Refusal(400, `No such entity type '${name}'`);
  const type = known.type.slice(TYPE_PREFIX.length);
  return CONFIGURED_TYPES.find((each) => each.type === type) ??
    { type, operations: [], attributes: {}, identify: () => "" };
}

function allow(type: ConfiguredType, operation: string): void {
  const operations: readonly string[] = [...type.operations, "READ"];
  if (operations.includes(operation)) return;
  const list = operations.map((each) => `'${each}'`).join(", ");
  throw new Refusal(501, `Operation '${operation}' not implemented for '${long(type)}' [${list}]`);
}

function refuseTwin(configuration: Configuration, made: Configured): void {
  for (const { type } of CONFIGURED_TYPES) {
    for (const other of configuration.entities(type)) {
      for (const key of ["name", "identity"] as const) {
        if (other[key] !== made[key]) continue;
        throw new Refusal(
          400,
          `adding ${made.identity} duplicates unique attribute '${key}' from existing ${other.identity}`,
        );
      }
    }
  }
}

function ruleOf(type: ConfiguredType, key: string): Attribute {
  const rule = Object.hasOwn(type.attributes, key) ? type.attributes[key] : undefined;
  if (rule === undefined) throw new Refusal(400, `Unknown attribute '${key}' for '${long(type)}'`);
  return rule;
}

/** `value` as `rule` wants it: texts and numbers become each other where that is clear, as with skupper-router. */
function checked(type: ConfiguredType, { type: wanted }: Attribute, value: Plain): AttributeValue {
  const wrong = (what: string) => new Refusal(400, `${long(type)}: ${what}`);
  if (typeof value === "object") throw wrong("a list or a map is no value of an attribute");
  if (wanted === "string") return checkedText(String(value));
  if (wanted === "boolean") {
    const flag = typeof value === "string" ? FLAGS.get(value.toLowerCase()) : Boolean(value);
    if (flag === undefined) throw wrong(`Invalid Boolean value '${shownText(value)}'`);
    return flag;
  }
  if (wanted === "integer") {
    const number = typeof value === "string" && value.trim() === "" ? NaN : Number(value);
    if (!Number.isSafeInteger(number)) throw wrong(`'${shownText(value)}' is not a whole number`);
    return number;
  }
  const word = typeof value === "number" ? wanted[value] : wanted.find((each) => each === value);
  if (word === undefined) throw wrong(`Invalid value for ${wanted.join(", ")}: '${shownText(value)}'`);
  return word;
}

function checkedText(text: string): string {
  if (text.length > MAX_TEXT) throw new Refusal(400, `a text has at most ${MAX_TEXT} characters`);
  return text;
}

function shownText(value: string | number | boolean): string {
  return String(value).slice(0, 64);
}

/** The attributes of the entity as it is now, which is `made` unless something has become of it. */
function shown(configuration: Configuration, type: ConfiguredType, made: Configured): AmqpValue {
  const now = [...configuration.entities(type.type)].find(({ identity }) => identity === made.identity) ?? made;
  return map([
    ...Object.entries(now.attributes).map(([key, value]): [string, AmqpValue] => [key, attributeValue(value)]),
    ["name", now.name],
    ["identity", now.identity],
    ["type", long(type)],
  ]);
}

function long({ type }: ConfiguredType): string {
  return TYPE_PREFIX + type;
}

function attributesOf(body: AmqpValue): Map<string, Plain> {
  if (body === null) return new Map();
  const attributes = plain(body);
  if (typeof attributes !== "object" || attributes === null || Array.isArray(attributes)) {
    throw new Refusal(400, "The body of a change is a map of attributes");
  }
  return new Map(Object.entries(attributes));
}

function operationOf(properties: AmqpMap): string {
  return textOf(properties, "operation").toUpperCase();
}

/** A property; empty when there is none. */
function textOf(properties: AmqpMap, name: string): string {
  return asText(entry(properties, name)) ?? "";
}
