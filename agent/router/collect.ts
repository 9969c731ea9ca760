/** Reads small control messages whole. */

import type { IncomingDelivery } from "../amqp/incoming_delivery.ts";
import { ByteQueue } from "../lib/byte_queue.ts";

/** Messages between an edge and its interior are far smaller, in octets. */
const MAX_CONTROL_OCTETS = 64 * 1024;

/** Calls `onMessage` with all octets of `delivery`; one that is aborted or too large is rejected instead. */
export function collect(
  delivery: IncomingDelivery,
  onMessage: (bytes: Uint8Array) => void,
  maxOctets: number = MAX_CONTROL_OCTETS,
  onTooLarge: () => void = () => {},
): void {
  const bytes = new ByteQueue();
  let tooLarge = false;
  delivery.handler = {
    onData(piece) {
      if (tooLarge) return;
      if (bytes.size + piece.length <= maxOctets) return bytes.push(piece);
      tooLarge = true;
      bytes.clear();
      delivery.update({ kind: "rejected", error: { condition: "amqp:link:message-size-exceeded" } }, true);
      onTooLarge();
    },
    onEnd() {
      if (!tooLarge) onMessage(bytes.takeAll());
    },
    onAbort() {
      bytes.clear();
    },
    onSenderState() {},
  };
}
