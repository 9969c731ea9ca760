/** A router or client that a test plays by hand: a real AMQP engine at one end of a channel, and what it was told. */

import { SYSTEM_CLOCK } from "../../agent/lib/clock.ts";
import {
  type AmqpMap,
  AmqpSymbol,
  type Attach,
  type DeliveryState,
  type Terminus,
} from "../../agent/amqp/codec/types.ts";
import { Writer } from "../../agent/amqp/codec/writer.ts";
import type { IncomingDelivery } from "../../agent/amqp/incoming_delivery.ts";
import type { OutgoingDelivery } from "../../agent/amqp/outgoing_delivery.ts";
import type { Receiver } from "../../agent/amqp/receiver.ts";
import type { Sender } from "../../agent/amqp/sender.ts";
import type { Link } from "../../agent/amqp/link_table.ts";
import type { Session } from "../../agent/amqp/session.ts";
import { encodeAnnotations, NO_ANNOTATIONS, type RouterAnnotations } from "../../agent/router/annotations.ts";
import { PROCESS_PROPERTY, routerConnectionOptions } from "../../agent/router/capabilities.ts";
import { parseMessageHead } from "../../agent/router/message_head.ts";
import { Peer, type PeerLoss } from "../../agent/router/peer.ts";
import type { Channel } from "../../agent/transport/channel.ts";
import { until } from "./until.ts";

/** A message that arrived, or what of it did. */
export interface Arrived {
  readonly delivery: IncomingDelivery;
  /** Name of its link. */
  readonly link: Receiver;
  octets: Uint8Array;
  /** `end`, `abort`, or `accepted settled` and the like for what the sender said. */
  readonly events: string[];
}

/** A message that was sent, and what its receiver said. */
export interface Sent {
  readonly delivery: OutgoingDelivery;
  readonly states: { readonly state: DeliveryState | undefined; readonly settled: boolean }[];
  /** True when its link was lost before it was settled. */
  lost: boolean;
}

/** A link that the other side opened. */
export interface Opened {
  readonly link: Link;
  readonly attach: Attach;
}

/** See the head of the file. */
export class WirePeer {
  readonly peer: Peer;
  /** Links that the other side opened, in order; the test answers them, or {@link WirePeer.onAttach} does. */
  readonly opened: Opened[] = [];
  /** Messages on links of {@link WirePeer.receive}, in order. */
  readonly arrived: Arrived[] = [];
  /** Why it ended, once it has. */
  gone: PeerLoss | undefined;
  /** Answers links at once instead of keeping them for the test. */
  onAttach: ((link: Link, attach: Attach) => void) | undefined;
  #session: Session | undefined;
  #names = 0;

  /**
   * Joins `channel`; `streaming` false plays a peer that does not know streaming links, `process` one of another process
   * than this.
   */
  constructor(channel: Channel, side: "client" | "server", id: string, streaming = true, process?: string) {
    const own = routerConnectionOptions(side, id, channel.peer.subject !== undefined);
    const properties: AmqpMap = process === undefined ? [] : [[new AmqpSymbol(PROCESS_PROPERTY), process]];
    const known = { ...own, properties: [...properties, ...own.properties ?? []] };
    const { offeredCapabilities: _offered, ...plain } = known;
    const options = streaming ? known : plain;
    this.peer = new Peer(channel, options, false, SYSTEM_CLOCK, {
      onOpen() {},
      onAttach: (link, attach) => {
        this.opened.push({ link, attach });
        this.onAttach?.(link, attach);
      },
      onGone: (reason) => {
        this.gone = reason;
      },
    });
    this.peer.start();
  }

  /** Opens a link to send on; resolves with it once there is credit, unless `credit` is false. */
  async sender(target: Terminus, credit = true): Promise<Sender> {
    await until(() => this.peer.connection.isOpen);
    let detached = false;
    const link = this.#own().attachSender({ name: `out.${this.#names++}`, target }, {
      onDetached: () => detached = true,
    });
    await until(() => detached || (credit ? link.ready : link.remote !== undefined));
    return link;
  }

  /** Opens a link to receive on; resolves once it is answered. */
  async receiver(source: Terminus, credit = 100): Promise<Receiver> {
    await until(() => this.peer.connection.isOpen);
    const link = this.#own().attachReceiver({ name: `in.${this.#names++}`, source }, this.receive());
    if (credit > 0) link.keepCredit(credit);
    await until(() => link.remote !== undefined || !link.attached);
    return link;
  }

  /** A handler that records what arrives. */
  receive(): { onDelivery(delivery: IncomingDelivery): void } {
    return {
      onDelivery: (delivery) => {
        const record: Arrived = { delivery, link: delivery.receiver, octets: new Uint8Array(0), events: [] };
        this.arrived.push(record);
        delivery.handler = {
          onData: (piece) => record.octets = joinBytes(record.octets, piece),
          onEnd: () => record.events.push("end"),
          onAbort: () => record.events.push("abort"),
          onSenderState: (state, settled) => record.events.push(`${state?.kind ?? "-"}${settled ? " settled" : ""}`),
        };
      },
    };
  }

  /** The next link that the other side opens, or opened and nobody took yet, that `pick` agrees with. */
  async opens(pick: (opened: Opened) => boolean): Promise<Opened> {
    await until(() => this.opened.some(pick));
    const at = this.opened.findIndex(pick);
    return this.opened.splice(at, 1)[0]!;
  }

  /** Ends in order and waits for that. */
  async close(): Promise<void> {
    this.peer.close();
    await until(() => this.gone !== undefined);
  }

  #own(): Session {
    if (this.#session?.open !== true) this.#session = this.peer.connection.beginSession("test");
    return this.#session;
  }
}

/** Starts a message on `link` and records what becomes of it. */
export function begin(link: Sender, octets: Uint8Array, presettled = false): Sent {
  const states: Sent["states"] = [];
  const delivery = link.start(presettled, {
    onDrain() {},
    onReceiverState: (state, settled) => states.push({ state, settled }),
    onLost: () => sent.lost = true,
  });
  const sent: Sent = { delivery, states, lost: false };
  delivery.write(octets);
  return sent;
}

/** Sends a whole message on `link`. */
export function send(link: Sender, octets: Uint8Array, presettled = false): Sent {
  const sent = begin(link, octets, presettled);
  sent.delivery.end();
  return sent;
}

/** A message: annotations if given, properties with `to` if given, and `body` as data. */
export function message(
  { to, body = "", annotations }: { to?: string; body?: string | Uint8Array; annotations?: Partial<RouterAnnotations> },
): Uint8Array {
  const writer = new Writer();
  writer.describedList(PROPERTIES, [undefined, undefined, to]);
  writer.descriptor(DATA);
  writer.binary(typeof body === "string" ? new TextEncoder().encode(body) : body);
  const head = annotations === undefined ? new Uint8Array(0) : encodeAnnotations({ ...NO_ANNOTATIONS, ...annotations });
  return joinBytes(head, writer.bytes());
}

/** What of a message {@link message} made can be read again: its annotations, its address and its body as text. */
export function read(octets: Uint8Array): { annotations: RouterAnnotations; to: string | undefined; body: string } {
  const head = parseMessageHead(octets, true);
  if (head === undefined || "malformed" in head) throw new Error("not a message");
  return {
    annotations: head.annotations,
    to: head.to,
    // The body is the last section: what of it is text stands at the end.
    body: /[\x20-\x7e]*$/.exec(new TextDecoder("latin1").decode(octets))?.[0] ?? "",
  };
}

const PROPERTIES = 0x73;
const DATA = 0x75;

/** Two arrays as one. */
export function joinBytes(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
