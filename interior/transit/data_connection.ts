/**
 * The connection of a link that carries its streams (wire-protocol A.6), so that routing messages do not wait behind
 * bulk in the buffers of a socket. The side that dialled the link opens it; both send streams over it.
 */

import type { Link } from "../../agent/amqp/link_table.ts";
import { TendrilError } from "../../agent/lib/errors.ts";
import { LINK_CREDIT } from "../../agent/router/capabilities.ts";
import { receive, type Route } from "../../agent/router/ingress.ts";
import { OutboundLink, type RetryPolicy } from "../../agent/router/outbound_link.ts";
import type { Peer } from "../../agent/router/peer.ts";
import type { Router } from "../../agent/router/router.ts";
import type { Logger } from "../../agent/telemetry/log.ts";
import { interiorConnectionOptions, type LinkGroup } from "./interior_options.ts";
import type { Neighbour } from "./neighbour.ts";

/** What a data connection needs of its router. */
export interface DataConnectionDeps {
  /** The router. */
  readonly router: Router;
  /** Takes the streams that the neighbour sends. */
  readonly route: Route;
  /** When to try again. */
  readonly retry: RetryPolicy;
  /** Where it logs. */
  readonly logger: Logger;
}

/**
 * Dials the data connection of `control`, which is up and leads to `neighbour`, as one of `group`. Without it streams
 * take the control connection. The caller stops it when `control` is down.
 */
export function dialData(
  control: OutboundLink,
  neighbour: Neighbour,
  group: LinkGroup,
  { router, route, retry, logger }: DataConnectionDeps,
): OutboundLink {
  const { target } = control;
  const { address } = neighbour.peer.channel.peer;
  const options = ({ peer: { subject } }: Peer["channel"]) =>
    interiorConnectionOptions("client", router.identity.id, subject !== undefined, target.cost, hostOf(address), {
      ...group,
      data: true,
    });
  let carrier: Peer | undefined;
  const data = new OutboundLink(
    { ...target, endpoint: address, connect: (signal) => target.connect(signal, address) },
    { router, retry, logger, role: "inter-router-data", options },
    {
      onUp: (_, peer) => {
        if (peer.containerId !== neighbour.id) return wrongRouter(peer, neighbour);
        carrier = peer;
        neighbour.streams.add(peer);
        return undefined;
      },
      onDown: () => {
        if (carrier !== undefined) neighbour.streams.remove(carrier);
        carrier = undefined;
      },
      onAttach: (_, link) => takeStreams(link, neighbour.peer, route),
    },
  );
  data.run();
  return data;
}

/** The neighbour opens `link` on a data connection: streams that it sends by that go to `route`, as if from `peer`. */
export function takeStreams(link: Link, peer: Peer, route: Route): void {
  if (link.role === "sender") {
    link.refuse({ condition: "amqp:not-allowed", description: "streams are opened by who sends them" });
    return;
  }
  const rules = { origin: peer.origin, target: undefined, client: false };
  link.accept({ onDelivery: (delivery) => receive(delivery, rules, route) });
  link.keepCredit(LINK_CREDIT);
}

/** The host of `address`, which ends in a port. */
export function hostOf(address: string): string {
  return address.replace(/:\d+$/, "");
}

/** Several routers may share an address; each attempt may lead to another one. */
function wrongRouter(peer: Peer, neighbour: Neighbour): TendrilError {
  const message = `the address of ${neighbour.id} leads to ${peer.containerId} as well`;
  return new TendrilError("LINK_OTHER_ROUTER", message, {
    hint: "Streams take the first connection of the link meanwhile. Give each router an address of its own.",
  });
}
