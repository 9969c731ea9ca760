/** What every accepted peer has in common, edge router or plain client: a connection whose links it opens itself. */

import type { Attach } from "../amqp/codec/types.ts";
import type { ConnectionOptions } from "../amqp/connection_options.ts";
import type { Receiver } from "../amqp/receiver.ts";
import type { Sender } from "../amqp/sender.ts";
import type { Link } from "../amqp/link_table.ts";
import { addressKey } from "./address.ts";
import { LINK_CREDIT } from "./capabilities.ts";
import { type Guard, unauthorized } from "./guard.ts";
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

/** Who tells a peer which of the addresses that it sends to can be reached. */
export interface ReachabilityTeller {
  /** The peer has a link that sends to `key`, and knows nothing yet. */
  begin(key: string): void;
  /** Whether `key` can be reached. */
  set(key: string, reachable: boolean): void;
  /** The peer has one link to `key` less. */
  forget(key: string): void;
}

/** How messages of a link are to be understood; see `IngressRules`. */
export type ProducerKind = Pick<IngressRules, "client" | "flags">;

/** See the head of the file. */
export abstract class AcceptedPeer {
  /** The connection. */
  readonly peer: Peer;
  /** Where its messages go. */
  protected readonly router: Router;

  /** What the peer may do; undefined for one that may do everything. */
  readonly #guard: Guard | undefined;
  /** The links that {@link Guard} was asked about, and how to ask again. */
  readonly #asked = new Map<Link, () => string | undefined>();
  #admitted = false;

  /** Takes over `channel`; call {@link AcceptedPeer.start} next. `role` says for whom the port is. */
  constructor(
    router: Router,
    channel: Channel,
    options: ConnectionOptions,
    role: "edge" | "normal",
    events: AcceptedPeerEvents,
    guard: Guard | undefined,
  ) {
    this.router = router;
    this.#guard = guard;
    if (guard !== undefined) guard.onChange = () => this.#askAgain();
    this.peer = new Peer(channel, options, role === "edge", router.clock, {
      onOpen: () => {
        const objection = this.#objection();
        if (objection !== undefined) return this.peer.close(unauthorized(objection));
        this.#admitted = true;
        router.peers.add(this.peer, role, "in", guard, this.dismissal());
        events.onOpen(this);
      },
      onAttach: (link, attach) => this.#onAttach(link, attach),
      onGone: (reason) => {
        guard?.close();
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

  /** What `dismiss` of its entry among the peers is; asked once the peer has introduced itself. */
  protected dismissal(): (() => Promise<boolean>) | undefined {
    return undefined;
  }

  /** Takes messages to any address. */
  protected anonymousProducer(link: Receiver, kind: ProducerKind): void {
    const rules = { origin: this.peer.origin, target: undefined, guard: this.#guard, ...kind };
    link.accept({ onDelivery: (delivery) => receive(delivery, rules, this.router.route) });
    link.keepCredit(LINK_CREDIT);
  }

  /** Takes messages to `address`, with credit only while somebody consumes them. */
  protected producer(
    link: Receiver,
    address: string,
    kind: ProducerKind,
    tell: ReachabilityTeller | undefined,
    overrides: Parameters<Receiver["accept"]>[1] = {},
  ): void {
    if (this.#refuses(link, () => this.#guard?.consumes(address))) return;
    const key = addressKey(address, this.router.identity);
    const rules = { origin: this.peer.origin, target: address, ...kind };
    let unwatch = () => {};
    link.accept({
      onDelivery: (delivery) => receive(delivery, rules, this.router.route),
      onDetached: () => {
        this.#asked.delete(link);
        unwatch();
        tell?.forget(key);
      },
    }, overrides);
    tell?.begin(key);
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
    if (this.#refuses(link, () => this.#guard?.offers(key))) return;
    consumer.link = link;
    link.accept(consumer, overrides);
    const remove = this.router.addresses.add(key, consumer);
    consumer.onGone = () => {
      this.#asked.delete(link);
      remove();
    };
  }

  #objection(): string | undefined {
    return this.#guard?.admits(this.peer.containerId ?? "");
  }

  /** Refuses `link` if `ask` has an objection; otherwise that may still change. */
  #refuses(link: Link, ask: () => string | undefined): boolean {
    if (this.#guard === undefined) return false;
    const objection = ask();
    if (objection === undefined) this.#asked.set(link, ask);
    else link.refuse(unauthorized(objection));
    return objection !== undefined;
  }

  #askAgain(): void {
    if (!this.#admitted) return;
    const objection = this.#objection();
    if (objection !== undefined) return this.peer.close(unauthorized(objection));
    for (const [link, ask] of [...this.#asked]) {
      const objection = ask();
      if (objection !== undefined) link.close(unauthorized(objection));
    }
  }

  #onAttach(link: Link, attach: Attach): void {
    if (!this.#admitted) link.refuse({ condition: "amqp:not-allowed", description: "this connection is being closed" });
    else if (link.role === "receiver") this.onProducer(link, attach);
    else this.onConsumer(link, attach);
  }
}
