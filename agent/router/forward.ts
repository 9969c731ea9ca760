/** Chooses the consumers of a message: the three treatments of skupper-router's `src/router_core/forwarder.c`. */

import type { AddressEntry } from "./address_entry.ts";
import { isEcho } from "./address_table.ts";
import type { Consumer, Message } from "./flow.ts";

/** Deliveries without outcome beyond which a consumer is taken only when all others are as busy. */
const CAPACITY = 250;

/** The consumers that shall get `message`; empty when there is none. */
export function chooseConsumers(entry: AddressEntry, message: Message): Consumer[] {
  if (entry.treatment !== "multicast") {
    const chosen = chooseOne(entry, message, undefined);
    return chosen === undefined ? [] : [chosen];
  }
  const hops = new Set<object>();
  return entry.consumers.filter((consumer) => {
    if (!suits(consumer, message, true)) return false;
    if (consumer.hop === undefined) return true;
    const { next } = consumer.hop;
    return !hops.has(next) && hops.add(next);
  });
}

/** The one consumer of an anycast message, none of `tried`. Near ones and the least loaded first; equals take turns. */
export function chooseOne(
  entry: AddressEntry,
  message: Message,
  tried: ReadonlySet<object> | undefined,
): Consumer | undefined {
  const best = bestOf(entry, tried, (consumer) => suits(consumer, message, false));
  entry.turn = entry.consumers.length === 0 ? 0 : (entry.turn + 1) % entry.consumers.length;
  if (best !== undefined) return best;
  if (entry.leaving !== undefined && !tried?.has(entry.leaving)) return entry.leaving;
  // Routers that learn of a new path one after the other send what is under way back and forth, or to where it was not to come:
  // it goes on from here. Only at first, for each of those who send it again tries all ways that there are.
  return tried === undefined ? bestOf(entry, tried, (consumer) => mayGoOn(consumer, message)) : undefined;
}

/** The nearest and least loaded of the consumers that are `fit`, none of `tried`. */
function bestOf(
  entry: AddressEntry,
  tried: ReadonlySet<object> | undefined,
  fit: (consumer: Consumer) => boolean,
): Consumer | undefined {
  const { consumers } = entry;
  const count = consumers.length;
  let best: Consumer | undefined;
  let bestValue = Infinity;
  let bestBusy = true;
  for (let step = 0; step < count; step++) {
    const consumer = consumers[(entry.turn + step) % count];
    if (!fit(consumer) || tried?.has(consumer.hop?.next ?? consumer)) continue;
    const closest = entry.treatment === "closest";
    const value = closest
      ? consumer.cost + (consumer.origin === undefined ? 0 : 0.5)
      : consumer.cost + consumer.outstanding;
    const busy = !closest && consumer.outstanding >= CAPACITY;
    if (busy === bestBusy ? value >= bestValue : busy) continue;
    best = consumer;
    bestValue = value;
    bestBusy = busy;
  }
  return best;
}

function mayGoOn(consumer: Consumer, message: Message): boolean {
  return consumer.hop?.leadsOn(message) === true && !isEcho(consumer, message.origin, message.annotations.ingressMesh);
}

function suits(consumer: Consumer, message: Message, copied: boolean): boolean {
  if (isEcho(consumer, message.origin, message.annotations.ingressMesh)) return false;
  return consumer.hop === undefined || consumer.hop.admits(message, copied);
}
