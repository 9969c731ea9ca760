/**
 * The links of an edge: every one is kept connected, one is active, the others stand by without links of their own
 * and take over at once when the active one is lost (wire-protocol B.3).
 */

import { discriminator } from "./address.ts";
import type { LinkStatus } from "../site/status.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Channel } from "../transport/channel.ts";
import { routerConnectionOptions } from "./capabilities.ts";
import { type LinkTarget, OutboundLink, type RetryPolicy } from "./outbound_link.ts";
import type { Router } from "./router.ts";
import { Uplink } from "./uplink.ts";

/** All links of an edge. */
export class EdgeLinks {
  readonly #links: OutboundLink[];
  readonly #router: Router;
  readonly #meshId = discriminator();
  #active: OutboundLink | undefined;
  #uplink: Uplink | undefined;

  /** Starts to connect at once. */
  constructor(
    router: Router,
    targets: readonly LinkTarget[],
    retryPolicy: () => RetryPolicy,
    logger: Logger,
    onChange: () => void,
  ) {
    this.#router = router;
    const options = (channel: Channel) =>
      routerConnectionOptions(
        "client",
        router.identity.id,
        channel.peer.subject !== undefined,
        channel.peer.address.replace(/:\d+$/, ""),
      );
    this.#links = targets.map((target) => {
      const deps = { router, retry: retryPolicy(), logger, role: "edge" as const, options };
      return new OutboundLink(target, deps, {
        onUp: () => {
          this.#elect();
          onChange();
          return undefined;
        },
        onDown: (link) => {
          if (this.#active === link) {
            this.#uplink?.stop();
            this.#active = this.#uplink = undefined;
            this.#elect();
          }
          onChange();
        },
        onAttach: (link, ...args) => {
          if (this.#active === link && this.#uplink !== undefined) this.#uplink.onAttach(...args);
          else args[0].refuse({ condition: "amqp:not-allowed", description: "this link stands by" });
        },
      });
    });
    for (const link of this.#links) link.run();
  }

  /** One status per link, in the order of the targets. */
  status(): LinkStatus[] {
    return this.#links.map((link) => link.status(link === this.#active));
  }

  /** Disconnects everything; resolves when no channel is left. */
  async stop(): Promise<void> {
    this.#uplink?.stop();
    this.#active = this.#uplink = undefined;
    await Promise.all(this.#links.map((link) => link.stop()));
  }

  #elect(): void {
    if (this.#active !== undefined) return;
    let best: OutboundLink | undefined;
    for (const link of this.#links) {
      if (link.peer !== undefined && (best === undefined || link.target.cost < best.target.cost)) best = link;
    }
    if (best?.peer === undefined) return;
    this.#active = best;
    this.#uplink = new Uplink(this.#router, best.peer, this.#meshId);
  }
}
