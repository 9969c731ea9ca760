/**
 * The SASL layer of a connection, both sides, sans-IO (OASIS AMQP 1.0, part 5.3).
 *
 * Two mechanisms are spoken. EXTERNAL: the transport has proven who the peer is. ANONYMOUS: nobody has, for plain
 * connections on loopback.
 */

import type { SaslFrame } from "./codec/types.ts";
import { ProtocolError } from "./protocol_error.ts";

/** Mechanisms this engine speaks. */
export type SaslMechanism = "EXTERNAL" | "ANONYMOUS";

/** Outcome codes (part 5.3.3.6). */
const OUTCOME_OK = 0;
const OUTCOME_AUTH = 1;

/** What a step of the negotiation leads to. */
export interface SaslStep {
  /** Frame to send, if any. */
  readonly reply?: SaslFrame;
  /** True once the peer is authenticated and AMQP may start. */
  readonly done: boolean;
  /** Set with `done`: how. */
  readonly mechanism?: SaslMechanism;
  /** Set when the negotiation failed; the reply, if any, is sent first. */
  readonly failure?: ProtocolError;
}

/** Client side: answers one frame of the server. `mechanism` is what our transport allows. */
export function saslClientStep(frame: SaslFrame, mechanism: SaslMechanism, hostname: string | undefined): SaslStep {
  switch (frame.type) {
    case "sasl-mechanisms":
      if (!frame.mechanisms.includes(mechanism)) {
        return {
          done: false,
          failure: refused(`peer offers ${frame.mechanisms.join(", ") || "nothing"}, not ${mechanism}`),
        };
      }
      return {
        done: false,
        reply: {
          type: "sasl-init",
          mechanism,
          initialResponse: mechanism === "ANONYMOUS" ? new TextEncoder().encode("anonymous") : new Uint8Array(0),
          ...(hostname === undefined ? {} : { hostname }),
        },
      };
    case "sasl-challenge":
      return { done: false, reply: { type: "sasl-response", response: new Uint8Array(0) } };
    case "sasl-outcome":
      if (frame.code === OUTCOME_OK) return { done: true, mechanism };
      return { done: false, failure: refused(`peer refused ${mechanism} with SASL code ${frame.code}`) };
    default:
      return { done: false, failure: refused(`unexpected ${frame.type} from a server`) };
  }
}

/** Server side: answers one frame of the client. */
export function saslServerStep(frame: SaslFrame, offered: readonly SaslMechanism[]): SaslStep {
  if (frame.type !== "sasl-init") {
    return { done: false, failure: refused(`unexpected ${frame.type} from a client`) };
  }
  const mechanism = offered.find((mechanism) => mechanism === frame.mechanism);
  if (mechanism === undefined) {
    return {
      done: false,
      reply: { type: "sasl-outcome", code: OUTCOME_AUTH },
      failure: refused(`client asked for ${frame.mechanism}, offered is ${offered.join(", ")}`),
    };
  }
  return { done: true, mechanism, reply: { type: "sasl-outcome", code: OUTCOME_OK } };
}

function refused(message: string): ProtocolError {
  return new ProtocolError("amqp:unauthorized-access", message);
}
