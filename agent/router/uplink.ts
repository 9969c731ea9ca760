/**
 * The edge's side of one active link to an interior (wire-protocol B.3, I.1): uplink, downlink, tracking, mesh id, and
 * a link for every address that is served or wanted here.
 */

import type { AmqpError, Attach } from "../amqp/codec/types.ts";
import type { IncomingDelivery } from "../amqp/incoming_delivery.ts";
import type { Receiver, ReceiverHandler } from "../amqp/receiver.ts";
import type { Sender } from "../amqp/sender.ts";
import type { Link } from "../amqp/link_table.ts";
import type { Session } from "../amqp/session.ts";
import { every } from "../lib/clock.ts";
import { collect } from "./collect.ts";
import { discriminator } from "./address.ts";
import { NO_ANNOTATIONS, type RouterAnnotations } from "./annotations.ts";
import {
  ADDRESS_TRACKING,
  EDGE_DOWNLINK,
  isOurs,
  LINK_CREDIT,
  MESH_DISCOVERY,
  takesStreamingLinks,
  terminus,
  TRACKING_CREDIT,
} from "./capabilities.ts";
import { Farewell, UPLINK_SESSION } from "./farewell.ts";
import { ACCEPTED, type Message, RELEASED } from "./flow.ts";
import { UNAUTHORIZED } from "./guard.ts";
import { receive } from "./ingress.ts";
import { LinkConsumer } from "./link_consumer.ts";
import { decodeTracking, encodeMeshId, LEAVING } from "./edge_messages.ts";
import type { Peer } from "./peer.ts";
import type { RefusedAction } from "./refusals.ts";
import type { Router } from "./router.ts";
import { StreamLinks } from "./stream_links.ts";

/**
 * Time after which everybody knows that this edge has moved, in ms: routers tell news every second when there is much. Until
 * then streams still come by the link that it has left.
 */
const MOVED_MS = 1200;
/** How often a link that fades is looked at from then on, in ms. */
const FADING_MS = 50;

/** Time an interior has to take our mesh id before we go on without, in ms. */
const INTRODUCTION_MS = 1000;

/** Time for which an address counts as reachable by the next link because it was by the last one, in ms. */
const PRESUMED_MS = 2000;

/** Pause before what was refused is asked for again, in ms; each further one is twice as long, up to the most. */
const REFUSED_MS = 2000;
const MOST_REFUSED_MS = 60_000;
/** Time an interior has to give the credit of a link back that we are about to close, and how often is looked, in ms. */
const DRAIN_MS = 2000;
const FOREIGN_DRAIN_MS = 500;
const DRAINED_LOOK_MS = 20;

/** One active link of an edge. */
export class Uplink {
  readonly #router: Router;
  readonly #peer: Peer;
  readonly #meshId: string;
  readonly #onLeaving: () => boolean;
  readonly #session: Session;
  readonly #consumer: LinkConsumer;
  readonly #downlink: Receiver;
  readonly #tracking: Receiver;
  readonly #served = new Map<string, Receiver>();
  /** Links for what we serve no more, until what was sent by them is through. */
  readonly #withdrawn = new Set<Receiver>();
  readonly #wanted = new Map<string, Sender>();
  /** Undo functions of addresses that are reachable beyond the link. */
  readonly #reachable = new Map<string, () => void>();
  readonly #stopServed: () => void;
  #farewell: Farewell | undefined;
  /** Another uplink uses the connection. */
  #shared = false;
  /** Addresses of {@link Uplink.reachable} that this interior has not reported. */
  readonly #presumed = new Set<string>();
  /** Call off asking again for what was refused, and closing links that are drained. */
  readonly #later = new Set<() => void>();
  #cancelDoubt = () => {};
  #cancelTimer = () => {};
  #cancelFading = () => {};
  #stopped = false;

