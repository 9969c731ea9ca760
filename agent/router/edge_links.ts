/**
 * The links of an edge: every one is kept connected, one is active, the others stand by without links of their own
 * and take over at once when the active one is lost (wire-protocol B.3). A link with new credentials takes over from the
 * one with the old ones without loss; so does another link, when the interior of the active one is about to go, and a cheaper
 * one that has been up for a while.
 */

import { discriminator } from "./address.ts";
import type { LinkStatus } from "../site/status.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Channel } from "../transport/channel.ts";
import { routerConnectionOptions } from "./capabilities.ts";
import { type LinkTarget, OutboundLink, type RetryPolicy } from "./outbound_link.ts";
import type { Peer } from "./peer.ts";
import type { Router } from "./router.ts";
import { Succession } from "./succession.ts";
import { Uplink } from "./uplink.ts";

/** How long a link that is cheaper than the active one must be up before it takes over, in ms: one that comes and goes does not. */
export const STEADY_MS = 30_000;

/** All links of an edge. */
export class EdgeLinks {
  readonly #router: Router;
  readonly #retryPolicy: () => RetryPolicy;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  readonly #meshId = discriminator();
  readonly #succession = new Succession();
  /** Of links that gave way. */
  readonly #retired = new Map<OutboundLink, Uplink>();
  /** Those whose interiors are about to go: they are used only where there is no other. */
  readonly #leaving = new Set<OutboundLink>();
  readonly #steadyMs: number;
  #active: OutboundLink | undefined;
  #uplink: Uplink | undefined;
  /** Links that are up, and since when, in ms of the router's clock. */
  readonly #upSince = new Map<OutboundLink, number>();
  /** Calls off looking for a cheaper link that has been up for long enough. */
  #cancelLook: (() => void) | undefined;

  /** Starts to connect to `targets` at once; a cheaper link takes over when it has been up for `steadyMs`. */
  constructor(
    router: Router,
    targets: readonly LinkTarget[],
    retryPolicy: () => RetryPolicy,
    logger: Logger,
    onChange: () => void,
    steadyMs = STEADY_MS,
  ) {
    this.#steadyMs = steadyMs;
    this.#router = router;
    this.#retryPolicy = retryPolicy;
    this.#logger = logger;
    this.#onChange = onChange;
    for (const target of targets) this.add(target);
  }

