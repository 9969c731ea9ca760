/**
 * What can be asked for: the entity types of a real router that exist with us, each with its attributes (wire-protocol
 * G.4; names, types and meaning are those of skupper-router's `skrouter.json`).
 *
 * An attribute that has no figure here is null. A few are left out instead, which tools take for a router that is too
 * old to have them: those with which they calculate (delays, rates, blocked credit) or which they would print as such
 * (counts of all deliveries).
 */

import type { AmqpValue } from "../amqp/codec/types.ts";
import { VERSION } from "../lib/version.ts";
import { attributeValue, type Configured, CONFIGURED_TYPES } from "./configured.ts";
import type {
  AddressFacts,
  ConnectionFacts,
  LinkFacts,
  ManagedRouter,
  ManagedSite,
  NodeFacts,
} from "./managed_router.ts";
import { int, text, texts, uint, ulong } from "./values.ts";

/** What every type name begins with. */
export const TYPE_PREFIX = "io.skupper.router.";
/** Type of the one entity that stands for a Tendril's site, without {@link TYPE_PREFIX}. */
export const SITE_TYPE = "tendrilSite";
/** Its identity. */
export const SITE_IDENTITY = "tendrilSite/0";
/** Type of the entity that tells of its process and what that has logged, without {@link TYPE_PREFIX}. */
export const PROCESS_TYPE = "tendrilProcess";
/** Its identity. */
export const PROCESS_IDENTITY = "tendrilProcess/0";
/** What it can be asked to do besides telling: reads its folder again. */
export const RELOAD = "RELOAD";
/** Version of the routing protocol. */
const PROTOCOL_VERSION = 1;

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

/** How the entities of a type are made from facts. */
interface Definition<F> {
  readonly type: string;
  facts(router: ManagedRouter): Iterable<F>;
  identity(facts: F): string;
  name?(facts: F): string;
  readonly operations?: readonly string[];
  readonly base?: "configurationEntity" | "operationalEntity";
  readonly attributes: Readonly<Record<string, (facts: F) => AmqpValue>>;
}

/** What can be asked of every entity. */
const READ = ["READ"];

