/**
 * What a router answers to a management request (wire-protocol G.2, G.3): values in, values out. Refusals have the
 * status and, as far as people read it, the wording of a real router.
 */

import type { AmqpMap, AmqpValue } from "../amqp/codec/types.ts";
import { localAddress, MANAGEMENT_ADDRESS } from "../router/address.ts";
import { type Attribute, attributeValue, CONFIGURED_TYPES } from "./configured.ts";
import { ENTITY_TYPES, entityType, RELOAD, SITE_TYPE } from "./entities.ts";
import { type Entity, type EntityType, TYPE_PREFIX } from "./entity_type.ts";
import type { ManagedRouter } from "./managed_router.ts";
import type { KeptRecord } from "../telemetry/log_ring.ts";
import { recordText } from "../telemetry/record.ts";
import type { Answer, Request } from "./message.ts";
import { Refusal } from "./refusal.ts";
import { asInteger, asText, entry, int, map, plain, texts } from "./values.ts";

/** Entities that one answer lists at most: whoever wants more asks for the next page. */
export const MAX_ENTITIES = 10_000;

/** Asks for the last records of the log. */
const GET_LOG = "GET-LOG";
/** The module of every record: there is one log. */
const MODULE = "DEFAULT";

/** The names of a router's own entity, the one that lists and describes the others. */
const SELF = ["org.amqp.management", "management", `${TYPE_PREFIX}management`, `${TYPE_PREFIX}org.amqp.management`];
const SELF_OPERATIONS = [
  ...["QUERY", "GET-TYPES", "GET-ANNOTATIONS", "GET-OPERATIONS", "GET-ATTRIBUTES", "GET-SCHEMA", "GET-JSON-SCHEMA"],
  ...["GET-MGMT-NODES", GET_LOG],
];

/** Answers `request` from the state of `router`. */
export function answer(router: ManagedRouter, request: Request): Answer {
  try {
    return { status: 200, description: "OK", body: perform(router, request) };
  } catch (error) {
    if (error instanceof Refusal) return refusal(error.status, error.message);
    throw error;
  }
}

/** True when `request` asks for the log. */
export function isLogRequest({ properties }: Request): boolean {
  return asText(entry(properties, "operation"))?.toUpperCase() === GET_LOG;
}

/** The answer that says what is wrong. */
export function refusal(status: number, description: string): Answer {
  return { status, description, body: map([]) };
}

function perform(router: ManagedRouter, { properties, body }: Request): AmqpValue {
  const operation = property(properties, "operation")?.toUpperCase();
  if (operation === undefined) throw new Refusal(400, "No 'operation' property");
  const type = property(properties, "type");
  if (operation === "READ") return read(router, properties, type);
  if (operation === RELOAD && type !== undefined && entityType(type)?.type === TYPE_PREFIX + SITE_TYPE) {
    if (router.site === undefined) throw new Refusal(404, "No site that could be reloaded");
    return map([["reads", int(router.site.reload())]]);
  }
  if (type !== undefined && !SELF.includes(type)) {
    const { type: long, operations } = known(type);
    throw new Refusal(501, `Operation '${operation}' not implemented for '${long}' [${operations}]`);
  }
  const asked = property(properties, "entityType");
  const types = asked === undefined ? ENTITY_TYPES : [known(asked)];
  switch (operation) {
    case "QUERY":
      return query(router, types, properties, body);
    case "GET-TYPES":
      return perType(types, ({ base }) => [TYPE_PREFIX + base, `${TYPE_PREFIX}entity`]);
    case "GET-OPERATIONS":
      return perType(types, ({ operations }) => operations);
    case "GET-ATTRIBUTES":
      return perType(types, ({ attributes }) => attributes);
    case "GET-ANNOTATIONS":
      // No type has any.
      return map([]);
    case "GET-SCHEMA":
      return schema();
    case "GET-JSON-SCHEMA":
      return JSON.stringify(plain(schema()));
    case "GET-MGMT-NODES":
      return texts(managementNodes(router));
    case GET_LOG:
      return log(router, properties);
    default:
      throw new Refusal(501, `Operation '${operation}' not implemented for '${SELF[2]}' [${SELF_OPERATIONS}]`);
  }
}

function read(router: ManagedRouter, properties: AmqpMap, name: string | undefined): AmqpValue {
  const types = name === undefined ? ENTITY_TYPES : [known(name)];
  const by = property(properties, "identity") === undefined ? "name" : "identity";
  const wanted = property(properties, by);
  if (wanted === undefined) throw new Refusal(400, `${types[0].type}: No name or identity provided`);
  for (const type of types) {
    for (const entity of type.entities(router)) {
      if (entity[by] !== wanted) continue;
      return map(type.attributes.map((attribute) => [attribute, entity.read(attribute) ?? null]));
    }
  }
  throw new Refusal(404, `No entity with ${by}=${wanted}`);
}

