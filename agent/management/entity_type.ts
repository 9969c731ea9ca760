/** What a type of entities is, and how one is made: facts of a router in, attributes out. */

import type { AmqpValue } from "../amqp/codec/types.ts";
import type { ManagedRouter } from "./managed_router.ts";

/** What every type name begins with. */
export const TYPE_PREFIX = "io.skupper.router.";

/** One entity, seen through the attributes of its type. */
export interface Entity {
  /** Unique within its type. */
  readonly identity: string;
  /** For people. */
  readonly name: string;
  /** The value of an attribute; undefined when the type has none of that name. */
  read(attribute: string): AmqpValue | undefined;
}

/** A type of entities. */
export interface EntityType {
  /** With {@link TYPE_PREFIX}. */
  readonly type: string;
  /** The type it extends, without {@link TYPE_PREFIX}: whether it is made or comes about. */
  readonly base: "configurationEntity" | "operationalEntity";
  /** What can be asked of one of its entities. */
  readonly operations: readonly string[];
  /** All attributes, those that every type has last. */
  readonly attributes: readonly string[];
  /** The entities of this type that `router` has now, read only as far as they are asked. */
  entities(router: ManagedRouter): Iterable<Entity>;
}

/** How the entities of a type are made from facts `F`. */
export interface Definition<F> {
  /** Without {@link TYPE_PREFIX}. */
  readonly type: string;
  /** One per entity. */
  facts(router: ManagedRouter): Iterable<F>;
  /** See {@link Entity}. */
  identity(facts: F): string;
  /** The same as the identity if there is none. */
  name?(facts: F): string;
  /** READ alone if absent. */
  readonly operations?: readonly string[];
  /** See {@link EntityType}; else it comes about. */
  readonly base?: "configurationEntity" | "operationalEntity";
  /** What each is read from. */
  readonly attributes: Readonly<Record<string, (facts: F) => AmqpValue>>;
}

/** What can be asked of every entity. */
export const READ = ["READ"];

/** Makes a type. */
export function define<F>(
  { type: short, facts, identity, name = identity, operations = READ, base = "operationalEntity", attributes }:
    Definition<F>,
): EntityType {
  const type = TYPE_PREFIX + short;
  const own = new Map(Object.entries(attributes));
  const common = ["name", "identity", "type"].filter((attribute) => !own.has(attribute));
  return {
    type,
    base,
    operations,
    attributes: [...own.keys(), ...common],
    *entities(router) {
      for (const each of facts(router)) {
        yield {
          identity: identity(each),
          name: name(each),
          read(attribute) {
            const value = own.get(attribute);
            if (value !== undefined) return value(each);
            if (attribute === "name") return name(each);
            if (attribute === "identity") return identity(each);
            return attribute === "type" ? type : undefined;
          },
        };
      }
    },
  };
}

/** An attribute that has no figure here. */
export const none = (): null => null;

/** Their number. */
export function count(items: Iterable<unknown>): number {
  let count = 0;
  for (const _ of items) count++;
  return count;
}
