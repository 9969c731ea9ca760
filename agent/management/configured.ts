/**
 * What can be configured by management: the entity types with their attributes, as `skrouter.json` of skupper-router has
 * them (wire-protocol G.4). Names, defaults and which of them a CREATE or an UPDATE may set are facts of that file; what
 * a Tendril makes of them is the business of `site/configured/`.
 */

import type { AmqpValue } from "../amqp/codec/types.ts";
import { int } from "./values.ts";

/** A value of an attribute. */
export type AttributeValue = string | number | boolean;
/** Attributes by name; those without a value are absent. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** What an attribute may be, and who may set it. */
export interface Attribute {
  /** A list: one of these words. */
  readonly type: "string" | "integer" | "boolean" | readonly string[];
  /** Given to new entities that do not say otherwise. */
  readonly default?: AttributeValue;
  /** A CREATE without it is wrong. */
  readonly required?: true;
  /** Who may set it: nobody when it is absent. */
  readonly set?: "create" | "update" | "both";
}

/** One entity. */
export interface Configured {
  /** Unique among all entities. */
  readonly name: string;
  /** Unique in its type. */
  readonly identity: string;
  /** Without name, identity and type. */
  readonly attributes: Attributes;
}

/** The configuration of a router as management sees and changes it. What can't be done is rejected with a `Refusal`. */
export interface Configuration {
  /** The entities of `type`, which is without prefix. */
  entities(type: string): Iterable<Configured>;
  /** Makes an entity; resolves when it is in effect. */
  create(type: string, entity: Configured): Promise<void>;
  /** Gives an entity other attributes. */
  update(type: string, entity: Configured): Promise<void>;
  /** Takes an entity out. */
  delete(type: string, entity: Configured): Promise<void>;
}

/** A type of configured entities. */
export interface ConfiguredType {
  /** Without prefix. */
  readonly type: string;
  /** Besides READ. */
  readonly operations: readonly ("CREATE" | "UPDATE" | "DELETE")[];
  /** In the order in which they are listed. */
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** What follows the type in the identity of an entity. */
  identify(name: string | undefined, attributes: Attributes): string;
}

const settable: Attribute = { type: "string", set: "create" };
const text = (fallback: string): Attribute => ({ ...settable, default: fallback });
const needed: Attribute = { ...settable, required: true };
const optionalNumber: Attribute = { type: "integer", set: "create" };
const number = (fallback: number): Attribute => ({ ...optionalNumber, default: fallback });
const flag = (fallback: boolean): Attribute => ({ type: "boolean", set: "create", default: fallback });
const word = (words: readonly string[], fallback?: string): Attribute => ({
  type: words,
  set: "create",
  ...(fallback === undefined ? {} : { default: fallback }),
});
const told: Attribute = { type: "string" };
const counted: Attribute = { type: "integer" };
const COUNTERS = { connectionsOpened: counted, connectionsClosed: counted, bytesIn: counted, bytesOut: counted };

const ROLES = ["normal", "inter-router", "route-container", "edge", "inter-edge", "inter-network"];
const FAMILIES = ["IPv4", "IPv6"];

const place = (name: string | undefined, { host, port }: Attributes) =>
  name === undefined ? `${host}:${port}` : `${host}:${port}:${name}`;
const byName = (name: string | undefined) => name ?? "0";

