/** What a connection that carries many messages needs of those who own it. */

import type { Downstream, Message, Upstream } from "../router/flow.ts";
import type { Logger } from "../telemetry/log.ts";
import type { OpenExchange } from "./exchanges.ts";
import type { Envelope } from "./message_sections.ts";
import type { Settling } from "./settling.ts";
import type { Traffic } from "./traffic.ts";

/** How a connection reaches the network and its owner. */
export interface MessageHooks {
  /** Routes a message; undefined when nobody takes it. */
  route(message: Message, upstream: Upstream): Downstream | undefined;
  /** A listener's: where its stream `stream` about `subject` goes. A connector answers what it was asked. */
  envelope?(stream: number, subject: string | undefined): Envelope;
  /** A listener's: looks at a request that begins. */
  readonly open?: OpenExchange;
  /** A listener's: what settles the answers; without it they are settled as they come. */
  readonly settling?: Settling;
  /** A connector's: what its answers say of where they come from. */
  readonly site?: string;
  /** A connector's: a message that was accepted is over. */
  onDone?(): void;
  /** A connector's: so many messages may be under way at a time from now on. */
  onCapacity?(messages: number): void;
  /** No message is under way any more. */
  onIdle(): void;
  /** The connection is over, exactly once. `failure` is undefined when it ended in order. */
  onClosed(failure: string | undefined): void;
  /** Where it is told how the connection began and ended. */
  readonly logger: Logger;
  /** Where its octets are counted. */
  readonly traffic: Traffic;
}