function define<F>(
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

const none = () => null;

const ROUTER = define<ManagedRouter>({
  type: "router",
  base: "configurationEntity",
  facts: (router) => [router],
  identity: ({ id }) => `router/${id}`,
  attributes: {
    id: ({ id }) => id,
    vanId: none,
    mode: ({ role }) => role,
    area: () => "0",
    version: () => VERSION,
    hostName: none,
    helloIntervalSeconds: ({ timing }) => int(timing?.hello),
    helloMaxAgeSeconds: ({ timing }) => int(timing?.helloMaxAge),
    raIntervalSeconds: ({ timing }) => int(timing?.advertisement),
    raIntervalFluxSeconds: ({ timing }) => int(timing?.advertisementInFlux),
    remoteLsMaxAgeSeconds: ({ timing }) => int(timing?.linkStateMaxAge),
    unreachableHoldoffSeconds: ({ timing }) => int(timing?.unreachableHoldoff),
    debugDumpFile: none,
    saslConfigDir: none,
    saslConfigName: none,
    timestampsInUTC: none,
    timestampFormat: none,
    defaultDistribution: () => "balanced",
    metadata: ({ metadata }) => text(metadata),
    dataConnectionCount: none,
    dropTcpConnections: none,
  },
});

const ROUTER_METRICS = define<ManagedRouter>({
  type: "routerMetrics",
  facts: (router) => [router],
  identity: () => "1",
  attributes: {
    // As the C router has it, and clients may compare.
    type: () => "org.apache.qpid.dispatch.routerMetrics",
    id: ({ id }) => id,
    version: () => VERSION,
    addrCount: (router) => ulong(count(router.addresses())),
    linkCount: (router) => ulong(count(router.links())),
    // Other routers, as C counts them.
    nodeCount: (router) => ulong(Math.max(0, count(router.nodes()) - 1)),
    autoLinkCount: () => ulong(0),
    connectionCount: (router) => ulong(count(router.connections())),
    uptimeSeconds: ({ uptimeSeconds }) => uint(uptimeSeconds),
    memoryUsage: none,
    residentMemoryUsage: ({ residentOctets }) => residentOctets === undefined ? null : ulong(residentOctets),
  },
});

const NODE = define<NodeFacts>({
  type: "router.node",
  facts: (router) => router.nodes(),
  identity: ({ id }) => `router.node/${id}`,
  attributes: {
    id: ({ id }) => id,
    protocolVersion: () => int(PROTOCOL_VERSION),
    instance: ({ instance }) => int(instance),
    linkState: ({ neighbours }) => texts(neighbours),
    nextHop: ({ nextHop }) => text(nextHop),
    validOrigins: (node) => {
      const origins = node.validOrigins();
      return origins === undefined ? null : texts(origins);
    },
    address: ({ id }) => `amqp:/_topo/0/${id}`,
    routerLink: ({ link }) => int(link),
    cost: ({ cost }) => int(cost),
    lastTopoChange: ({ changedAt }) => int(changedAt),
    index: none,
  },
});

const CONNECTION = define<ConnectionFacts>({
  type: "connection",
  facts: (router) => router.connections(),
  identity: ({ id }) => `${id}`,
  name: ({ host }) => `connection/${host}`,
  attributes: {
    host: ({ host }) => host,
    localSocket: none,
    role: ({ role }) => role,
    protocol: () => "amqp",
    dir: ({ direction }) => direction,
    container: ({ container }) => container,
    sasl: ({ mechanism }) => text(mechanism),
    isAuthenticated: ({ mechanism }) => mechanism !== undefined,
    user: ({ mechanism, subject }) => text(mechanism === "ANONYMOUS" ? "anonymous" : subject),
    isEncrypted: ({ tls }) => tls !== undefined,
    sslProto: ({ tls }) => text(tls?.protocol),
    sslCipher: ({ tls }) => text(tls?.cipher),
    properties: ({ properties }) => properties,
    sslSsf: none,
    ssl: ({ tls }) => tls !== undefined,
    opened: () => true,
    active: ({ active }) => active,
    adminStatus: () => "enabled",
    operStatus: () => "up",
    uptimeSeconds: ({ uptimeSeconds }) => uint(uptimeSeconds),
    lastDlvSeconds: none,
    enableProtocolTrace: () => false,
    meshId: ({ meshId }) => text(meshId),
    tlsOrdinal: none,
    groupCorrelationId: none,
    groupOrdinal: none,
    // Ours alone: what C routers don't tell of a link.
    cost: ({ cost }) => int(cost),
  },
});

const LINK = define<LinkFacts>({
  type: "router.link",
  facts: (router) => router.links(),
  identity: ({ id }) => id,
  name: ({ name }) => name,
  attributes: {
    linkName: ({ name }) => name,
    linkType: ({ type }) => type,
    linkDir: ({ direction }) => direction,
    owningAddr: ({ address }) => text(address),
    capacity: ({ capacity }) => uint(capacity),
    undeliveredCount: none,
    unsettledCount: ({ unsettled }) => ulong(unsettled),
    deliveryCount: none,
    connectionId: ({ connection }) => `${connection}`,
    operStatus: ({ up }) => up ? "up" : "down",
    presettledCount: none,
    acceptedCount: none,
    rejectedCount: none,
    releasedCount: none,
    modifiedCount: none,
    openMovedStreams: none,
    ingressHistogram: none,
    priority: ({ priority }) => uint(priority),
  },
});

const ADDRESS = define<AddressFacts>({
  type: "router.address",
  facts: (router) => router.addresses(),
  identity: ({ key }) => key,
  attributes: {
    key: ({ key }) => key,
    distribution: ({ treatment }) => treatment,
    inProcess: ({ inProcess }) => uint(inProcess),
    subscriberCount: ({ attached }) => uint(attached),
    remoteCount: ({ routers }) => uint(routers.length),
    remoteHostRouters: ({ routers }) => texts(routers),
    deliveriesIngress: ({ deliveries }) => ulong(deliveries.ingress),
    deliveriesEgress: ({ deliveries }) => ulong(deliveries.egress),
    deliveriesTransit: ({ deliveries }) => ulong(deliveries.transit),
    deliveriesToContainer: ({ deliveries }) => ulong(deliveries.toProcess),
    deliveriesFromContainer: ({ deliveries }) => ulong(deliveries.fromProcess),
    transitOutstanding: none,
    trackedDeliveries: none,
    // No address has one of its own: that of the message counts.
    priority: () => int(-1),
    deliveriesRedirectedToFallback: none,
    watch: ({ watched }) => watched,
  },
});

/** Undefined for both: this router belongs to no network of networks. */
const NETWORK = define<ManagedRouter>({
  type: "network",
  base: "configurationEntity",
  facts: (router) => [router],
  identity: () => "network/0",
  attributes: { networkId: none, tenantId: none },
});

/** Ours alone: the site as its own commands ask for it. */
const TENDRIL_SITE = define<ManagedSite>({
  type: SITE_TYPE,
  facts: ({ site }) => site === undefined ? [] : [site],
  identity: () => SITE_IDENTITY,
  attributes: { report: (site) => site.report() },
});

/** Ours alone: the process, and its log; apart from the site, for it is long. */
const TENDRIL_PROCESS = define<ManagedSite>({
  type: PROCESS_TYPE,
  facts: ({ site }) => site === undefined ? [] : [site],
  identity: () => PROCESS_IDENTITY,
  attributes: { process: (site) => site.process(), log: (site) => site.log() },
});

/** What can be configured. */
const CONFIGURED = CONFIGURED_TYPES.map(({ type, operations, attributes }) =>
  define<Configured>({
    type,
    base: "configurationEntity",
    operations: [...operations, ...READ],
    facts: ({ configuration }) => configuration?.entities(type) ?? [],
    identity: ({ identity }) => identity,
    name: ({ name }) => name,
    attributes: Object.fromEntries(
      Object.keys(attributes).map((key) => [key, (entity: Configured) => attributeValue(entity.attributes[key])]),
    ),
  })
);

/** Bounds for all; who may do what is said by the resource Policy instead, which is not shown here. */
const POLICY = define<ManagedRouter>({
  type: "policy",
  base: "configurationEntity",
  facts: (router) => [router],
  identity: () => "policy/0",
  attributes: {
    maxConnections: none,
    maxMessageSize: () => int(0),
    enableVhostPolicy: () => false,
    enableVhostNamePatterns: () => false,
    policyDir: () => "",
    defaultVhost: () => "",
    connectionsProcessed: none,
    connectionsDenied: none,
    connectionsCurrent: (router) => int(count(router.connections())),
    linksDenied: none,
    maxMessageSizeDenied: none,
    totalDenials: none,
  },
});

/** A type of which there is nothing here; tools ask for it all the same. */
function nothing(type: string, ...attributes: readonly string[]): EntityType {
  return define<never>({
    type,
    facts: () => [],
    identity: () => "",
    attributes: Object.fromEntries(attributes.map((name) => [name, none])),
  });
}

/** Memory pools, automatic links, addresses and hosts with settings of their own. */
const NOTHING: readonly EntityType[] = [
  nothing(
    "allocator",
    ...["typeName", "typeSize", "transferBatchSize", "localFreeListMax", "globalFreeListMax"],
    ...["totalAllocFromHeap", "totalFreeToHeap", "heldByThreads", "batchesRebalancedToThreads"],
    "batchesRebalancedToGlobal",
  ),
  nothing(
    "router.config.autoLink",
    ...["address", "direction", "containerId", "connection", "externalAddress", "linkRef", "operStatus", "lastError"],
  ),
  nothing("router.config.address", "prefix", "pattern", "distribution", "priority"),
  nothing("proxyProfile", "host", "port", "username"),
  nothing(
    "vhost",
    ...["hostname", "aliases", "maxConnections", "maxMessageSize", "maxConnectionsPerUser", "maxConnectionsPerHost"],
    ...["allowUnknownUser", "groups"],
  ),
  nothing(
    "vhostUserGroupSettings",
    ...["groupName", "users", "remoteHosts", "maxFrameSize", "maxMessageSize", "maxSessionWindow", "maxSessions"],
    ...["maxSenders", "maxReceivers", "allowDynamicSource", "allowAnonymousSender", "sources", "targets"],
  ),
  nothing(
    "vhostStats",
    ...["hostname", "connectionsApproved", "connectionsDenied", "connectionsCurrent", "perUserState", "perHostState"],
    ...["sessionDenied", "senderDenied", "receiverDenied", "maxMessageSizeDenied"],
  ),
];

/** All of them. */
export const ENTITY_TYPES: readonly EntityType[] = [
  ROUTER,
  ROUTER_METRICS,
  NODE,
  CONNECTION,
  LINK,
  ADDRESS,
  NETWORK,
  ...CONFIGURED,
  POLICY,
  TENDRIL_SITE,
  TENDRIL_PROCESS,
  ...NOTHING,
];

/** The type that `name` means, with or without {@link TYPE_PREFIX}. */
export function entityType(name: string): EntityType | undefined {
  return ENTITY_TYPES.find(({ type }) => type === name || type === TYPE_PREFIX + name);
}

function count(items: Iterable<unknown>): number {
  let count = 0;
  for (const _ of items) count++;
  return count;
}
