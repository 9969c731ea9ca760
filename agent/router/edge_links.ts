/**
 * The links of an edge: every one is kept connected, one is active, the others stand by without links of their own
 * and take over at once when the active one is lost (wire-protocol B.3).
 */

import { discriminator } from "./address.ts";
import { messageOf, TendrilError } from "../lib/errors.ts";
import type { LinkState, LinkStatus } from "../site/status.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Channel } from "../transport/channel.ts";
import { routerConnectionOptions } from "./capabilities.ts";
import { Peer, type PeerLoss } from "./peer.ts";
import type { Router } from "./router.ts";
import { Uplink } from "./uplink.ts";

/** One link as the edge needs to know it. */
export interface EdgeLinkTarget {
  /** Name of the Link. */
  readonly name: string;
  /** Lower is preferred when several links stand by. */
  readonly cost: number;
  /** Shown to people while the link is not connected. */
  readonly endpoint: string;
  /** Connects to any of the link's endpoints. */
  connect(signal: AbortSignal): Promise<Channel>;
}

/** When to try again; see `transport/backoff.ts`. */
export interface RetryPolicy {
  /** Milliseconds to wait before the next attempt. */
  next(nowMs: number): number;
  /** The link is up: the next outage starts from the beginning. */
  reset(): void;
}

/** Time a connected peer has to answer our Open, in ms. */
const OPEN_TIMEOUT_MS = 10_000;

/** All links of an edge. */
export class EdgeLinks {
  readonly #links: EdgeLink[];
  readonly #router: Router;
  readonly #meshId = discriminator();
  #active: EdgeLink | undefined;
  #uplink: Uplink | undefined;

  /** Starts to connect at once. */
  constructor(
    router: Router,
    targets: readonly EdgeLinkTarget[],
    retryPolicy: () => RetryPolicy,
    logger: Logger,
    onChange: () => void,
  ) {
    this.#router = router;
    this.#links = targets.map((target) =>
      new EdgeLink(router.identity.id, target, retryPolicy(), logger, {
        onUp: () => {
          this.#elect();
          onChange();
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
      })
    );
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
    let best: EdgeLink | undefined;
    for (const link of this.#links) {
      if (link.peer !== undefined && (best === undefined || link.target.cost < best.target.cost)) best = link;
    }
    if (best?.peer === undefined) return;
    this.#active = best;
    this.#uplink = new Uplink(this.#router, best.peer, this.#meshId);
  }
}

interface EdgeLinkEvents {
  onUp(link: EdgeLink): void;
  onDown(link: EdgeLink): void;
  onAttach(link: EdgeLink, ...args: Parameters<Uplink["onAttach"]>): void;
}

/** One link: connects, waits for its end, connects again. */
class EdgeLink {
  readonly target: EdgeLinkTarget;
  /** The peer while the link is up. */
  peer: Peer | undefined;

  readonly #routerId: string;
  readonly #retry: RetryPolicy;
  readonly #logger: Logger;
  readonly #events: EdgeLinkEvents;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #message = "connecting";
  #endpoint: string;

  constructor(routerId: string, target: EdgeLinkTarget, retry: RetryPolicy, logger: Logger, events: EdgeLinkEvents) {
    this.#routerId = routerId;
    this.target = target;
    this.#retry = retry;
    this.#logger = logger;
    this.#events = events;
    this.#endpoint = target.endpoint;
  }

  status(active: boolean): LinkStatus {
    let state: LinkState = active ? "active" : "standby";
    if (this.peer === undefined) state = this.#message === "connecting" ? "connecting" : "down";
    return {
      name: this.target.name,
      state,
      cost: this.target.cost,
      endpoint: this.#endpoint,
      remote: this.peer?.containerId,
      message: this.#message,
    };
  }

  run(): void {
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const channel = await this.target.connect(signal);
        this.#endpoint = channel.peer.address;
        await this.#serve(channel);
      } catch (error) {
        if (signal.aborted) return;
        this.#report(error);
      }
      if (signal.aborted) return;
      await pause(this.#retry.next(performance.now()), signal);
    }
  }

  /** Speaks AMQP over `channel` until its end. */
  #serve(channel: Channel): Promise<void> {
    const { signal } = this.#stop;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const hostname = channel.peer.address.replace(/:\d+$/, "");
    const options = routerConnectionOptions("client", this.#routerId, channel.peer.subject !== undefined, hostname);
    const peer = new Peer(channel, options, true, {
      onOpen: (remote) => {
        clearTimeout(timer);
        this.peer = peer;
        this.#message = "OK";
        this.#retry.reset();
        this.#logger.debug("link up", { link: this.target.name, peer: remote.containerId, endpoint: this.#endpoint });
        this.#events.onUp(this);
      },
      onAttach: (link, attach) => this.#events.onAttach(this, link, attach),
      onGone: (loss) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", close);
        const wasUp = this.peer !== undefined;
        this.peer = undefined;
        const error = lossError(loss, wasUp);
        if (wasUp) {
          this.#message = messageOf(error);
          this.#events.onDown(this);
        }
        if (signal.aborted) resolve();
        else reject(error);
      },
    });
    const timer = setTimeout(() => channel.destroy(), OPEN_TIMEOUT_MS);
    const close = () => peer.close();
    signal.addEventListener("abort", close, { once: true });
    peer.start();
    // Stopped between the connection and this: the event is over.
    if (signal.aborted) close();
    return promise;
  }

  #report(error: unknown): void {
    const message = messageOf(error);
    if (message === this.#message) return; // Said once; the status keeps saying it.
    this.#message = message;
    const hint = error instanceof TendrilError ? error.hint : undefined;
    const code = error instanceof TendrilError ? error.code : undefined;
    this.#logger.debug("link down", {
      link: this.target.name,
      endpoint: this.#endpoint,
      code,
      reason: message,
      next: hint,
    });
    this.#events.onDown(this);
  }
}

function lossError(loss: PeerLoss, wasUp: boolean): TendrilError {
  const cause = loss.transport ?? loss.protocol;
  if (cause !== undefined) return cause;
  if (loss.remote !== undefined) {
    const { condition, description } = loss.remote;
    return new TendrilError("LINK_CLOSED_BY_PEER", `peer closed the link: ${condition} ${description ?? ""}`.trim(), {
      hint: "The log of the peer says why.",
    });
  }
  return wasUp
    ? new TendrilError("LINK_LOST", "the peer ended the connection", { hint: "Tendril connects again by itself." })
    : new TendrilError("LINK_NOT_ADMITTED", "the peer did not admit this link", {
      hint: "Check that the link's credentials were issued by the peer's site; the log of the peer says why.",
    });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
