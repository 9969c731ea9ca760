/**
 * Turns deliveries of a link into routed messages: collects the head, hands the message to the router, and joins the
 * incoming delivery with whatever consumer it got until both are settled.
 */

import type { DeliveryState } from "../amqp/codec/types.ts";
import type { IncomingDelivery, IncomingHandler } from "../amqp/incoming_delivery.ts";
import { NO_ANNOTATIONS, type RouterAnnotations, STREAMING } from "./annotations.ts";
import { CollectedHead } from "./collected_head.ts";
import {
  DISCARD,
  type Downstream,
  HOLD_OCTETS,
  type Message,
  type Origin,
  RELEASED,
  RESUME_OCTETS,
  STREAM_HOLD_OCTETS,
  type Upstream,
} from "./flow.ts";
import { type Guard, UNAUTHORIZED } from "./guard.ts";
import { parseMessageHead } from "./message_head.ts";

/** A message that is not marked as streaming is collected up to this size before it is forwarded incomplete. */
export const COLLECT_OCTETS = 64 * 1024;

/** How messages of one link are to be understood. */
export interface IngressRules {
  /** The peer. */
  readonly origin: Origin;
  /** Target address of the link; undefined on an anonymous link. */
  readonly target: string | undefined;
  /** True when the peer is no router: its annotations, if any, are not believed. */
  readonly client: boolean;
  /** Asked on an anonymous link about the address of every message; the target of another link was asked about before. */
  readonly guard?: Guard | undefined;
  /** Annotation flags that the peer wants for all messages of the link. */
  readonly flags?: number;
}

/** Where messages go once their head is known; undefined when nobody takes them. */
export type Route = (message: Message, upstream: Upstream) => Downstream | undefined;

/** Joins `delivery` with the router. */
export function receive(delivery: IncomingDelivery, rules: IngressRules, route: Route): void {
  delivery.handler = new Ingress(delivery, rules, route);
}

class Ingress implements IncomingHandler, Upstream {
  readonly #delivery: IncomingDelivery;
  readonly #rules: IngressRules;
  readonly #route: Route;
  /** What has come of a head that did not come in one piece. */
  #head: CollectedHead | undefined;
  #downstream: Downstream | undefined;
  /** It was complete when it was routed. */
  #whole = false;

  constructor(delivery: IncomingDelivery, rules: IngressRules, route: Route) {
    this.#delivery = delivery;
    this.#rules = rules;
    this.#route = route;
  }

  // --- from the link

  onData(piece: Uint8Array, last: boolean): void {
    const downstream = this.#downstream;
    if (downstream !== undefined) {
      downstream.write(piece);
      const most = this.#delivery.streaming ? STREAM_HOLD_OCTETS : HOLD_OCTETS;
      if (downstream.pending > most) this.#delivery.hold();
      return;
    }
    // Most heads come in one piece: they are read where they lie.
    if (this.#head === undefined && this.#tryRoute(piece, last)) return;
    const first = this.#head === undefined;
    const head = this.#head ??= new CollectedHead();
    head.push(piece);
    if (!first) this.#routeCollected(head, last);
  }

  onEnd(): void {
    if (this.#downstream === undefined) this.#routeCollected(this.#head ?? new CollectedHead(), true);
    else if (!this.#whole) this.#downstream.end();
  }

  onAbort(): void {
    const downstream = this.#downstream;
    this.#downstream = DISCARD;
    this.#head = undefined;
    downstream?.abort();
  }

  onSenderState(state: DeliveryState | undefined, settled: boolean): void {
    if (settled) this.#downstream?.producerSettled(state);
  }

  // --- from the consumer

  drained(pending: number): void {
    if (pending <= RESUME_OCTETS) this.#delivery.release();
  }

  consumerState(state: DeliveryState | undefined, settled: boolean): void {
    this.#delivery.update(state ?? RELEASED, settled);
  }

  #routeCollected(head: CollectedHead, complete: boolean): void {
    const bytes = head.peek(complete);
    if (bytes === undefined || !this.#tryRoute(bytes, complete)) return;
    this.#head = undefined;
    head.clear();
  }

  /** Routes the message that begins with `bytes`, if they tell where it goes; false when more of them are needed. */
  #tryRoute(bytes: Uint8Array, complete: boolean): boolean {
    const head = parseMessageHead(bytes, complete);
    if (head === undefined) return false;
    if ("malformed" in head) return this.#refuse("amqp:invalid-field", head.malformed);
    const { client, target, origin, guard } = this.#rules;
    const annotations = client ? annotationsOfClient(this.#rules) : head.annotations;
    const streaming = (annotations.flags & STREAMING) !== 0;
    if (!complete && !streaming && bytes.length < COLLECT_OCTETS) return false;
    const address = target ?? annotations.toOverride ?? head.to;
    if (address === undefined) return this.#refuse("amqp:precondition-failed", "message without an address");
    if (guard !== undefined && target === undefined) {
      const objection = guard.consumes(address);
      if (objection !== undefined) return this.#refuse(UNAUTHORIZED, objection);
    }
    this.#delivery.streaming = streaming;
    const start = head.restAt === 0 ? bytes : bytes.subarray(head.restAt);
    const downstream = this.#route({
      address,
      annotations,
      start,
      complete,
      presettled: this.#delivery.presettled,
      overridden: address !== head.to,
      priority: head.priority,
      origin,
    }, this);
    if (downstream === undefined) {
      this.#downstream = DISCARD;
      if (this.#delivery.presettled) this.#delivery.receiver.counts.droppedPresettled++;
      this.#delivery.update(RELEASED, true);
      return true;
    }
    this.#downstream = downstream;
    this.#whole = complete;
    if (complete) downstream.end();
    return true;
  }

  #refuse(condition: string, description: string): true {
    this.#downstream = DISCARD;
    this.#delivery.update({ kind: "rejected", error: { condition, description } }, true);
    return true;
  }
}

function annotationsOfClient({ flags = 0 }: IngressRules): RouterAnnotations {
  return flags === 0 ? NO_ANNOTATIONS : { ...NO_ANNOTATIONS, flags };
}