  /** One more link; it starts to connect. */
  add(target: LinkTarget): OutboundLink {
    const options = (channel: Channel) => {
      const { subject, address } = channel.peer;
      const host = address.replace(/:\d+$/, "");
      return routerConnectionOptions("client", this.#router.identity.id, subject !== undefined, host);
    };
    const deps = {
      router: this.#router,
      retry: this.#retryPolicy(),
      logger: this.#logger,
      role: "edge" as const,
      options,
    };
    const link = new OutboundLink(target, deps, {
      onUp: (link) => {
        this.#upSince.set(link, this.#router.clock.now());
        this.#succeed(link);
        this.#elect();
        this.#moveAway();
        this.#preferCheaper();
        this.#onChange();
        return undefined;
      },
      onDown: (link) => {
        this.#upSince.delete(link);
        this.#succession.tellDown(link, this.#logger);
        this.#forget(link);
        this.#giveUp(link);
        this.#onChange();
      },
      onAttach: (link, ...args) => {
        const uplink = this.#active === link ? this.#uplink : this.#retired.get(link);
        if (uplink !== undefined) uplink.onAttach(...args);
        else args[0].refuse({ condition: "amqp:not-allowed", description: "this link stands by" });
      },
    });
    this.#succession.add(link);
    link.run();
    return link;
  }

  /**
   * Connects to `target`, where `last` leads with other credentials or at another cost. `last` stays in use until that is up, and its
   * connection until nothing is under way on it. The result stands for the link from now on.
   */
  replace(last: OutboundLink, target: LinkTarget): OutboundLink {
    const next = this.add(target);
    this.#succession.begin(last, next);
    return next;
  }

  /** Disconnects one link, and uses another if it was the active one; resolves when its channel is gone. */
  async remove(link: OutboundLink): Promise<void> {
    const all = this.#succession.end(link);
    for (const each of all) this.#giveUp(each);
    await Promise.all(all.map((each) => each.stop()));
  }

  /** One status per link, in the order of arrival. */
  status(): LinkStatus[] {
    return this.#succession.status((link) => link === this.#active);
  }

  /** Disconnects everything; resolves when no channel is left. */
  async stop(): Promise<void> {
    this.#cancelLook?.();
    this.#uplink?.stop();
    this.#active = this.#uplink = undefined;
    for (const link of [...this.#retired.keys()]) this.#forget(link);
    await Promise.all(this.#succession.all.map((link) => link.stop()));
  }

  /** `next` is up: it takes over, if it was to. */
  #succeed(next: OutboundLink): void {
    const last = this.#succession.complete(next);
    if (last === undefined || next.peer === undefined) return;
    const uplink = this.#active === last ? this.#uplink : undefined;
    if (uplink !== undefined) {
      this.#use(next, next.peer, uplink.reachable);
      uplink.retire();
      this.#retired.set(last, uplink);
    }
    this.#logger.info("link has moved to a new connection", { link: next.target.name });
    this.#succession.retire(last, () => uplink?.shed() ?? true, () => this.#retired.delete(last));
  }

  /**
   * Leaves a link whose interior is about to go for another one, if one is up; what is under way goes on. True when that
   * was so.
   */
  #moveAway(): boolean {
    const [from, uplink] = [this.#active, this.#uplink];
    if (from === undefined || uplink === undefined || !this.#leaving.has(from)) return false;
    const next = this.#best((link) => !this.#leaving.has(link));
    return next !== undefined && this.#moveTo(next, "its interior is about to go");
  }

  /** Uses a link that is cheaper than the active one, once it has been up for a while; what is under way goes on. */
  #preferCheaper(): void {
    const { clock } = this.#router;
    const now = clock.now();
    const dueAt = (link: OutboundLink) => (this.#upSince.get(link) ?? now) + this.#steadyMs;
    const steady = this.#best((link) => this.#isCheaper(link) && dueAt(link) <= now);
    if (steady !== undefined) this.#moveTo(steady, "that is cheaper");
    this.#cancelLook?.();
    const waiting = [...this.#succession.links].filter((link) => this.#upSince.has(link) && this.#isCheaper(link));
    const next = Math.min(...waiting.map(dueAt).filter((due) => due > now));
    if (next < Infinity) this.#cancelLook = clock.after(next - now, () => this.#preferCheaper());
  }

  #isCheaper(link: OutboundLink): boolean {
    const active = this.#active;
    return active !== undefined && link.target.cost < active.target.cost && !this.#leaving.has(link);
  }

  /** Uses `next` instead of the active link, without loss; true when it can be used. */
  #moveTo(next: OutboundLink, why: string): boolean {
    const [from, uplink] = [this.#active, this.#uplink];
    if (from === undefined || uplink === undefined || next.peer === undefined) return false;
    this.#use(next, next.peer, uplink.reachable);
    uplink.fade(() => from.leave());
    this.#retired.set(from, uplink);
    this.#logger.info("link gives way to another one", { link: from.target.name, to: next.target.name, reason: why });
    this.#onChange();
    return true;
  }

  /** The connection of `link` is gone. */
  #forget(link: OutboundLink): void {
    this.#leaving.delete(link);
    this.#retired.get(link)?.stop();
    this.#retired.delete(link);
  }

  #giveUp(link: OutboundLink): void {
    if (this.#active !== link) return;
    const last = this.#uplink;
    this.#active = this.#uplink = undefined;
    // The next link takes over before the last one is forgotten: what was reachable stays so without a gap.
    this.#elect(last?.reachable);
    last?.stop();
  }

  #elect(presumed?: Iterable<string>): void {
    if (this.#active !== undefined) return;
    const best = this.#best((link) => !this.#leaving.has(link)) ?? this.#best(() => true);
    if (best?.peer !== undefined) this.#use(best, best.peer, presumed);
  }

  /** The cheapest link that is up and `fits`. */
  #best(fits: (link: OutboundLink) => boolean): OutboundLink | undefined {
    let best: OutboundLink | undefined;
    for (const link of this.#succession.links) {
      if (link.peer === undefined || !fits(link)) continue;
      if (best === undefined || link.target.cost < best.target.cost) best = link;
    }
    return best;
  }

  #use(link: OutboundLink, peer: Peer, presumed?: Iterable<string>): void {
    const onLeaving = () => {
      this.#leaving.add(link);
      return this.#moveAway();
    };
    // It may have been left before the others were lost.
    this.#retired.get(link)?.share();
    this.#active = link;
    this.#uplink = new Uplink(this.#router, peer, this.#meshId, onLeaving, presumed);
  }
}
