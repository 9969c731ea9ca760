/**
 * A running router as management sees it: reads its connections, links and addresses when asked, and what it knows of
 * the network from whoever joins it with other interiors.
 */

import type { AmqpValue, Terminus } from "../amqp/codec/types.ts";
import { LinkCounts } from "../amqp/link_counts.ts";
import type { Link } from "../amqp/link_table.ts";
import { addressKey, type RouterIdentity } from "../router/address.ts";
import type { AddressEntry } from "../router/address_entry.ts";
import { EDGE_DOWNLINK, hasSymbol, ROUTER_CONTROL } from "../router/capabilities.ts";
import type { Peer } from "../router/peer.ts";
import type { PeerEntry } from "../router/peer_table.ts";
import type { Router } from "../router/router.ts";
import type { Configuration } from "./configured.ts";
import { LinkPulse } from "./link_pulse.ts";
import type {
  AddressFacts,
  ConnectionFacts,
  LinkFacts,
  ManagedRouter,
  ManagedSite,
  NodeFacts,
  ServiceConnections,
  TimingFacts,
  TotalFacts,
} from "./managed_router.ts";

/** What an interior knows of the network around it. */
export interface NetworkView {
  /** Times of the routing protocol. */
  readonly timing: TimingFacts;
  /** Every interior that is known, this one first. */
  nodes(): Iterable<NodeFacts>;
  /** What a path over the connection to `peer` costs, if it leads to another interior. */
  linkCost(peer: Peer): number | undefined;
}

/** What there may be of a {@link ManagedRouter} beside the router. */
export interface LiveParts {
  /** See {@link ManagedRouter}. */
  readonly metadata?: string;
  /** See {@link ManagedRouter}. */
  readonly configuration?: Configuration;
  /** See {@link ManagedRouter}. */
  readonly site?: ManagedSite;
  /** Where links are looked at; else they have no rates. */
  readonly pulse?: LinkPulse;
  /** See {@link ManagedSite}. */
  readonly services?: () => ServiceConnections;
}

/** See the head of the file. */
export class LiveRouter implements ManagedRouter {
  readonly #router: Router;
  readonly #network: NetworkView | undefined;
  readonly #startedAt: number;
  readonly #pulse: LinkPulse;
  readonly #services: LiveParts["services"];
  readonly metadata: string | undefined;
  readonly site: ManagedSite | undefined;
  readonly configuration: Configuration | undefined;

  /** `network` is undefined for an edge. */
  constructor(router: Router, network?: NetworkView, parts: LiveParts = {}) {
    this.site = parts.site;
    this.configuration = parts.configuration;
    this.metadata = parts.metadata;
    this.#pulse = parts.pulse ?? new LinkPulse();
    this.#services = parts.services;
    this.#router = router;
    this.#network = network;
    this.#startedAt = router.clock.now();
  }

  get id(): string {
    return this.#router.identity.id;
  }

  get role(): RouterIdentity["role"] {
    return this.#router.identity.role;
  }

  get uptimeSeconds(): number {
    return this.#secondsSince(this.#startedAt);
  }

  get residentOctets(): number {
    return Deno.memoryUsage().rss;
  }

