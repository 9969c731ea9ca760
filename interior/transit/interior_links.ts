/** The outbound links of an interior: all are kept connected, and all that are connected are used. */

import type { TendrilError } from "../../agent/lib/errors.ts";
import type { LinkStatus } from "../../agent/mod.ts";
import { type LinkTarget, OutboundLink, type RetryPolicy } from "../../agent/router/outbound_link.ts";
import type { Router } from "../../agent/router/router.ts";
import type { Logger } from "../../agent/telemetry/log.ts";
import type { Channel } from "../../agent/transport/channel.ts";
import { interiorConnectionOptions } from "./interior_options.ts";
import type { Neighbour } from "./neighbour.ts";
import type { Transit } from "./transit.ts";

/** See the head of the file. */
export class InteriorLinks {
  readonly #links: OutboundLink[];
  readonly #neighbours = new Map<OutboundLink, Neighbour>();

  /** Nothing happens before {@link InteriorLinks.start}. */
  constructor(
    router: Router,
    transit: Transit,
    targets: readonly LinkTarget[],
    retryPolicy: () => RetryPolicy,
    logger: Logger,
    onChange: () => void,
  ) {
    this.#links = targets.map((target) => {
      const options = (channel: Channel) => {
        const { subject, address } = channel.peer;
        const host = address.replace(/:\d+$/, "");
        return interiorConnectionOptions("client", router.identity.id, subject !== undefined, target.cost, host);
      };
      const deps = { router, retry: retryPolicy(), logger, role: "inter-router" as const, options };
      return new OutboundLink(target, deps, {
        onUp: (link, peer): TendrilError | undefined => {
          const { remote } = peer.connection;
          const objection = remote === undefined ? undefined : transit.objection(remote);
          if (objection !== undefined) return objection;
          this.#neighbours.set(link, transit.adopt(peer, true, target));
          onChange();
          return undefined;
        },
        onDown: (link) => {
          const neighbour = this.#neighbours.get(link);
          this.#neighbours.delete(link);
          if (neighbour !== undefined) transit.lost(neighbour);
          onChange();
        },
        onAttach: (link, ...args) => this.#neighbours.get(link)?.onAttach(...args),
      });
    });
  }

  /** Starts to connect. */
  start(): void {
    for (const link of this.#links) link.run();
  }

  /** One status per link, in the order of the targets. */
  status(): LinkStatus[] {
    return this.#links.map((link) => link.status(true));
  }

  /** Disconnects everything; resolves when no channel is left. */
  async stop(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.stop()));
  }
}
