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

/** One attached edge. */
export class EdgePeer extends AcceptedPeer {
  readonly #tracking: Tracking;
  #streams: StreamLinks | undefined;

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
          delivery.update(
            meshId === undefined ? { kind: "rejected", error: { condition: "amqp:decode-error" } } : ACCEPTED,
            true,
          );
          if (meshId === undefined) return;
          this.peer.origin.meshId = meshId;
          this.router.addresses.refresh();
        }),
    }, { source: { address: MESH_DISCOVERY }, target: {} });
    link.keepCredit(MESH_CREDIT);
  }
}
