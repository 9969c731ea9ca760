/** The only error the AMQP engine lets out, whatever bytes it was fed. */

import { TendrilError } from "../lib/errors.ts";

/** AMQP 1.0 error conditions that the engine itself raises (OASIS AMQP 1.0, part 2.8.14 to 2.8.18). */
export type ProtocolCondition =
  | "amqp:decode-error"
  | "amqp:connection:framing-error"
  | "amqp:frame-size-too-small"
  | "amqp:illegal-state"
  | "amqp:invalid-field"
  | "amqp:not-allowed"
  | "amqp:not-implemented"
  | "amqp:resource-limit-exceeded"
  | "amqp:session:errant-link"
  | "amqp:session:handle-in-use"
  | "amqp:session:unattached-handle"
  | "amqp:session:window-violation"
  | "amqp:link:transfer-limit-exceeded"
  | "amqp:unauthorized-access";

/** The peer broke the protocol. Fatal for the connection it happened on. */
export class ProtocolError extends TendrilError {
  /** The class, for traces. */
  override readonly name = "ProtocolError";
  /** Condition to send in the Close performative. */
  readonly condition: ProtocolCondition;

  /** Makes an error whose `condition` goes on the wire, and whose code is `AMQP_PROTOCOL` unless there is a better one. */
  constructor(
    condition: ProtocolCondition,
    message: string,
    code = "AMQP_PROTOCOL",
    hint = "The peer sent something that AMQP 1.0 forbids or that exceeds a limit; see docs/limits.md.",
  ) {
    super(code, `${message} (${condition})`, { hint });
    this.condition = condition;
  }
}

/** Nothing at all has come from the peer for longer than it may be silent. */
export class PeerSilent extends ProtocolError {
  /** After `ms` of silence. */
  constructor(ms: number) {
    super(
      "amqp:resource-limit-exceeded",
      `nothing heard for ${ms} ms`,
      "LINK_SILENT",
      "See whether the peer hangs, and whether the network between loses packets; Tendril connects again by itself.",
    );
  }
}
