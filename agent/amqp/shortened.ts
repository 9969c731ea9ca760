/**
 * What can be left out of a control frame that exceeds the largest frame its receiver takes. A performative has to fit
 * into one frame (OASIS AMQP 1.0, part 2.3), so what only explains goes: an outcome matters more than its words.
 */

import type { AmqpError, DeliveryState, Performative } from "./codec/types.ts";

/** The same performative with errors cut down to their conditions, and without annotations in an outcome. */
export function shortened(performative: Performative): Performative {
  switch (performative.type) {
    case "close":
    case "end":
    case "detach":
      return performative.error === undefined ? performative : { ...performative, error: bare(performative.error) };
    case "disposition":
      return performative.state === undefined
        ? performative
        : { ...performative, state: bareState(performative.state) };
    default:
      return performative;
  }
}

function bare({ condition }: AmqpError): AmqpError {
  return { condition };
}

function bareState(state: DeliveryState): DeliveryState {
  if (state.kind === "rejected" && state.error !== undefined) return { kind: "rejected", error: bare(state.error) };
  if (state.kind !== "modified") return state;
  const { messageAnnotations: _annotations, ...rest } = state;
  return rest;
}