function query(
  router: ManagedRouter,
  types: readonly EntityType[],
  properties: AmqpMap,
  body: AmqpValue,
): AmqpValue {
  const names = attributeNames(body);
  const all = [...new Set(types.flatMap(({ attributes }) => attributes))];
  // Names that no entity can have are passed over: tools ask for those of other versions.
  const columns = names.length === 0 ? all : names.filter((name) => all.includes(name));
  const offset = paging(properties, "offset") ?? 0;
  const count = Math.min(paging(properties, "count") ?? MAX_ENTITIES, MAX_ENTITIES);
  const results: AmqpValue[] = [];
  let at = 0;
  for (const entity of entities(router, types)) {
    if (results.length >= count) break;
    if (at++ < offset) continue;
    results.push({ type: "list", value: columns.map((column) => entity.read(column) ?? null) });
  }
  return map([["attributeNames", texts(columns)], ["results", { type: "list", value: results }]]);
}

function* entities(router: ManagedRouter, types: readonly EntityType[]): Generator<Entity> {
  for (const type of types) yield* type.entities(router);
}

function perType(types: readonly EntityType[], tell: (type: EntityType) => readonly string[]): AmqpValue {
  return map(types.map((type) => [type.type, texts(tell(type))]));
}

/** All types in the form of a real router's `skrouter.json`. */
function schema(): AmqpValue {
  const types = ENTITY_TYPES.map(({ type, operations, attributes }): [string, AmqpValue] => {
    const short = type.slice(TYPE_PREFIX.length);
    const rules = CONFIGURED_TYPES.find((each) => each.type === short)?.attributes;
    return [
      short,
      map([
        ["attributes", map(attributes.filter((name) => name !== "type").map((name) => [name, ruleOf(rules?.[name])]))],
        ["operations", texts(operations)],
        ["fullyQualifiedType", type],
      ]),
    ];
  });
  return map([["prefix", TYPE_PREFIX.slice(0, -1)], ["entityTypes", map(types)]]);
}

function ruleOf({ type, default: value, required }: Attribute = { type: "string" }): AmqpValue {
  return map([
    ["type", typeof type === "string" ? type : texts(type)],
    ...(value === undefined ? [] : [["default", attributeValue(value)] satisfies [string, AmqpValue]]),
    ...(required === undefined ? [] : [["required", true] satisfies [string, AmqpValue]]),
  ]);
}

/** Records in the form of a real router, the oldest first: module, level, text, file, line, seconds since the epoch. */
function log({ site }: ManagedRouter, properties: AmqpMap): AmqpValue {
  if (site === undefined) throw new Refusal(403, "Forbidden: the log is told to those who may change this router");
  const limit = paging(properties, "limit") || Infinity;
  const records = JSON.parse(site.log()) as readonly KeptRecord[];
  const rows = records.slice(-Math.min(limit, records.length)).map(({ time, level, message, fields }): AmqpValue => {
    const seconds = Math.floor(Date.parse(time) / 1000);
    const line = recordText(message, fields);
    return {
      type: "list",
      value: [MODULE, level === "warn" ? "warning" : level, line, null, null, { type: "long", value: BigInt(seconds) }],
    };
  });
  return { type: "list", value: rows };
}

function managementNodes(router: ManagedRouter): string[] {
  const nodes = [...router.nodes()].map(({ id }) => localAddress(MANAGEMENT_ADDRESS, { id, role: "interior" }));
  return nodes.length > 0 ? nodes : [localAddress(MANAGEMENT_ADDRESS, router)];
}

function known(name: string): EntityType {
  const type = entityType(name);
  if (type === undefined) throw new Refusal(400, `No such entity type '${name}'`);
  return type;
}

function attributeNames(body: AmqpValue): string[] {
  const list = isTyped(body, "map") ? entry(body.value, "attributeNames") ?? null : body;
  if (list === null) return [];
  if (!isTyped(list, "list")) throw new Refusal(400, "The body of a query is a map with a list of attributeNames");
  return list.value.map((name) => {
    const text = asText(name);
    if (text === undefined) throw new Refusal(400, "The name of an attribute is a string");
    return text;
  });
}

function paging(properties: AmqpMap, name: string): number | undefined {
  const value = entry(properties, name) ?? null;
  const number = asInteger(value);
  if (value !== null && (number === undefined || number < 0)) throw new Refusal(400, `'${name}' is not a count`);
  return number;
}

/** A property that is a text; null is none. */
function property(properties: AmqpMap, name: string): string | undefined {
  const value = entry(properties, name) ?? null;
  if (value !== null && asText(value) === undefined) throw new Refusal(400, `'${name}' is not a string`);
  return asText(value);
}

function isTyped<T extends "map" | "list">(value: AmqpValue, type: T): value is Extract<AmqpValue, { type: T }> {
  return typeof value === "object" && value !== null && "type" in value && value.type === type;
}
