/** Messages through a simulated network, and a ledger of what became of each. */

import type { DeliveryState } from "../../agent/amqp/codec/types.ts";
import { decodeSections, encodeSections } from "../../agent/amqp/codec/sections.ts";
import { Writer } from "../../agent/amqp/codec/writer.ts";
import { NO_ANNOTATIONS, RESEND_RELEASED, STREAMING } from "../../agent/router/annotations.ts";
import {
  ACCEPTED,
  type Consumer,
  type Downstream,
  type Message,
  RELEASED,
  type Upstream,
} from "../../agent/router/flow.ts";
import type { SimNode } from "./node.ts";
import type { Random } from "./random.ts";

/** One message that was sent. */
export interface Sent {
  readonly number: number;
  readonly from: string;
  readonly key: string;
  /** The sender has died since: nobody waits for the outcome. */
  orphaned: boolean;
  /** Every outcome that the sender was told, `nobody` where no consumer was found. */
  readonly outcomes: string[];
  /** Every consumer that got all of it: its name, and the routers on the way. */
  readonly got: { readonly consumer: string; readonly node: string; readonly trace: readonly string[] }[];
  /** Consumers that accepted it. */
  readonly acceptedBy: string[];
}

/** A consumer that a node offers. */
export interface Offer {
  readonly key: string;
  readonly node: SimNode;
  /** Unique in the network. */
  readonly name: string;
  readonly treatment: "closest" | "balanced" | "multicast";
  /** Share of messages that it releases, or rejects. */
  readonly refuses: number;
}

/** Octets of a message that goes as a stream, and of its pieces. */
const STREAM_OCTETS = 40_000;
const PIECE_OCTETS = 6_000;

/** See the head of the file. */
export class Traffic {
  readonly sent: Sent[] = [];
  readonly #random: Random;
  readonly #withdraw = new Map<Offer, () => void>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** `offer` is there, until it is withdrawn or its node dies. */
  offer(offer: Offer): void {
    const { addresses } = offer.node.router;
    const consumer = new SimConsumer(offer, this.#random, this.sent);
    this.#withdraw.set(offer, addresses.add(`M${offer.key}`, consumer, offer.treatment));
  }

  /** `offer` is gone. */
  withdraw(offer: Offer): void {
    this.#withdraw.get(offer)?.();
    this.#withdraw.delete(offer);
  }

  /** The node has died: nobody waits for the outcomes of what it sent. */
  orphan(node: SimNode): void {
    for (const sent of this.sent) if (sent.from === node.id) sent.orphaned = true;
  }

  /** Sends a message from `node` to `key`, as a stream or whole. */
  send(node: SimNode, key: string, stream: boolean): Sent {
    const sent: Sent = {
      number: this.sent.length,
      from: node.id,
      key,
      orphaned: false,
      outcomes: [],
      got: [],
      acceptedBy: [],
    };
    this.sent.push(sent);
    const bytes = encode(key, sent.number, stream ? STREAM_OCTETS : 4);
    const start = stream ? bytes.subarray(0, PIECE_OCTETS) : bytes;
    const message: Message = {
      address: key,
      annotations: { ...NO_ANNOTATIONS, flags: stream ? STREAMING : RESEND_RELEASED },
      start,
      complete: !stream,
      presettled: false,
      overridden: false,
      priority: this.#random.int(0, 9),
      origin: undefined,
    };
    let over = false;
    const upstream: Upstream = {
      drained() {},
      consumerState(state, settled) {
        if (state?.kind === "received" || (state === undefined && !settled)) return;
        // A second last word is what the checks look for; our own settlement answers a word that is not the last.
        sent.outcomes.push(state?.kind ?? "settled");
        if (!settled) downstream?.producerSettled(state);
        over = true;
      },
    };
    const downstream: Downstream | undefined = node.router.route(message, upstream);
    if (downstream === undefined) sent.outcomes.push("nobody");
    else if (!stream) downstream.end();
    else this.#pour(node, downstream, bytes, start.length, () => over);
    return sent;
  }

  #pour(node: SimNode, downstream: Downstream, bytes: Uint8Array, from: number, over: () => boolean): void {
    if (over()) return;
    if (from >= bytes.length) return downstream.end();
    downstream.write(bytes.slice(from, from + PIECE_OCTETS));
    const next = () => this.#pour(node, downstream, bytes, from + PIECE_OCTETS, over);
    node.clock.after(this.#random.between(0, 300), next);
  }
}

class SimConsumer implements Consumer {
  readonly origin = undefined;
  readonly cost = 0;
  readonly remote = false;
  outstanding = 0;
  readonly #offer: Offer;
  readonly #random: Random;
  readonly #ledger: readonly Sent[];

  constructor(offer: Offer, random: Random, ledger: readonly Sent[]) {
    this.#offer = offer;
    this.#random = random;
    this.#ledger = ledger;
  }

  deliver(message: Message, upstream: Upstream): Downstream {
    const pieces = [message.start.slice()];
    let over = false;
    const finish = () => {
      if (!over) this.outstanding--;
      over = true;
    };
    this.outstanding++;
    return {
      pending: 0,
      write: (piece) => pieces.push(piece.slice()),
      end: () => {
        if (over) return;
        const { node, name } = this.#offer;
        const sent = this.#ledger[decode(pieces)];
        sent.got.push({ consumer: name, node: node.id, trace: message.annotations.trace });
        const state: DeliveryState = this.#random.chance(this.#offer.refuses)
          ? this.#random.pick([RELEASED, { kind: "rejected" }])
          : ACCEPTED;
        node.clock.after(this.#random.between(0, 200), () => {
          if (over) return;
          finish();
          if (state === ACCEPTED) sent.acceptedBy.push(name);
          upstream.consumerState(state, true);
        });
      },
      abort: finish,
      producerSettled: finish,
    };
  }
}

function encode(to: string, number: number, octets: number): Uint8Array {
  const body = new Uint8Array(octets);
  new DataView(body.buffer).setUint32(0, number);
  const writer = new Writer();
  encodeSections(writer, { properties: { to }, body: { kind: "data", pieces: [body] } });
  return writer.bytes().slice();
}

function decode(pieces: readonly Uint8Array[]): number {
  const bytes = new Uint8Array(pieces.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  const { body } = decodeSections(bytes, 0, bytes.length);
  const piece = body?.kind === "data" ? body.pieces[0] : undefined;
  if (piece === undefined) throw new Error("a message arrived damaged");
  return new DataView(piece.buffer, piece.byteOffset).getUint32(0);
}
