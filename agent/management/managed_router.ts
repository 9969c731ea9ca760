/**
 * The live state of a router as management tells of it (wire-protocol G.4). Everything is collected when somebody asks,
 * so that being manageable costs a router nothing.
 */

import type { AmqpValue } from "../amqp/codec/types.ts";
import type { LinkCounts } from "../amqp/link_counts.ts";
import type { Admissions } from "../router/admissions.ts";
import type { ConnectionRole } from "../router/capabilities.ts";
import type { RouterDeliveries } from "../router/deliveries.ts";
import type { RouterRole } from "../site/spec.ts";
import type { Configuration } from "./configured.ts";

/** See the head of the file. */
export interface ManagedRouter {
  /** Router id. */
  readonly id: string;
  /** What it is to others. */
  readonly role: RouterRole;
  /** JSON with the site's `id` and the `version` of the program, as Skupper's controllers put it there. */
  readonly metadata: string | undefined;
  /** Since its start. */
  readonly uptimeSeconds: number;
  /** Memory that the process occupies, in octets. */
  readonly residentOctets: number | undefined;
  /** Octets that wait to be written to peers. */
  readonly queuedOctets?: number;
  /** Messages since its start. */
  readonly totals: TotalFacts;
  /** Who came to its ports for routers and AMQP clients, and who was not let in. */
  readonly admissions: Readonly<Admissions>;
  /** Connections that services and AMQP clients have now, by what is spoken; undefined where there are no services. */
  serviceConnections?(): ServiceConnections & { readonly amqp: number };
  /** Times of the routing protocol; undefined for an edge, which does not speak it. */
  readonly timing: TimingFacts | undefined;
  /** The interiors of the network, this one first; none as an edge sees it. */
  nodes(): Iterable<NodeFacts>;
  /** Connections whose peer has introduced itself. */
  connections(): Iterable<ConnectionFacts>;
  /** The links on them. */
  links(): Iterable<LinkFacts>;
  /** Every address that is served, wanted or known of. */
  addresses(): Iterable<AddressFacts>;
  /** The site that it is the router of, if there is one that can tell of itself. */
  readonly site?: ManagedSite | undefined;
  /** What of it can be configured by management; undefined for a router that is no site. */
  readonly configuration?: Configuration | undefined;
}

/** A site as its own commands ask it. */
export interface ManagedSite {
  /** `SiteReport` of `agent/site/report.ts`, as JSON. */
  report(): string;
  /** `ProcessReport` of `agent/site/report.ts`, as JSON. */
  process(): string;
  /** Clients and targets that its services are connected to now, by what is spoken. */
  connections(): ServiceConnections;
  /** The last records of its log: an array of `KeptRecord` of `agent/telemetry/log_ring.ts`, as JSON. */
  log(): string;
  /** Has the site read its folder again; how often it will have been read then. */
  reload(): number;
}

/** Numbers of connections, by what is spoken; of anything but HTTP as `tcp`. */
export type ServiceConnections = Readonly<Record<"tcp" | "http1" | "http2", number>>;

/** Messages of a router. */
export interface TotalFacts {
  /** By where they came from and went to; services of this process count as attached. */
  readonly deliveries: Readonly<RouterDeliveries>;
  /** What became of those that came here or were sent from here. */
  readonly received: LinkCounts;
  /** Messages that have had no outcome for more than ten seconds. */
  readonly stuck: number;
}

/** Times of the routing protocol, in seconds. */
export interface TimingFacts {
  /** Between two HELLOs. */
  readonly hello: number;
  /** Until a neighbour that is not heard counts as lost. */
  readonly helloMaxAge: number;
  /** Between two router advertisements. */
  readonly advertisement: number;
  /** The same while the network is in flux. */
  readonly advertisementInFlux: number;
  /** How long a link state is good for. */
  readonly linkStateMaxAge: number;
  /** How long addresses of a lost router are kept. */
  readonly unreachableHoldoff: number;
}

