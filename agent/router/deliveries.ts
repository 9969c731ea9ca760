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

/** `message` is on its way to `consumers`. */
export function tally(deliveries: Deliveries, { origin, annotations }: Message, consumers: readonly Consumer[]): void {
  if (origin === undefined) deliveries.fromProcess++;
  // What an interior passes on has been there, and says so.
  else if (origin.edgeLink || annotations.trace.length === 0) deliveries.ingress++;
  for (const consumer of consumers) {
    if (consumer.hop !== undefined) deliveries.transit++;
    else if (consumer.origin === undefined) deliveries.toProcess++;
    else deliveries.egress++;
  }
}
