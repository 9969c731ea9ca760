/** How octets come to bypass an adaptor of many messages. */

import type { Action } from "../adaptor/action.ts";
import type { SocketIntake } from "./socket_intake.ts";
import type { SocketOutlet } from "./socket_outlet.ts";

/**
 * Has what `action` says bypass the adaptor from now on; `concurrent` messages have splices of another kind. Throws for what makes no
 * sense where the connection stands.
 */
export function beginSplice(
  { side, stream, length, further }: Extract<Action, { kind: "splice" }>,
  intake: SocketIntake,
  outlet: SocketOutlet,
  concurrent: boolean,
): void {
  if (concurrent && (side === "stream-to-socket" || length === Infinity)) {
    throw new Error(`a splice ${side} of concurrent messages, of octets that were not offered or for good`);
  }
  if (side === "socket-to-stream") {
    if (intake.splice !== undefined) throw new Error("a splice into a stream inside another");
    if (!concurrent && further !== undefined) throw new Error("a splice of several pieces by turns");
    intake.splice = { stream, left: length, length, pieces: 1, further };
  } else {
    if (outlet.splice !== undefined) throw new Error("a splice to the socket inside another");
    outlet.splice = { stream, left: length };
  }
}
