/**
 * One outbound link: connects, waits for its end, and connects again. Who owns it decides what the connection is for;
 * here it only has to come up.
 */

import type { Attach } from "../amqp/codec/types.ts";
import type { ConnectionOptions } from "../amqp/connection_options.ts";
import type { Link } from "../amqp/link_table.ts";
import { every, pause } from "../lib/clock.ts";
import { messageOf, TendrilError } from "../lib/errors.ts";
import type { LinkState, LinkStatus } from "../site/status.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Channel } from "../transport/channel.ts";
import { type ConnectionRole, isRefusal } from "./capabilities.ts";
import { UNAUTHORIZED } from "./guard.ts";
import { NOT_ALLOWED, Peer, type PeerLoss } from "./peer.ts";
import type { Router } from "./router.ts";

/** One link as this room needs to know it. */
export interface LinkTarget {
  /** Name of the Link. */
  readonly name: string;
  /** At least 1; lower is preferred. */
  readonly cost: number;
  /** True when the cost is measured, {@link LinkTarget.cost} at least; edges do not. */
  readonly measured: boolean;
  /** Shown to people while the link is not connected. */
  readonly endpoint: string;
  /** When our certificate for it expires, ms since the epoch. */
  readonly expires?: number | undefined;
  /** Connects to any of the link's endpoints, or only to the one at `address`, as a channel named it. */
  connect(signal: AbortSignal, address?: string): Promise<Channel>;
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
/** Conditions with which a peer closes the connection of somebody it won't have. */
const TURNED_AWAY: ReadonlySet<string> = new Set([UNAUTHORIZED, NOT_ALLOWED]);
/** How often a connection that gave way is looked at; it is closed when it was idle twice in a row, in ms. */
const IDLE_LOOK_MS = 500;

/** What the owner of a link is told. */
export interface OutboundLinkEvents {
  /** The peer has introduced itself. An error that comes back refuses it: the connection is closed with that reason. */
  onUp(link: OutboundLink, peer: Peer): TendrilError | undefined;
  /** The link was up and is not any more, or an attempt failed for another reason than before. */
  onDown(link: OutboundLink): void;
  /** The peer opens a link on the connection. */
  onAttach(link: OutboundLink, ...args: [Link, Attach]): void;
}

/** What a link needs besides its target. */
export interface OutboundLinkDeps {
  /** The router that it belongs to. */
  readonly router: Pick<Router, "clock" | "peers">;
  /** When to try again. */
  readonly retry: RetryPolicy;
  /** Where it logs. */
  readonly logger: Logger;
  /** What it is for. */
  readonly role: ConnectionRole;
  /** What our Open says over `channel`. */
  options(channel: Channel): ConnectionOptions;
}

/** See the head of the file. */
export class OutboundLink {
  /** Where it leads. */
  readonly target: LinkTarget;
  /** The peer while the link is up. */
  peer: Peer | undefined;
  /** One more connection of the same link, kept by its owner: what is under way on it counts as under way on this. */
  companion: OutboundLink | undefined;

  readonly #deps: OutboundLinkDeps;
  readonly #events: OutboundLinkEvents;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #retired = false;
  /** The connection ends because we have left it. */
  #left = false;
  #message = "connecting";
  #failure: TendrilError | undefined;
  #endpoint: string;

  /** Nothing happens before {@link OutboundLink.run}. */
  constructor(target: LinkTarget, deps: OutboundLinkDeps, events: OutboundLinkEvents) {
    this.target = target;
    this.#deps = deps;
    this.#events = events;
    this.#endpoint = target.endpoint;
  }