  /**
   * Attaches everything at once; `peer` is open. `onLeaving` hears when the interior is about to go, and says whether another
   * link is used then. `presumed` are the addresses that were reachable by the last link: they count as reachable until
   * this interior has had the time to report them.
   */
  constructor(
    router: Router,
    peer: Peer,
    meshId: string,
    onLeaving: () => boolean,
    presumed: Iterable<string> = [],
  ) {
    this.#router = router;
    this.#peer = peer;
    this.#meshId = meshId;
    this.#onLeaving = onLeaving;
    const session = peer.connection.beginSession(UPLINK_SESSION);
    this.#session = session;
    const streams = takesStreamingLinks(peer.connection.remote) ? new StreamLinks(peer) : undefined;
    const consumer = new LinkConsumer(peer, streams, (message) => this.#annotate(message), true);
    this.#consumer = consumer;
    this.#tellMeshId();
    consumer.link = session.attachSender({ name: linkName() }, consumer);
    const downlink = terminus(router.identity.id, EDGE_DOWNLINK);
    this.#downlink = session.attachReceiver(
      { name: linkName(), source: downlink, target: terminus(undefined, EDGE_DOWNLINK) },
      this.#messages(undefined),
    );
    this.#downlink.keepCredit(LINK_CREDIT);
    this.#tracking = session.attachReceiver({ name: linkName(), source: { address: ADDRESS_TRACKING } }, {
      onDelivery: (delivery) => this.#onTracking(delivery),
    });
    this.#tracking.keepCredit(TRACKING_CREDIT);
    router.uplink = consumer;
    for (const key of presumed) {
      this.#presumed.add(key);
      this.#setReachable(key, true);
    }
    if (this.#presumed.size > 0) this.#cancelDoubt = peer.clock.after(PRESUMED_MS, () => this.#doubt());
    for (const key of router.addresses.ownKeys()) this.#serve(key, true);
    this.#stopServed = router.onOwnChange((key, present) => this.#serve(key, present));
  }

  /**
   * The interior knows our mesh, or does not care. A C router that is asked for an address before takes us for a part
   * of whatever mesh the address is in, and never says that it is reachable.
   */
  #introduced(): void {
    if (this.#stopped || !this.#peer.connection.isOpen) return;
    const { addresses } = this.#router;
    for (const key of addresses.watchedKeys()) this.#want(key, true);
    addresses.onWatchedChange = (key, watched) => this.#want(key, watched);
  }

  /** Addresses that are reachable by this link. */
  get reachable(): Iterable<string> {
    return this.#reachable.keys();
  }

  /** The interior opens a link: a streaming link towards us; anything else is refused. */
  onAttach(link: Link, attach: Attach): void {
    if (link.role !== "receiver") {
      link.refuse({ condition: "amqp:not-found", description: "an edge offers nothing to receive from" });
      return;
    }
    const target = attach.target !== undefined && "address" in attach.target ? attach.target.address : undefined;
    link.accept(this.#messages(target));
    link.keepCredit(LINK_CREDIT);
  }

  /** The link is lost or gives way to another: nothing is routed over it any more, and what is under way ends. */
  stop(): void {
    this.#cancelFading();
    this.retire();
    this.#session.end();
  }

  /** Another link has taken over: nothing new is routed over this one, and what is under way goes on. */
  retire(): void {
    // Once: what a second call would clear is of the other link by then.
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelTimer();
    this.#cancelDoubt();
    this.#stopServed();
    this.#router.addresses.onWatchedChange = undefined;
    for (const cancel of this.#later) cancel();
    for (const key of this.#served.keys()) this.#refused("offer", key, undefined);
    for (const key of this.#wanted.keys()) this.#refused("consume", key, undefined);
    if (this.#router.uplink === this.#consumer) this.#router.uplink = undefined;
    for (const undo of this.#reachable.values()) undo();
    this.#reachable.clear();
  }

  /** As {@link Uplink.retire}; calls `leave`, which closes the connection, as soon as nothing is under way on it. */
  fade(leave: () => void): void {
    const { clock, connection } = this.#peer;
    this.retire();
    const look = () => {
      // It may have been lost meanwhile: then there is nothing left to wait for.
      if (this.#peer.gone) return this.#cancelFading();
      if (this.#shared ? !this.#leaving.lookAtNamed() : !this.shed()) return;
      if (!this.#shared && [...connection.links()].some(({ busy }) => busy)) return;
      this.#cancelFading();
      if (!this.#shared) leave();
    };
    this.#cancelFading = clock.after(MOVED_MS, () => this.#cancelFading = every(clock, FADING_MS, look));
  }

  /**
   * The connection stays, for another uplink: there is no other way any more. That one asks what can be reached; the interior
   * would take it for answered as long as we are told.
   */
  share(): void {
    this.#shared = true;
    this.#tracking.close();
    for (const link of this.#wanted.values()) link.close();
    this.#wanted.clear();
  }

  /**
   * After {@link Uplink.retire}, from time to time: gives up the links over which the interior might still send us something
   * new; true when it can't any more.
   */
  shed(): boolean {
    return this.#leaving.look();
  }

  get #leaving(): Farewell {
    return this.#farewell ??= new Farewell(this.#session, [
      this.#downlink,
      ...this.#served.values(),
      ...this.#withdrawn,
    ]);
  }

  #messages(target: string | undefined): ReceiverHandler {
    const rules = { origin: this.#peer.origin, target, client: false };
    return { onDelivery: (delivery) => receive(delivery, rules, this.#router.route) };
  }

  /** An edge leaves ingress and trace to the interior (wire-protocol C.1). */
  #annotate(message: Message): RouterAnnotations {
    return {
      ...NO_ANNOTATIONS,
      flags: message.annotations.flags,
      toOverride: message.overridden ? message.address : undefined,
      ingressMesh: this.#meshId,
    };
  }

  #tellMeshId(): void {
    let told = false;
    let over = false;
    const introduced = () => {
      this.#cancelTimer();
      if (!over) this.#introduced();
      over = true;
    };
    this.#cancelTimer = this.#peer.clock.after(INTRODUCTION_MS, introduced);
    const link: Sender = this.#session.attachSender({ name: linkName(), target: { address: MESH_DISCOVERY } }, {
      onReady: () => {
        if (!link.ready || told) return;
        told = true;
        const onReceiverState = (_: unknown, settled: boolean) => {
          if (settled) introduced();
        };
        link.start(false, { onDrain() {}, onReceiverState, onLost() {} }).finish(encodeMeshId(this.#meshId));
      },
      // Routers of old know no meshes.
      onDetached: introduced,
    });
  }

  #serve(key: string, present: boolean, retryMs = REFUSED_MS): void {
    if (key[0] !== "M") return;
    const address = key.slice(1);
    if (!present) {
      this.#withdraw(this.#served.get(key));
      this.#served.delete(key);
      this.#refused("offer", key, undefined);
      return;
    }
    if (this.#served.has(key)) return;
    // Messages of this link are for its address, whatever their properties say.
    const link: Receiver = this.#session.attachReceiver({ name: linkName(), source: { address } }, {
      ...this.#messages(address),
      onAttached: ({ source }) => source !== undefined && this.#refused("offer", key, undefined),
      onDetached: (error) =>
        this.#detached("offer", key, error, retryMs, () => {
          if (this.#served.get(key) !== link) return;
          this.#served.delete(key);
          this.#serve(key, true, retryMs * 2);
        }),
    });
    link.keepCredit(LINK_CREDIT);
    this.#served.set(key, link);
  }

  /** Nothing more is wanted of `link`; what the interior has sent by it before it knows is served. */
  #withdraw(link: Receiver | undefined): void {
    if (link === undefined) return;
    const { clock, connection } = this.#peer;
    this.#withdrawn.add(link);
    link.drain();
    const ours = isOurs(connection.remote);
    const until = clock.now() + (ours ? DRAIN_MS : FOREIGN_DRAIN_MS);
    const cancel = every(clock, DRAINED_LOOK_MS, () => {
      const inTime = clock.now() < until;
      // Routers in C go on to keep messages for a link without credit.
      if (link.attached && (link.busy ? ours || inTime : !link.drained && inTime)) return;
      cancel();
      this.#later.delete(cancel);
      this.#withdrawn.delete(link);
      link.close();
    });
    this.#later.add(cancel);
  }

  #want(key: string, watched: boolean, retryMs = REFUSED_MS): void {
    if (key[0] !== "M") return;
    if (!watched) {
      this.#wanted.get(key)?.close();
      this.#wanted.delete(key);
      this.#refused("consume", key, undefined);
      this.#setReachable(key, false);
      return;
    }
    if (this.#wanted.has(key)) return;
    // The link carries nothing: it makes the interior report whether the address is reachable.
    const link: Sender = this.#session.attachSender({ name: linkName(), target: { address: key.slice(1) } }, {
      onAttached: ({ target }) => target !== undefined && this.#refused("consume", key, undefined),
      onDetached: (error) =>
        this.#detached("consume", key, error, retryMs, () => {
          if (this.#wanted.get(key) !== link) return;
          this.#wanted.delete(key);
          this.#want(key, true, retryMs * 2);
        }),
    });
    this.#wanted.set(key, link);
  }

  /** The interior has closed a link; what it does not allow now, it may allow later. */
  #detached(
    action: RefusedAction,
    key: string,
    error: AmqpError | undefined,
    retryMs: number,
    again: () => void,
  ): void {
    if (error?.condition !== UNAUTHORIZED || this.#stopped) return;
    this.#refused(action, key, error.description ?? error.condition);
    if (action === "consume") this.#setReachable(key, false);
    const cancel = this.#peer.clock.after(Math.min(retryMs, MOST_REFUSED_MS), () => {
      this.#later.delete(cancel);
      again();
    });
    this.#later.add(cancel);
  }

  #refused(action: RefusedAction, key: string, reason: string | undefined): void {
    this.#router.refusals.set(action, key, this.#peer.containerId, reason);
  }

  #onTracking(delivery: IncomingDelivery): void {
    collect(delivery, (bytes) => {
      const report = decodeTracking(bytes);
      if (report === undefined) {
        delivery.update({ kind: "rejected", error: { condition: "amqp:decode-error" } }, true);
        return;
      }
      if (report.key === LEAVING) {
        const leaves = !this.#stopped && this.#onLeaving();
        return delivery.update(leaves ? RELEASED : ACCEPTED, true);
      }
      delivery.update(ACCEPTED, true);
      if (!this.#wanted.has(report.key)) return;
      this.#presumed.delete(report.key);
      this.#setReachable(report.key, report.reachable);
    });
  }

  /** What was not reported is not reachable. */
  #doubt(): void {
    for (const key of this.#presumed) this.#setReachable(key, false);
    this.#presumed.clear();
  }

  #setReachable(key: string, reachable: boolean): void {
    const undo = this.#reachable.get(key);
    if (reachable === (undo !== undefined)) return;
    if (undo !== undefined) {
      this.#reachable.delete(key);
      undo();
    } else {
      this.#reachable.set(key, this.#router.addresses.add(key, this.#consumer));
    }
  }
}

function linkName(): string {
  return `qdlink.${discriminator()}`;
}
