/**
 * The outbound links of an interior: all are kept connected, and all that are connected are used. Every connection of a
 * link tells the peer which link it is and has a higher ordinal than the last one (wire-protocol A.6), so the peer knows
 * which to use while a link moves to new credentials or another cost, or before it has noticed that the last one is dead.
 */

import type { TendrilError } from "../../agent/lib/errors.ts";
import type { LinkStatus } from "../../agent/mod.ts";
import { type LinkTarget, OutboundLink, type RetryPolicy } from "../../agent/router/outbound_link.ts";
import type { Router } from "../../agent/router/router.ts";
import type { Logger } from "../../agent/telemetry/log.ts";
import type { Channel } from "../../agent/transport/channel.ts";
import { discriminator } from "../../agent/router/address.ts";
import { Succession } from "../../agent/router/succession.ts";
import { CONNECTION_TRUNKING, hasSymbol } from "../../agent/router/capabilities.ts";
import { dialData, hostOf } from "./data_connection.ts";
import { interiorConnectionOptions, type LinkGroup } from "./interior_options.ts";
import type { Neighbour } from "./neighbour.ts";
import type { Transit } from "./transit.ts";

/** See the head of the file. */
export class InteriorLinks {
  readonly #router: Router;
  readonly #transit: Transit;
  readonly #retryPolicy: () => RetryPolicy;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  readonly #neighbours = new Map<OutboundLink, Neighbour>();
  readonly #succession = new Succession();
  readonly #correlators = new WeakMap<OutboundLink, string>();
  /** Data connections whose control connection is gone. */
  readonly #ending = new Set<Promise<void>>();
  #ordinal = 0;

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
    return this.#add(target, discriminator());
  }

  /**
   * Connects to `target`, where `last` leads with other credentials or at another cost. `last` stays in use until that is up, and its
   * connection until nothing is under way on it. The result stands for the link from now on.
   */
  replace(last: OutboundLink, target: LinkTarget): OutboundLink {
    const next = this.#add(target, this.#correlators.get(last) ?? discriminator());
    this.#succession.begin(last, next);
    return next;
  }

  #add(target: LinkTarget, correlator: string): OutboundLink {
    let group: LinkGroup;
    const options = (channel: Channel) => {
      const { subject, address } = channel.peer;
      group = { correlator, ordinal: ++this.#ordinal };
      const { id } = this.#router.identity;
      return interiorConnectionOptions("client", id, subject !== undefined, target.cost, hostOf(address), group);
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
        const neighbour = this.#transit.adopt(peer, true, target);
        this.#neighbours.set(link, neighbour);
        if (hasSymbol(remote?.offeredCapabilities, CONNECTION_TRUNKING)) this.#dialData(link, neighbour, group);
        this.#succeed(link);
        this.#onChange();
        return undefined;
      },
      onDown: (link) => {
        this.#succession.tellDown(link, this.#logger);
        const neighbour = this.#neighbours.get(link);
        this.#neighbours.delete(link);
        this.#endData(link);
        if (neighbour !== undefined) this.#transit.lost(neighbour);
        this.#onChange();
      },
      onAttach: (link, ...args) => this.#neighbours.get(link)?.onAttach(...args),
    });
    this.#succession.add(link);
    this.#correlators.set(link, correlator);
    link.run();
    return link;
  }

  /** Disconnects one link; resolves when its channels are gone. */
  async remove(link: OutboundLink): Promise<void> {
    await this.#stop(this.#succession.end(link));
  }

  /** One status per link, in the order of arrival. */
  status(): LinkStatus[] {
    return this.#succession.status(() => true);
  }

  /** Disconnects everything; resolves when no channel is left. */
  async stop(): Promise<void> {
    await this.#stop(this.#succession.all);
  }

  async #stop(links: readonly OutboundLink[]): Promise<void> {
    await Promise.all(links.map((link) => link.stop()));
    await Promise.all(this.#ending);
  }

  #dialData(control: OutboundLink, neighbour: Neighbour, group: LinkGroup): void {
    control.companion = dialData(control, neighbour, group, {
      router: this.#router,
      route: this.#transit.route,
      retry: this.#retryPolicy(),
      logger: this.#logger,
    });
  }

  #endData(control: OutboundLink): void {
    const data = control.companion;
    if (data === undefined) return;
    control.companion = undefined;
    const ended = data.stop().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  /** `next` is up: it takes over, if it was to. */
  #succeed(next: OutboundLink): void {
    const last = this.#succession.complete(next);
    if (last === undefined) return;
    const neighbour = this.#neighbours.get(last);
    if (neighbour !== undefined) this.#transit.supersede(neighbour);
    this.#logger.info("link has moved to a new connection", { link: next.target.name });
    this.#succession.retire(last, () => true, () => {});
  }
}