  /** A snapshot; `active` says whether a link that is up is in use or stands by. */
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
      code: this.#failure?.code,
      hint: this.#failure?.hint,
      expires: this.target.expires,
      connections: this.#connections(),
    };
  }

  /** Each connection has one stream out, whichever end it began at. */
  #connections(): number {
    let count = 0;
    for (const link of this.#carried()) if (link.role === "sender") count += link.unsettledCount;
    return count;
  }

  /** What the peer and its companion carry. */
  *#carried(): Iterable<Link> {
    for (const peer of [this.peer, this.companion?.peer]) if (peer !== undefined) yield* peer.connection.links();
  }

  /** Starts to connect. */
  run(): void {
    this.#running = this.#loop();
  }

  /** Disconnects; resolves when no channel is left. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /**
   * Connects no more, and disconnects when nothing is under way on the connection and `look`, called from time to time, is
   * true, after `limitMs` at the latest. Resolves when no channel is left.
   */
  async retire(limitMs: number, look: () => boolean): Promise<void> {
    const { clock } = this.#deps.router;
    const { promise, resolve } = Promise.withResolvers<void>();
    const deadline = clock.now() + limitMs;
    let idle = 0;
    this.#retired = true;
    const cancel = every(clock, IDLE_LOOK_MS, () => {
      idle = look() && !this.#busy ? idle + 1 : 0;
      if (idle > 1 || clock.now() >= deadline) resolve();
    });
    const gone = this.#running?.then(resolve);
    await promise;
    cancel();
    await this.stop();
    await gone;
  }

  /** Ends the connection, which is not needed any more, and connects again: no fault of anybody. */
  leave(): void {
    this.#left = true;
    this.peer?.close();
  }

  get #busy(): boolean {
    return [...this.#carried()].some(({ busy }) => busy);
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted && !this.#retired) {
      try {
        const channel = await this.target.connect(signal);
        this.#endpoint = channel.peer.address;
        await this.#serve(channel);
      } catch (error) {
        if (signal.aborted) return;
        this.#report(error);
      }
      if (signal.aborted || this.#retired) return;
      const { router: { clock }, retry } = this.#deps;
      await pause(clock, retry.next(clock.now()), signal);
    }
  }

  /** Speaks AMQP over `channel` until its end. */
  #serve(channel: Channel): Promise<void> {
    const { signal } = this.#stop;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { router: { clock, peers }, logger, role, retry } = this.#deps;
    const peer = new Peer(channel, this.#deps.options(channel), role === "edge", clock, {
      onOpen: (remote) => {
        if (isRefusal(remote)) return; // The reason follows.
        cancelTimeout();
        this.peer = peer;
        this.#message = "OK";
        this.#failure = undefined;
        const refusal = this.#events.onUp(this, peer);
        if (refusal !== undefined) return peer.refuse(refusal);
        peers.add(peer, role, "out");
        logger.debug("link up", { link: this.target.name, peer: remote.containerId, endpoint: this.#endpoint });
      },
      onAttach: (link, attach) => this.#events.onAttach(this, link, attach),
      onGone: (loss) => {
        cancelTimeout();
        signal.removeEventListener("abort", close);
        peers.remove(peer);
        const wasUp = this.peer !== undefined;
        this.peer = undefined;
        const error = lossError(loss, wasUp);
        const left = this.#left;
        this.#left = false;
        // Who is turned away each time must not come back as fast as one that was welcome.
        const turnedAway = loss.refusal !== undefined || TURNED_AWAY.has(loss.remote?.condition ?? "");
        if (wasUp && !turnedAway) retry.reset();
        if (wasUp) {
          this.#message = left ? "connecting" : messageOf(error);
          this.#failure = left ? undefined : error;
          this.#events.onDown(this);
        }
        if (signal.aborted || left) resolve();
        else reject(error);
      },
    });
    const cancelTimeout = clock.after(OPEN_TIMEOUT_MS, () => channel.destroy());
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
    this.#failure = error instanceof TendrilError ? error : undefined;
    this.#deps.logger.debug("link down", {
      link: this.target.name,
      endpoint: this.#endpoint,
      code: this.#failure?.code,
      reason: message,
      next: this.#failure?.hint,
    });
    this.#events.onDown(this);
  }
}

/** Why a link ended, or never came up, in words for people. */
export function lossError(loss: PeerLoss, wasUp: boolean): TendrilError {
  const cause = loss.refusal ?? loss.transport ?? loss.protocol;
  if (cause !== undefined) return cause;
  if (loss.remote !== undefined) {
    const { condition, description } = loss.remote;
    if (condition === UNAUTHORIZED) {
      return new TendrilError("LINK_NOT_ALLOWED", description ?? "the peer does not allow this link", {
        hint:
          "Ask whoever runs the other site to allow it, in a Policy or by another link file; it is tried again by itself.",
      });
    }
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
