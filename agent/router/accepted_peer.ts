/** What every accepted peer has in common, edge router or plain client: a connection whose links it opens itself. */

import type { Attach } from "../amqp/codec/types.ts";
import type { ConnectionOptions } from "../amqp/connection.ts";
import type { Receiver } from "../amqp/receiver.ts";
import type { Sender } from "../amqp/sender.ts";
import type { Link } from "../amqp/session.ts";
import { addressKey } from "./address.ts";
import { LINK_CREDIT } from "./capabilities.ts";
import { type IngressRules, receive } from "./ingress.ts";
import type { LinkConsumer } from "./link_consumer.ts";
import { Peer, type PeerLoss } from "./peer.ts";
import type { Router } from "./router.ts";
import type { Channel } from "../transport/channel.ts";

/** What the owner of an accepted peer is told. */
export interface AcceptedPeerEvents {
  /** The peer has introduced itself. */
  onOpen(peer: AcceptedPeer): void;
  /** The peer is gone. */
  onGone(peer: AcceptedPeer, reason: PeerLoss): void;
}

/** How messages of a link are to be understood; see `IngressRules`. */
export type ProducerKind = Pick<IngressRules, "client" | "flags">;

/** See the head of the file. */
export abstract class AcceptedPeer {
  /** The connection. */
  readonly peer: Peer;
  /** Where its messages go. */
  protected readonly router: Router;

  /** Takes over `channel`; call {@link AcceptedPeer.start} next. `role` says for whom the port is. */
  constructor(
    router: Router,
    channel: Channel,
    options: ConnectionOptions,
    role: "edge" | "normal",
    events: AcceptedPeerEvents,
  ) {
    this.router = router;
    this.peer = new Peer(channel, options, role === "edge", router.clock, {
      onOpen: () => {
        router.peers.add(this.peer, role, "in");
        events.onOpen(this);
      },
      onAttach: (link, attach) => this.#onAttach(link, attach),
      onGone: (reason) => {
        router.peers.remove(this.peer);
        events.onGone(this, reason);
      },
    });
  }

  /** Starts the conversation. */
  start(): void {
    this.peer.start();
  }

  /** The peer opens a link on which it sends. */
  protected abstract onProducer(link: Receiver, attach: Attach): void;

  /** The peer opens a link on which it receives. */
  protected abstract onConsumer(link: Sender, attach: Attach): void;

  /** Takes messages to any address. */
  protected anonymousProducer(link: Receiver, kind: ProducerKind): void {
    const rules = { origin: this.peer.origin, target: undefined, ...kind };
    link.accept({ onDelivery: (delivery) => receive(delivery, rules, this.router.route) });
    link.keepCredit(LINK_CREDIT);
  }

  /** Takes messages to `address`, with credit only while somebody consumes them. */
  protected producer(
    link: Receiver,
    address: string,
    kind: ProducerKind,
    tell: { set(key: string, reachable: boolean): void; forget(key: string): void } | undefined,
    overrides: Parameters<Receiver["accept"]>[1] = {},
  ): void {
    const key = addressKey(address, this.router.identity);
    const rules = { origin: this.peer.origin, target: address, ...kind };
    let unwatch = () => {};
    link.accept({
      onDelivery: (delivery) => receive(delivery, rules, this.router.route),
      onDetached: () => {
        unwatch();
        tell?.forget(key);
      },
    }, overrides);
    unwatch = this.router.addresses.watch(key, this.peer.origin, (reachable) => {
      // Credit that is out can't be called back: messages sent on it are released.
      link.keepCredit(reachable ? LINK_CREDIT : 0);
      tell?.set(key, reachable);
    });
  }

  /** Registers `consumer` on `link` for `key`. */
  protected consumer(
    link: Sender,
    key: string,
    consumer: LinkConsumer,
    overrides: Parameters<Sender["accept"]>[1] = {},
  ): void {
    consumer.link = link;
    link.accept(consumer, overrides);
    consumer.onGone = this.router.addresses.add(key, consumer);
  }

  #onAttach(link: Link, attach: Attach): void {
    if (link.role === "receiver") this.onProducer(link, attach);
    else this.onConsumer(link, attach);
  }
}
