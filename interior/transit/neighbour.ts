/**
 * One connection to another interior: a control link pair, ten link pairs for whole messages, one for each priority,
 * and links for streams (wire-protocol B.1). The side that connected opens the pairs, the other one answers.
 */

import type { Attach } from "../../agent/amqp/codec/types.ts";
import type { Sender } from "../../agent/amqp/sender.ts";
import type { Link } from "../../agent/amqp/link_table.ts";
import { discriminator } from "../../agent/router/address.ts";
import {
  hasSymbol,
  isOurs,
  LINK_CREDIT,
  ROUTER_CONTROL,
  ROUTER_DATA,
  terminus,
} from "../../agent/router/capabilities.ts";
import { DISCARD, type Downstream, type Load, type Message, RELEASED, type Upstream } from "../../agent/router/flow.ts";
import { receive, type Route } from "../../agent/router/ingress.ts";
import { type Annotate, LinkConsumer } from "../../agent/router/link_consumer.ts";
import type { Peer } from "../../agent/router/peer.ts";
import type { ControlDelay } from "./control_delay.ts";
import { ControlLink, type ControlLinkEvents } from "./control_link.ts";
import { StreamSpread } from "./stream_spread.ts";

/** Priorities a message may have, 0 to 9. */
const PRIORITIES = 10;
/** Where sessions stand in the order of sending: routing first, then messages by priority, streams last. */
const CONTROL_RANK = PRIORITIES + 1;

/** What a neighbour needs to know of its router. */
export interface NeighbourDeps extends ControlLinkEvents {
  /** Takes messages that the neighbour sends. */
  readonly route: Route;
  /** Annotates what is sent to it. */
  readonly annotate: Annotate;
  /** Hears how long routing messages take. */
  readonly delay: ControlDelay;
}

/** See the head of the file. */
export class Neighbour {
  /** Number of the control link, in the order of arrival. */
  readonly link: number;
  /** The connection. */
  readonly peer: Peer;
  /** What this side wants the link to cost. */
  ownCost: number;
  /** What the neighbour wants it to cost, if it says so at any time and not just in its Open. */
  theirCost: number | undefined;
  /** True when another connection to the same router was opened to take over. */
  superseded = false;
  /** Carries the routing protocol. */
  readonly control: ControlLink;
  /** Carries streams. */
  readonly streams: StreamSpread;
  readonly #deps: NeighbourDeps;
  /** By priority; the peer may have opened fewer. */
  readonly #data: LinkConsumer[] = [];

  /** `peer` is open. */
  constructor(link: number, peer: Peer, cost: number, deps: NeighbourDeps) {
    this.link = link;
    this.peer = peer;
    this.ownCost = cost;
    this.#deps = deps;
    this.control = new ControlLink(peer, deps.delay, deps);
    this.streams = new StreamSpread(peer);
  }

  /** Cost of the link: the higher one of both sides' words, so that paths are the same in both directions. */
  get cost(): number {
    return Math.max(this.ownCost, this.theirCost ?? 1);
  }

  /** True for a router of another make: what it asks and gets no answer to, it does not ask again by itself. */
  get asksOnce(): boolean {
    return !isOurs(this.peer.connection.remote);
  }

  /** Router id of the neighbour. */
  get id(): string {
    return this.peer.containerId ?? "";
  }

  /** The connecting side: opens the link pairs. */
  open(): void {
    const { connection } = this.peer;
    const control = connection.beginSession("control");
    control.rank = CONTROL_RANK;
    const data = Array.from({ length: PRIORITIES }, (_, priority) => {
      const session = connection.beginSession(`priority ${priority}`);
      session.rank = priority + 1;
      return session;
    });
    const end = terminus(undefined, ROUTER_CONTROL);
    this.control.receive(control.attachReceiver({ name: linkName(), source: end, target: end }, this.control));
    this.control.sender = control.attachSender({ name: linkName(), source: end, target: end }, this.control);
    for (const session of data) {
      const termini = { source: terminus(undefined, ROUTER_DATA), target: terminus(undefined, ROUTER_DATA) };
      session.attachReceiver({ name: linkName(), ...termini }, this.#messages()).keepCredit(LINK_CREDIT);
      const consumer = this.#consumer();
      consumer.link = session.attachSender({ name: linkName(), ...termini }, consumer);
    }
  }

  /** The neighbour opens a link. */
  onAttach(link: Link, attach: Attach): void {
    if (has(attach, ROUTER_CONTROL)) {
      link.session.rank = CONTROL_RANK;
      if (link.role === "receiver") {
        link.accept(this.control);
        this.control.receive(link);
      } else {
        this.control.sender = link;
        link.accept(this.control);
      }
    } else if (link.role === "receiver") {
      link.accept(this.#messages());
      link.keepCredit(LINK_CREDIT);
    } else if (has(attach, ROUTER_DATA) && this.#data.length < PRIORITIES) this.#lend(link);
    else link.refuse({ condition: "amqp:not-allowed", description: "an interior takes messages by its own links" });
  }

  /** Sends `message` on its way through the neighbour; it is counted by `load`. */
  deliver(message: Message, upstream: Upstream, load: Load): Downstream {
    // Without a link of the wanted priority the next lower one has to do.
    let at = Math.min(message.priority, this.#data.length - 1);
    while (at > 0 && this.#data[at].link?.attached === false) at--;
    const data = this.#data[at];
    if (data !== undefined) return data.deliver(message, upstream, load);
    // The producer hears of it only after it has got its downstream.
    this.peer.clock.soon(() => upstream.consumerState(RELEASED, true));
    return DISCARD;
  }

  #lend(link: Sender): void {
    link.session.rank = this.#data.length + 1;
    const consumer = this.#consumer();
    consumer.link = link;
    link.accept(consumer);
  }

  #consumer(): LinkConsumer {
    const consumer = new LinkConsumer(this.peer, this.streams, this.#deps.annotate, true);
    this.#data.push(consumer);
    return consumer;
  }

  #messages() {
    const rules = { origin: this.peer.origin, target: undefined, client: false };
    return {
      onDelivery: (delivery: Parameters<typeof receive>[0]) => receive(delivery, rules, this.#deps.route),
    };
  }
}

function has(attach: Attach, capability: string): boolean {
  const { source, target } = attach;
  if (hasSymbol(source?.capabilities, capability)) return true;
  return target !== undefined && "capabilities" in target && hasSymbol(target.capabilities, capability);
}

function linkName(): string {
  return `qdlink.${discriminator()}`;
}