/** One interior router of the network. */
export interface NodeFacts {
  /** Router id. */
  readonly id: string;
  /** Tells one of its lives from the next; undefined before it has spoken. */
  readonly instance: number | undefined;
  /** Whom it names as its neighbours. */
  readonly neighbours: readonly string[];
  /** `(self)`, the neighbour by which it is reached, or undefined: it is a neighbour itself, or out of reach. */
  readonly nextHop: string | undefined;
  /** Number of the connection, for a neighbour. */
  readonly link: number | undefined;
  /** Cost of the path; undefined for the router itself and while it is out of reach. */
  readonly cost: number | undefined;
  /** Routers whose messages to it pass through here; computed when asked, undefined where that would be too much. */
  validOrigins(): readonly string[] | undefined;
  /** When the network last changed, in seconds since the epoch; the router itself alone knows. */
  readonly changedAt: number | undefined;
}

/** One connection. */
export interface ConnectionFacts {
  /** Number of the connection. */
  readonly id: number;
  /** `host:port` of the peer. */
  readonly host: string;
  /** What it is for. */
  readonly role: ConnectionRole;
  /** `in`: the peer opened it. */
  readonly direction: "in" | "out";
  /** Router id or name of the peer. */
  readonly container: string;
  /** SASL mechanism; undefined when the peer left SASL out. */
  readonly mechanism: string | undefined;
  /** Subject of the peer's certificate. */
  readonly subject: string | undefined;
  /** Undefined on a plain connection. */
  readonly tls: { readonly protocol: string | undefined; readonly cipher: string | undefined } | undefined;
  /** What the peer said of itself. */
  readonly properties: AmqpValue;
  /** Since the last delivery began, either way; undefined before the first one. */
  readonly quietSeconds: number | undefined;
  /** False for the link of an edge that stands by. */
  readonly active: boolean;
  /** Since the peer introduced itself. */
  readonly uptimeSeconds: number;
  /** Of the peer, if it is an edge that told one. */
  readonly meshId: string | undefined;
  /** What a path over it costs; between interiors alone. */
  readonly cost: number | undefined;
}

/** One link. */
export interface LinkFacts {
  /** Unique in the router for as long as the link lives. */
  readonly id: string;
  /** Number of its connection. */
  readonly connection: number;
  /** As its opener named it. */
  readonly name: string;
  /** What it carries. */
  readonly type: "endpoint" | "edge-downlink" | "router-control" | "inter-router";
  /** `in`: messages come to this router. */
  readonly direction: "in" | "out";
  /** Key of the address that it is for; undefined when it carries messages to any. */
  readonly address: string | undefined;
  /** Deliveries of credit that are granted; undefined where the peer grants. */
  readonly capacity: number | undefined;
  /** Deliveries that may still be sent by whoever sends on it. */
  readonly credit: number;
  /** For how long there were none, in seconds. */
  readonly withoutCredit: number;
  /** Deliveries that wait for the link, or are leaving. */
  readonly undelivered: number;
  /** Deliveries that have left or come, and have no outcome. */
  readonly unsettled: number;
  /** Those of both that have had none for more than ten seconds; streams are not among them. */
  readonly stuck: number;
  /** What has passed. */
  readonly counts: Readonly<LinkCounts>;
  /** Deliveries that were handled a second, over the last five. */
  readonly rate: number;
  /** Both sides have attached. */
  readonly up: boolean;
  /** Of the messages it carries; undefined when it carries any. */
  readonly priority: number | undefined;
}

/** One address. */
export interface AddressFacts {
  /** Lookup key, class letter included. */
  readonly key: string;
  /** How messages are spread over its consumers. */
  readonly treatment: string;
  /** Consumers in this process. */
  readonly inProcess: number;
  /** Consumers at attached edges and clients. */
  readonly attached: number;
  /** Ids of routers that have consumers. */
  readonly routers: readonly string[];
  /** Somebody wants to know whether it can be reached. */
  readonly watched: boolean;
  /** Messages so far, by where they came from and went to. */
  readonly deliveries: DeliveryFacts;
}

/** Numbers of messages of one address. */
export interface DeliveryFacts {
  /** From attached edges and clients. */
  readonly ingress: number;
  /** To attached edges and clients. */
  readonly egress: number;
  /** On to other interiors. */
  readonly transit: number;
  /** To consumers in this process. */
  readonly toProcess: number;
  /** From this process. */
  readonly fromProcess: number;
}
