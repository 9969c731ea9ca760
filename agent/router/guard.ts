/** What an accepted peer may do here, as far as that is restricted. Who decides is none of the router's business. */

import type { AmqpError } from "../amqp/codec/types.ts";

/** See the head of the file. Each answer is an objection as a sentence for the peer, or undefined. */
export interface Guard {
  /** The peer has introduced itself as `id`; may it link at all? */
  admits(id: string): string | undefined;
  /** May it receive what is sent to the address with this lookup key? */
  offers(key: string): string | undefined;
  /** May it send to this address? Asked once per link, or once per message where messages name their address. */
  consumes(address: string): string | undefined;
  /** May it change this router by management? Asked of clients alone; nobody else may. */
  manages(): string | undefined;
  /** Hears that answers may have become others. */
  onChange: () => void;
  /** The peer is gone. */
  close(): void;
}

/** How a peer is told of an objection. */
export function unauthorized(description: string): AmqpError {
  return { condition: UNAUTHORIZED, description };
}

/** Condition of such an error. */
export const UNAUTHORIZED = "amqp:unauthorized-access";
