/** Chooses the consumers of a message: the three treatments of skupper-router's `src/router_core/forwarder.c`. */

import { type AddressEntry, isEcho } from "./address_table.ts";
import type { Consumer, Message } from "./flow.ts";

/** The consumers that shall get `message`; empty when there is none. */
export function chooseConsumers(entry: AddressEntry, message: Message): Consumer[] {
  const { origin, annotations } = message;
  if (entry.treatment === "multicast") {
    return entry.consumers.filter((consumer) => !isEcho(consumer, origin, annotations.ingressMesh));
  }
  const chosen = chooseOne(entry, message);
  return chosen === undefined ? [] : [chosen];
}

/** The one consumer of an anycast message. Local ones and the least loaded first; equals take turns. */
function chooseOne(entry: AddressEntry, message: Message): Consumer | undefined {
  const { consumers } = entry;
  const count = consumers.length;
  let best: Consumer | undefined;
  let bestValue = Infinity;
  for (let step = 0; step < count; step++) {
    const consumer = consumers[(entry.turn + step) % count];
    if (isEcho(consumer, message.origin, message.annotations.ingressMesh)) continue;
    const value = entry.treatment === "closest"
      ? consumer.cost + (consumer.origin === undefined ? 0 : 0.5)
      : consumer.cost + consumer.outstanding;
    if (value < bestValue) {
      best = consumer;
      bestValue = value;
    }
  }
  entry.turn = count === 0 ? 0 : (entry.turn + 1) % count;
  return best;
}
