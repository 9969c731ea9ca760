/** What management tells of admission to a router: who came, and what was denied. */

import type { AmqpValue } from "../amqp/codec/types.ts";
import { count, define, type EntityType, none } from "./entity_type.ts";
import type { ConnectionFacts, ManagedRouter } from "./managed_router.ts";
import { int, map, texts } from "./values.ts";

/** Bounds for all, and what was denied; who may do what is said by the resource Policy, which is not shown here. */
export const POLICY: EntityType = define<ManagedRouter>({
  type: "policy",
  base: "configurationEntity",
  facts: (router) => [router],
  identity: () => "policy/0",
  attributes: {
    maxConnections: none,
    maxMessageSize: () => int(0),
    enableVhostPolicy: ({ admissions: { governed } }) => governed,
    enableVhostNamePatterns: () => false,
    policyDir: () => "",
    defaultVhost: () => "",
    connectionsProcessed: ({ admissions }) => int(admissions.processed),
    connectionsDenied: ({ admissions }) => int(admissions.denied),
    // Those that came to a port, as C counts them.
    connectionsCurrent: (router) => int(count(accepted(router))),
    linksDenied: ({ admissions: { sendersDenied, receiversDenied } }) => int(sendersDenied + receiversDenied),
    maxMessageSizeDenied: () => int(0),
    totalDenials: ({ admissions: { denied, sendersDenied, receiversDenied, othersDenied } }) =>
      int(denied + sendersDenied + receiversDenied + othersDenied),
  },
});

/** What Policies have denied, as if all of them were one of a host. */
export const VHOST_STATS: EntityType = define<ManagedRouter>({
  type: "vhostStats",
  facts: (router) => router.admissions.governed ? [router] : [],
  identity: () => "vhostStats/$default",
  attributes: {
    hostname: () => "$default",
    connectionsApproved: ({ admissions }) => int(admissions.approved),
    connectionsDenied: ({ admissions }) => int(admissions.denied),
    connectionsCurrent: (router) => int(count(accepted(router))),
    perUserState: (router) => hostsBy(router, ({ subject = "anonymous" }) => subject),
    perHostState: (router) => hostsBy(router, ({ host }) => host.replace(/:\d+$/, "")),
    sessionDenied: () => int(0),
    senderDenied: ({ admissions }) => int(admissions.sendersDenied),
    receiverDenied: ({ admissions }) => int(admissions.receiversDenied),
    maxMessageSizeDenied: () => int(0),
  },
});

/** The connections that came to a port, as `host:port`, by what `name` says of them. */
function hostsBy(router: ManagedRouter, name: (connection: ConnectionFacts) => string): AmqpValue {
  const by = Map.groupBy(accepted(router), name);
  return map([...by].map(([key, connections]) => [key, texts(connections.map(({ host }) => host))]));
}

function* accepted(router: ManagedRouter): Generator<ConnectionFacts> {
  for (const each of router.connections()) if (each.direction === "in") yield each;
}
