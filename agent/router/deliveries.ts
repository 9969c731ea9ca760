/** Counts the messages of an address by where they come from and go to, as real routers do. */

import type { Consumer, Message } from "./flow.ts";

/** Numbers of messages since the address became known. */
export interface Deliveries {
  /** From attached edges and clients. */
  ingress: number;
  /** To attached edges and clients. */
  egress: number;
  /** On to other interiors. */
  transit: number;
  /** To consumers in this process. */
  toProcess: number;
  /** From this process. */
  fromProcess: number;
}

/** Nothing yet. */
export function noDeliveries(): Deliveries {
  return { ingress: 0, egress: 0, transit: 0, toProcess: 0, fromProcess: 0 };
}

/** What all addresses add up to, messages included that found no way. */
export interface RouterDeliveries extends Deliveries {
  /** Of those that came from here and from attached peers: no outcome was wanted. */
  presettled: number;
  /** Those of them that nobody took. */
  droppedPresettled: number;
}

/** Nothing yet. */
export function noRouterDeliveries(): RouterDeliveries {
  return { ...noDeliveries(), presettled: 0, droppedPresettled: 0 };
}

/** `message` found nobody who takes it. */
export function tallyDropped(deliveries: RouterDeliveries, message: Message): void {
  // One of this process is tried again by whoever sent it.
  if (message.origin === undefined) return;
  tallyRouted(deliveries, message, []);
  if (message.presettled) deliveries.droppedPresettled++;
}

/** `message` is on its way to `consumers`. */
export function tallyRouted(deliveries: RouterDeliveries, message: Message, consumers: readonly Consumer[]): void {
  tally(deliveries, message, consumers);
  if (message.presettled && !cameByInterior(message)) deliveries.presettled++;
}

/** `message` is on its way to `consumers`. */
export function tally(deliveries: Deliveries, message: Message, consumers: readonly Consumer[]): void {
  if (message.origin === undefined) deliveries.fromProcess++;
  else if (!cameByInterior(message)) deliveries.ingress++;
  for (const consumer of consumers) {
    if (consumer.hop !== undefined) deliveries.transit++;
    else if (consumer.origin === undefined) deliveries.toProcess++;
    else deliveries.egress++;
  }
}

/** What an interior passes on has been there, and says so. */
function cameByInterior({ origin, annotations }: Message): boolean {
  return origin !== undefined && !origin.edgeLink && annotations.trace.length > 0;
}