  get queuedOctets(): number {
    let octets = 0;
    for (const { peer } of this.#router.peers.all) octets += peer.connection.output.length;
    return octets;
  }

  get totals(): TotalFacts {
    const { deliveries, outcomes, peers } = this.#router;
    const received = new LinkCounts();
    received.add(outcomes);
    received.add(peers.formerlyReceived);
    let stuck = 0;
    for (const { peer: { connection } } of peers.all) {
      received.add(connection.formerlyReceived);
      for (const link of connection.links()) {
        stuck += link.stuckCount;
        if (link.role === "receiver") received.add(link.counts);
      }
    }
    return { deliveries, received, stuck };
  }

  get admissions(): ManagedRouter["admissions"] {
    return this.#router.admissions;
  }

  serviceConnections(): ServiceConnections & { readonly amqp: number } {
    let amqp = 0;
    for (const { role } of this.#router.peers.all) if (role === "normal") amqp++;
    return { tcp: 0, http1: 0, http2: 0, ...this.#services?.(), amqp };
  }

  get timing(): TimingFacts | undefined {
    return this.#network?.timing;
  }

  nodes(): Iterable<NodeFacts> {
    return this.#network?.nodes() ?? [];
  }

  *connections(): Generator<ConnectionFacts> {
    for (const entry of this.#router.peers.all) yield this.#connection(entry);
  }

  *links(): Generator<LinkFacts> {
    for (const entry of this.#router.peers.all) {
      for (const link of entry.peer.connection.links()) yield this.#link(link, entry);
    }
  }

  *addresses(): Generator<AddressFacts> {
    for (const entry of this.#router.addresses.entries) yield addressFacts(entry);
  }

  #connection({ id, peer, role, direction, since }: PeerEntry): ConnectionFacts {
    const { connection, channel: { peer: identity }, origin } = peer;
    return {
      id,
      host: identity.address,
      role,
      direction,
      container: peer.containerId ?? "",
      mechanism: connection.mechanism,
      subject: identity.subject,
      tls: identity.tls,
      properties: propertiesOf(peer),
      // An edge opens its links over the connection that it uses, and none over those that stand by.
      active: role !== "edge" || connection.links().next().done !== true,
      uptimeSeconds: this.#secondsSince(since),
      quietSeconds: connection.lastDelivery === undefined ? undefined : connection.seconds - connection.lastDelivery,
      meshId: origin.meshId,
      cost: this.#network?.linkCost(peer),
    };
  }

  #link(link: Link, { id, role }: PeerEntry): LinkFacts {
    const { session } = link;
    const type = linkType(link, role);
    const between = type === "inter-router" || type === "router-control";
    const undelivered = link.role === "sender" ? link.undeliveredCount : 0;
    return {
      id: `${id}.${session.channel}.${link.handle}`,
      connection: id,
      name: link.name,
      type,
      direction: link.role === "sender" ? "out" : "in",
      address: between ? undefined : linkAddress(link, type, this.#router.identity),
      capacity: link.role === "receiver" ? link.capacity : undefined,
      credit: link.credit,
      withoutCredit: this.#pulse.withoutCredit(link),
      undelivered,
      unsettled: link.role === "sender" ? link.awaitedCount : link.unsettledCount,
      stuck: link.stuckCount,
      counts: link.counts,
      rate: this.#pulse.rate(link),
      up: link.remote !== undefined,
      // Sessions between interiors rank by the priority of their messages; streams have none of their own.
      priority: between && session.rank > 0 ? Math.min(session.rank - 1, HIGHEST_PRIORITY) : undefined,
    };
  }

  #secondsSince(ms: number): number {
    return Math.floor((this.#router.clock.now() - ms) / 1000);
  }
}

function propertiesOf({ connection: { remote } }: Peer): AmqpValue {
  return { type: "map", value: remote?.properties ?? [] };
}

const HIGHEST_PRIORITY = 9;

function linkType(link: Link, role: PeerEntry["role"]): LinkFacts["type"] {
  const has = (capability: string) =>
    [link.source, link.target].some((terminus) => hasSymbol(terminus?.capabilities, capability));
  if (has(ROUTER_CONTROL)) return "router-control";
  if (role === "inter-router" || role === "inter-router-data") return "inter-router";
  return link.role === "sender" && has(EDGE_DOWNLINK) ? "edge-downlink" : "endpoint";
}

/** The key of the address at the end of a link that is not ours, or else at our end. */
function linkAddress(link: Link, type: LinkFacts["type"], self: RouterIdentity): string | undefined {
  const [near, far]: (Terminus | undefined)[] = link.role === "sender"
    ? [link.source, link.target]
    : [link.target, link.source];
  const address = near?.address ?? far?.address;
  if (address === undefined) return undefined;
  return type === "edge-downlink" ? `H${address}` : addressKey(address, self);
}

function addressFacts({ key, treatment, consumers, watches, deliveries }: AddressEntry): AddressFacts {
  const routers = new Set<string>();
  let inProcess = 0;
  let attached = 0;
  for (const { hop, origin } of consumers) {
    if (hop !== undefined) routers.add(hop.id);
    else if (origin === undefined) inProcess++;
    else attached++;
  }
  return {
    key,
    treatment,
    inProcess,
    attached,
    routers: [...routers],
    watched: watches.length > 0,
    deliveries,
  };
}
