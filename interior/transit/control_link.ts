/**
 * The link pair between two interiors that carries their routing protocol and nothing else: whole messages,
 * pre-settled, in order (wire-protocol D.1). Probes alone want an answer: they measure how far away the neighbour is.
 */

import type { Receiver, ReceiverHandler } from "../../agent/amqp/receiver.ts";
import type { Sender, SenderHandler } from "../../agent/amqp/sender.ts";
import { LINK_CREDIT } from "../../agent/router/capabilities.ts";
import { collect } from "../../agent/router/collect.ts";
import type { Peer } from "../../agent/router/peer.ts";
import type { ControlDelay } from "./control_delay.ts";

/** Messages that may wait for a neighbour; one that lets more pile up does not read, and is given up. */
export const MAX_CONTROL_QUEUE = 2000;
/** A message that lists all addresses of a router may be large, in octets. */
export const MAX_CONTROL_MESSAGE = 32 * 1024 * 1024;
/** Messages kept of a neighbour that is not ready for answers; whatever else it says, it will say again. */
const MAX_EARLY = 16;
/** Octets that may wait for a neighbour. */
export const MAX_CONTROL_QUEUE_OCTETS = 64 * 1024 * 1024;

/** Who is told what happens on the link. */
export interface ControlLinkEvents {
  /** Messages can be sent now; once. */
  onUp(): void;
  /** A message came. */
  onMessage(bytes: Uint8Array): void;
  /** A message of more than `MAX_CONTROL_MESSAGE` octets came, and was not kept. */
  onTooLarge(): void;
  /** The neighbour does not take what it is sent. */
  onStalled(): void;
  /** The way out is gone: the neighbour is lost to the network. */
  onDown(): void;
}

/** See the head of the file. */
export class ControlLink implements SenderHandler, ReceiverHandler {
  /** Set once the neighbour has opened or answered the way out. */
  sender: Sender | undefined;
  readonly #peer: Pick<Peer, "afterWrite">;
  readonly #delay: ControlDelay;
  readonly #events: ControlLinkEvents;
  readonly #queue: { readonly bytes: Uint8Array; readonly since: number }[] = [];
  /** What came before anything could be answered. */
  readonly #early: Uint8Array[] = [];
  #queued = 0;
  #up = false;

  /** Waits for its links, which will be on the connection of `peer`. How long messages take is told to `delay`. */
  constructor(peer: Pick<Peer, "afterWrite">, delay: ControlDelay, events: ControlLinkEvents) {
    this.#peer = peer;
    this.#delay = delay;
    this.#events = events;
  }

  /** Takes the link on which the neighbour sends. */
  receive(link: Receiver): void {
    link.keepCredit(LINK_CREDIT);
  }

  /** Sends a whole message. */
  send(bytes: Uint8Array): void {
    if (!this.#up) return; // A neighbour that comes up later asks for what it missed.
    if (this.#queue.length >= MAX_CONTROL_QUEUE || this.#queued + bytes.length > MAX_CONTROL_QUEUE_OCTETS) {
      this.#queue.length = this.#queued = 0;
      this.#events.onStalled();
      return;
    }
    this.#queue.push({ bytes, since: this.#delay.since });
    this.#queued += bytes.length;
    this.#flush();
  }

  /**
   * Sends a message of which the neighbour says what became of it, and calls `answered` then. Returns what gives up
   * waiting for that; undefined when nothing can be sent now.
   */
  probe(bytes: Uint8Array, answered: () => void): (() => void) | undefined {
    if (!this.#up || this.sender?.ready !== true) return undefined;
    const onReceiverState = (_: unknown, settled: boolean) => {
      if (settled) answered();
    };
    const delivery = this.sender.start(false, { onDrain() {}, onReceiverState, onLost() {} });
    delivery.finish(bytes);
    return () => delivery.settle();
  }

  /** See {@link SenderHandler}. */
  onReady(): void {
    if (!this.#up && this.sender?.ready === true) {
      this.#up = true;
      this.#events.onUp();
      for (const bytes of this.#early.splice(0)) this.#events.onMessage(bytes);
    }
    this.#flush();
  }

  /** See {@link ReceiverHandler}. */
  onDelivery(delivery: Parameters<ReceiverHandler["onDelivery"]>[0]): void {
    const arrival = this.#delay.since;
    collect(
      delivery,
      (bytes) => {
        delivery.update({ kind: "accepted" }, true); // Only a probe waits for it.
        if (this.#up) this.#delay.answering(arrival, () => this.#events.onMessage(bytes));
        else if (this.#early.length < MAX_EARLY) this.#early.push(bytes);
      },
      MAX_CONTROL_MESSAGE,
      () => this.#events.onTooLarge(),
    );
  }

  /** See {@link SenderHandler}: either half is needed. */
  onDetached(): void {
    this.#queue.length = this.#early.length = this.#queued = 0;
    this.#up = false;
    this.#events.onDown();
  }

  #flush(): void {
    while (this.sender?.ready === true) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      const { bytes, since } = next;
      this.#queued -= bytes.length;
      const left = () => this.#peer.afterWrite(() => this.#delay.written(since));
      const onDrain = (pending: number) => pending === 0 && left();
      const delivery = this.sender.start(true, { onDrain, onReceiverState() {}, onLost() {} });
      delivery.finish(bytes);
      if (delivery.finished) left();
    }
  }
}
