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
  readonly #router: Router;
  readonly #transit: Transit;
  readonly #retryPolicy: () => RetryPolicy;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  readonly #links = new Set<OutboundLink>();
  readonly #neighbours = new Map<OutboundLink, Neighbour>();

  /** Connects to nobody yet. */
  constructor(
    router: Router,
    transit: Transit,
    retryPolicy: () => RetryPolicy,
    logger: Logger,
    onChange: () => void,
  ) {
    this.#router = router;
    this.#transit = transit;
    this.#retryPolicy = retryPolicy;
    this.#logger = logger;
    this.#onChange = onChange;
  }

  /** One more link; it starts to connect. */
  add(target: LinkTarget): OutboundLink {
    const options = (channel: Channel) => {
      const { subject, address } = channel.peer;
      const host = address.replace(/:\d+$/, "");
      return interiorConnectionOptions("client", this.#router.identity.id, subject !== undefined, target.cost, host);
    };
    const deps = {
      router: this.#router,
      retry: this.#retryPolicy(),
      logger: this.#logger,
      role: "inter-router" as const,
      options,
    };
    const link = new OutboundLink(target, deps, {
      onUp: (link, peer): TendrilError | undefined => {
        const { remote } = peer.connection;
        const objection = remote === undefined ? undefined : this.#transit.objection(remote);
        if (objection !== undefined) return objection;
        this.#neighbours.set(link, this.#transit.adopt(peer, true, target));
        this.#onChange();
        return undefined;
      },
      onDown: (link) => {
        const neighbour = this.#neighbours.get(link);
        this.#neighbours.delete(link);
        if (neighbour !== undefined) this.#transit.lost(neighbour);
        this.#onChange();
      },
      onAttach: (link, ...args) => this.#neighbours.get(link)?.onAttach(...args),
    });
    this.#links.add(link);
    link.run();
    return link;
  }

  /** Disconnects one link; resolves when its channel is gone. */
  async remove(link: OutboundLink): Promise<void> {
    this.#links.delete(link);
    await link.stop();
  }

  /** One status per link, in the order of arrival. */
  status(): LinkStatus[] {
    return [...this.#links].map((link) => link.status(true));
  }

  /** Disconnects everything; resolves when no channel is left. */
  async stop(): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.stop()));
  }
}