/** See the head of the file. Attributes that skupper-router has and nobody could use here are left out. */
export const CONFIGURED_TYPES: readonly ConfiguredType[] = [
  {
    type: "tcpListener",
    operations: ["CREATE", "UPDATE", "DELETE"],
    identify: place,
    attributes: {
      address: settable,
      host: text(""),
      backlog: number(0),
      port: needed,
      multiAddressStrategy: word(["none", "priority", "weighted"], "none"),
      siteId: settable,
      ...COUNTERS,
      sslProfile: settable,
      authenticatePeer: flag(false),
      operStatus: told,
      connectionMsg: told,
      observer: { ...word(["none", "auto", "http1", "http2"], "auto"), set: "both" },
    },
  },
  {
    type: "listenerAddress",
    // Written by a MultiKeyListener in the folder alone.
    operations: [],
    identify: (name, { listener, address }) => `${listener}:${address}:${name}`,
    attributes: {
      address: needed,
      value: { type: "integer", required: true },
      listener: needed,
    },
  },
  {
    type: "tcpConnector",
    operations: ["CREATE", "DELETE"],
    identify: place,
    attributes: {
      address: needed,
      host: text("127.0.0.1"),
      port: needed,
      siteId: settable,
      processId: settable,
      ...COUNTERS,
      sslProfile: settable,
      verifyHostname: flag(true),
    },
  },
  {
    type: "connector",
    operations: ["CREATE", "DELETE"],
    identify: place,
    attributes: {
      host: text("127.0.0.1"),
      port: text("amqp"),
      socketAddressFamily: word(FAMILIES),
      role: word(ROLES, "normal"),
      cost: number(1),
      sslProfile: settable,
      proxyProfile: settable,
      saslMechanisms: settable,
      allowRedirect: flag(true),
      maxFrameSize: number(16_384),
      maxSessions: number(32_768),
      maxSessionFrames: optionalNumber,
      idleTimeoutSeconds: number(16),
      stripAnnotations: word(["in", "out", "both", "no"], "both"),
      linkCapacity: optionalNumber,
      verifyHostname: flag(true),
      messageLoggingComponents: text("none"),
      failoverUrls: told,
      connectionStatus: told,
      connectionMsg: told,
    },
  },
  {
    type: "listener",
    operations: ["CREATE", "DELETE"],
    identify: place,
    attributes: {
      host: text(""),
      port: text("amqp"),
      socketAddressFamily: word(FAMILIES),
      role: word(ROLES, "normal"),
      cost: number(1),
      sslProfile: settable,
      saslMechanisms: settable,
      authenticatePeer: flag(false),
      requireEncryption: flag(false),
      requireSsl: flag(false),
      maxFrameSize: number(16_384),
      maxSessions: number(32_768),
      maxSessionFrames: optionalNumber,
      idleTimeoutSeconds: number(16),
      initialHandshakeTimeoutSeconds: number(0),
      stripAnnotations: word(["in", "out", "both", "no"], "both"),
      linkCapacity: optionalNumber,
      healthz: flag(true),
      metrics: flag(true),
      websockets: flag(true),
      http: flag(false),
      messageLoggingComponents: text("none"),
    },
  },
  {
    type: "sslProfile",
    operations: ["CREATE", "UPDATE", "DELETE"],
    identify: byName,
    attributes: {
      ciphers: { ...settable, set: "both" },
      protocols: { ...settable, set: "both" },
      caCertFile: { ...settable, set: "both" },
      certFile: { ...settable, set: "both" },
      privateKeyFile: { ...settable, set: "both" },
      uidFormat: settable,
      uidNameMappingFile: settable,
      ordinal: { ...optionalNumber, set: "both" },
      oldestValidOrdinal: { ...optionalNumber, set: "both" },
    },
  },
  {
    type: "log",
    operations: ["UPDATE"],
    identify: byName,
    attributes: {
      module: { type: "string" },
      enable: { type: "string", set: "update" },
      includeTimestamp: { type: "boolean", set: "update" },
      includeSource: { type: "boolean", set: "update" },
      outputFile: { type: "string", set: "update" },
    },
  },
  {
    type: "site",
    operations: [],
    identify: byName,
    attributes: {
      location: settable,
      provider: settable,
      version: settable,
      platform: settable,
      namespace: settable,
    },
  },
];

/** The type that is called `name`, without prefix. */
export function configuredType(name: string): ConfiguredType | undefined {
  return CONFIGURED_TYPES.find(({ type }) => type === name);
}

/** A value of an attribute as AMQP has it; null for none. */
export function attributeValue(value: AttributeValue | undefined): AmqpValue {
  return typeof value === "number" ? int(value) : value ?? null;
}
