/** What outcomes of messages and errors of adaptors mean to each other (wire-protocol E.3). */

import type { AbortReason, AdaptorRole } from "../adaptor/action.ts";
import { SharedErrorCode } from "../adaptor/abi.ts";
import type { DeliveryState } from "../amqp/codec/types.ts";
import { FAILED, RELEASED } from "../router/flow.ts";

/** What the network is told of a message that the adaptor does not want, for the code of its error. */
export function verdict(role: AdaptorRole, code: number, description: string): DeliveryState {
  // Another connector may know what to do with it; for the answer to a listener there is no other place.
  if (code === SharedErrorCode.unsuitable && role === "connector") return RELEASED;
  if (code !== SharedErrorCode.unsuitable && code !== SharedErrorCode.malformed) return FAILED;
  return { kind: "rejected", error: { condition: "amqp:invalid-field", description } };
}

/** What an adaptor is told of a message with an outcome other than `accepted`. */
export function reasonOf(state: DeliveryState | undefined): AbortReason {
  switch (state?.kind) {
    case "released":
    case "rejected":
      return state.kind;
    case "modified":
      return "failed";
    default:
      return "lost";
  }
}
