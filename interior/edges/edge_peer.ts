/** The interior's side of a link to an edge (wire-protocol B.3, I.3). */

import type { Attach } from "../../agent/amqp/codec/types.ts";
import type { Receiver } from "../../agent/amqp/receiver.ts";
import type { Sender } from "../../agent/amqp/sender.ts";
import {
  ADDRESS_TRACKING,
  EDGE_DOWNLINK,
  hasSymbol,
  isOurs,
  MESH_CREDIT,
  MESH_DISCOVERY,
  ordinaryTarget,
  routerConnectionOptions,
  takesStreamingLinks,
} from "../../agent/router/capabilities.ts";
import { collect } from "../../agent/router/collect.ts";
import { decodeMeshId } from "../../agent/router/edge_messages.ts";
import { ACCEPTED } from "../../agent/router/flow.ts";
import type { Guard } from "../../agent/router/guard.ts";
import { LinkConsumer } from "../../agent/router/link_consumer.ts";
import type { Router } from "../../agent/router/router.ts";
import { StreamLinks } from "../../agent/router/stream_links.ts";
import type { Channel } from "../../agent/transport/channel.ts";
import { AcceptedPeer, type AcceptedPeerEvents, type ProducerKind } from "../../agent/router/accepted_peer.ts";
import { annotateAsInterior } from "../transit/annotate.ts";
import { EdgePlaces } from "./edge_places.ts";
import { Tracking } from "./tracking.ts";

const ROUTER: ProducerKind = { client: false };
/** Characters of a mesh id; C routers make some of 15. It goes into what is told of each address of the edge. */
const MAX_MESH_ID = 64;
/** Time between two mesh ids of an edge, in ms: for each, all addresses are looked at, and told anew. */
const MESH_PAUSE_MS = 1000;

/** One attached edge. */
export class EdgePeer extends AcceptedPeer {
  readonly #tracking: Tracking;
  #streams: StreamLinks | undefined;
  /** The mesh id that the edge has named last; where it names many, it counts a moment later. */
  #meshId: string | undefined;
  #meshTakenAt = -Infinity;
  #cancelMesh = () => {};

  /** Takes over an accepted channel of the edge port. Without `guard`, the edge may do everything. */
  constructor(router: Router, channel: Channel, events: AcceptedPeerEvents, guard?: Guard) {
    const options = routerConnectionOptions("server", router.identity.id, channel.peer.subject !== undefined);
    super(router, channel, options, "edge", events, guard);
    this.#tracking = new Tracking(router.identity.id);
  }

  /** See {@link AcceptedPeer}. */
  protected override onProducer(link: Receiver, attach: Attach): void {
    const address = ordinaryTarget(attach)?.address;
    if (address === undefined) this.anonymousProducer(link, ROUTER);
    else if (address === MESH_DISCOVERY) this.#meshDiscovery(link);
    else this.producer(link, address, ROUTER, this.#tracking);
  }

  /** See {@link AcceptedPeer}. */
  protected override onConsumer(link: Sender, attach: Attach): void {
    const address = attach.source?.address;
    if (address === undefined) {
      link.refuse({ condition: "amqp:invalid-field", description: "an edge must name the source of its link" });
    } else if (address === ADDRESS_TRACKING) {
      this.#tracking.attach(link);
    } else {
      const downlink = hasSymbol(attach.source?.capabilities, EDGE_DOWNLINK);
      const key = downlink ? `H${address}` : `M${address}`;
      this.#serve(link, key);
    }
  }

  #serve(link: Sender, key: string): void {
    const consumer = this.#linkConsumer();
    this.consumer(link, key, consumer);
    if (consumer.link === undefined) return; // It was refused.
    const edge = this.peer.containerId ?? "";
    const places = EdgePlaces.of(this.router);
    places.take(edge, key, consumer);
    const { onGone } = consumer;
    consumer.onGone = () => {
      onGone?.();
      places.leave(edge, key, consumer);
    };
    if (!isOurs(this.peer.connection.remote)) return;
    // An edge of ours drains links that it is about to close; until then, what is under way on them may end.
    consumer.onDrained = () => {
      places.leave(edge, key, consumer);
      consumer.release();
    };
  }

  #linkConsumer(): LinkConsumer {
    if (takesStreamingLinks(this.peer.connection.remote)) this.#streams ??= new StreamLinks(this.peer);
    return new LinkConsumer(this.peer, this.#streams, annotateAsInterior(this.router.identity.id), false);
  }

  /** See {@link AcceptedPeer}. */
  protected override dismissal(): (() => Promise<boolean>) | undefined {
    return isOurs(this.peer.connection.remote) ? () => this.#tracking.dismiss() : undefined;
  }

  #meshDiscovery(link: Receiver): void {
    // The address is answered in the source: real routers do so, and look for it there.
    link.accept({
      onDelivery: (delivery) =>
        collect(delivery, (bytes) => {
          const meshId = decodeMeshId(bytes);
          if (meshId === undefined || meshId.length > MAX_MESH_ID) {
            const condition = meshId === undefined ? "amqp:decode-error" : "amqp:invalid-field";
            return delivery.update({ kind: "rejected", error: { condition } }, true);
          }
          delivery.update(ACCEPTED, true);
          this.#named(meshId);
        }),
      onDetached: () => {
        if (!this.peer.connection.isOpen) this.#cancelMesh();
      },
    }, { source: { address: MESH_DISCOVERY }, target: {} });
    link.keepCredit(MESH_CREDIT);
  }

  /** The edge names its mesh. */
  #named(meshId: string): void {
    if (meshId === this.#meshId) return;
    this.#meshId = meshId;
    this.#cancelMesh();
    const { clock } = this.router;
    const early = this.#meshTakenAt + MESH_PAUSE_MS - clock.now();
    if (early > 0) this.#cancelMesh = clock.after(early, () => this.#takeMeshId());
    else this.#takeMeshId();
  }

  #takeMeshId(): void {
    this.#meshTakenAt = this.router.clock.now();
    this.peer.origin.meshId = this.#meshId;
    this.router.addresses.refresh();
  }
}
