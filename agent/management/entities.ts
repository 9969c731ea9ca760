/**
 * What can be asked for: the entity types of a real router that exist with us, each with its attributes (wire-protocol
 * G.4; names, types and meaning are those of skupper-router's `skrouter.json`).
 *
 * An attribute that has no figure here is null.
 */

import { VERSION } from "../lib/version.ts";
import { NOTHING } from "./absent_entities.ts";
import { attributeValue, type Configured, CONFIGURED_TYPES } from "./configured.ts";
import { count, define, type EntityType, none, READ, TYPE_PREFIX } from "./entity_type.ts";
import type {
  AddressFacts,
  ConnectionFacts,
  LinkFacts,
  ManagedRouter,
  ManagedSite,
  NodeFacts,
} from "./managed_router.ts";
import { POLICY, VHOST_STATS } from "./policy_entities.ts";
import { int, map, text, texts, uint, ulong } from "./values.ts";

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
    // One beside each link between interiors.
    dataConnectionCount: ({ role }) => role === "interior" ? "1" : "0",
    workerThreads: () => int(1),
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
    presettledDeliveries: ({ totals }) => ulong(totals.deliveries.presettled),
    droppedPresettledDeliveries: ({ totals }) => ulong(totals.deliveries.droppedPresettled),
    acceptedDeliveries: ({ totals }) => ulong(totals.received.accepted),
    rejectedDeliveries: ({ totals }) => ulong(totals.received.rejected),
    releasedDeliveries: ({ totals }) => ulong(totals.received.released),
    modifiedDeliveries: ({ totals }) => ulong(totals.received.modified),
    deliveriesDelayed1Sec: ({ totals }) => ulong(totals.received.delayed),
    deliveriesDelayed10Sec: ({ totals }) => ulong(totals.received.longDelayed),
    deliveriesStuck: ({ totals }) => ulong(totals.stuck),
    // Services of this process are attached to it, like those of peers.
    deliveriesIngress: ({ totals: { deliveries } }) => ulong(deliveries.ingress + deliveries.fromProcess),
    deliveriesEgress: ({ totals: { deliveries } }) => ulong(deliveries.egress + deliveries.toProcess),
    deliveriesTransit: ({ totals: { deliveries } }) => ulong(deliveries.transit),
    // There are no containers that routes lead to, and no networks of networks.
    deliveriesIngressRouteContainer: () => ulong(0),
    deliveriesEgressRouteContainer: () => ulong(0),
    deliveriesIngressInterNetwork: () => ulong(0),
    deliveriesEgressInterNetwork: () => ulong(0),
    connectionCounters: (router) =>
      map(Object.entries(router.serviceConnections?.() ?? {}).map(([protocol, count]) => [protocol, ulong(count)])),
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
    lastDlvSeconds: ({ quietSeconds }) => uint(quietSeconds),
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
    undeliveredCount: ({ undelivered }) => ulong(undelivered),
    unsettledCount: ({ unsettled }) => ulong(unsettled),
    deliveryCount: ({ counts }) => ulong(counts.deliveries),
    connectionId: ({ connection }) => `${connection}`,
    operStatus: ({ up }) => up ? "up" : "down",
    presettledCount: ({ counts }) => ulong(counts.presettled),
    droppedPresettledCount: ({ counts }) => ulong(counts.droppedPresettled),
    acceptedCount: ({ counts }) => ulong(counts.accepted),
    rejectedCount: ({ counts }) => ulong(counts.rejected),
    releasedCount: ({ counts }) => ulong(counts.released),
    modifiedCount: ({ counts }) => ulong(counts.modified),
    deliveriesDelayed1Sec: ({ counts }) => ulong(counts.delayed),
    deliveriesDelayed10Sec: ({ counts }) => ulong(counts.longDelayed),
    deliveriesStuck: ({ stuck }) => ulong(stuck),
    creditAvailable: ({ credit }) => uint(credit),
    zeroCreditSeconds: ({ withoutCredit }) => uint(withoutCredit),
    settleRate: ({ rate }) => uint(rate),
    adminStatus: () => "enabled",
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
  VHOST_STATS,
  TENDRIL_SITE,
  TENDRIL_PROCESS,
  ...NOTHING,
];

/** The type that `name` means, with or without {@link TYPE_PREFIX}. */
export function entityType(name: string): EntityType | undefined {
  return ENTITY_TYPES.find(({ type }) => type === name || type === TYPE_PREFIX + name);
}
