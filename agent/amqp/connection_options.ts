/** What a connection needs of its owner: how to present itself, and whom to tell what comes of it. */

import type { AmqpError, AmqpMap, AmqpValue, Attach, Open } from "./codec/types.ts";
import type { ProtocolError } from "./protocol_error.ts";
import type { SaslMechanism } from "./sasl.ts";
import type { Link } from "./link_table.ts";

/** How a connection presents itself and what it allows. */
export interface ConnectionOptions {
  /** The side that speaks first is the client. */
  readonly side: "client" | "server";
  /** Router id or client name. */
  readonly containerId: string;
  /** Host name put into Open, client side. */
  readonly hostname?: string;
  /** Client: the one mechanism to use. Server: those offered. */
  readonly mechanisms: readonly SaslMechanism[];
  /** Server: whether a peer may leave SASL out. */
  readonly saslOptional?: boolean;
  /** Largest frame accepted, in octets. */
  readonly maxFrameSize: number;
  /** The peer is dropped after twice this time of silence, in ms. */
  readonly idleTimeoutMs: number;
  /** Transfer frames a peer may send ahead per session. */
  readonly windowFrames: number;
  /** What we offer, one symbol or an array of them. */
  readonly offeredCapabilities?: AmqpValue;
  /** What we would like the peer to offer. */
  readonly desiredCapabilities?: AmqpValue;
  /** What we say of ourselves. */
  readonly properties?: AmqpMap;
}

/** What the owner of a connection is told. */
export interface ConnectionHandler {
  /** Bytes entered an empty output: schedule a flush. */
  onOutput(): void;
  /** A message is complete: the octets that wait, of which its own are the last, may leave before the turn is over. */
  onComplete?(octets: number): void;
  /** The peer's Open arrived: it has admitted us, or asks to be admitted. */
  onOpen(remote: Open): void;
  /** The peer opens a link; the callee accepts or refuses it. */
  onAttach(link: Link, attach: Attach): void;
  /** The connection is over, exactly once. Flush the output, then drop the channel. */
  onClosed(error: ProtocolError | AmqpError | undefined): void;
}
