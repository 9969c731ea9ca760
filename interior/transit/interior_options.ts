/** What an interior says of itself to another (wire-protocol A.2). */

import { AmqpSymbol, type AmqpValue } from "../../agent/amqp/codec/types.ts";
import type { ConnectionOptions } from "../../agent/amqp/connection_options.ts";
import { CONNECTION_TRUNKING, routerConnectionOptions } from "../../agent/router/capabilities.ts";

/** Property of an Open: the cost that its sender wants for the link, where that is above 1. */
export const COST_PROPERTY = "qd.inter-router-cost";
/** Property of the connecting side's Open: the connections of one link have it in common. */
export const CORRELATOR_PROPERTY = "qd.group-correlator";
/** Property of the connecting side's Open: grows when the credentials of a link are renewed. */
export const ORDINAL_PROPERTY = "qd.group-ordinal";
/** Property of the connecting side's Open: what a connection is for, where it is not the control connection. */
export const ROLE_PROPERTY = "qd.inter-router-role";
/** The connection carries streams alone. */
export const DATA_ROLE = 4;

/** What the connecting side says of the connections of one link: which they are, and how new. */
export interface LinkGroup {
  /** The same for all of them. */
  readonly correlator: string;
  /** The highest counts. */
  readonly ordinal: number;
  /** True for a connection that carries streams alone. */
  readonly data?: boolean;
}

/** Options of a connection between interiors over a link of `cost`; `group` is for the connecting side. */
export function interiorConnectionOptions(
  side: "client" | "server",
  routerId: string,
  authenticated: boolean,
  cost: number,
  hostname?: string,
  group?: LinkGroup,
): ConnectionOptions {
  const properties: [AmqpValue, AmqpValue][] = [];
  if (cost > 1) properties.push([new AmqpSymbol(COST_PROPERTY), { type: "int", value: cost }]);
  if (group !== undefined) {
    properties.push([new AmqpSymbol(CORRELATOR_PROPERTY), group.correlator]);
    properties.push([new AmqpSymbol(ORDINAL_PROPERTY), { type: "ulong", value: BigInt(group.ordinal) }]);
    if (group.data === true) properties.push([new AmqpSymbol(ROLE_PROPERTY), { type: "int", value: DATA_ROLE }]);
  }
  const more = { capabilities: [CONNECTION_TRUNKING], properties };
  return routerConnectionOptions(side, routerId, authenticated, hostname, more);
}
