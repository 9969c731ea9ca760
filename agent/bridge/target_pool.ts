/**
 * The connections to a target whose protocol carries one message after the other: a message takes one that is idle, the
 * latest first, or a new one. How long an idle connection is kept is the adaptor's decision.
 */

import type { AdaptorModule } from "../adaptor/action.ts";
import { messageOf } from "../lib/errors.ts";
import { type Downstream, HOLD_OCTETS, type Message, RELEASED, type Upstream } from "../router/flow.ts";
import type { LogFields, Logger } from "../telemetry/log.ts";
import { Connecting } from "./connecting.ts";
import { MessageConnection } from "./message_connection.ts";
import { Ticker } from "./ticker.ts";

/** Octets of a message that wait for the target: what a producer sends before it is held, and what may then be on its way. */
const WAITING_OCTETS = 2 * HOLD_OCTETS;

/**
 * How long a message is kept whose target can't be reached, in ms: by then the network knows, and who sends it again sends it
 * elsewhere.
 */
const REFUSAL_MS = 250;

/** What a pool stands on. */
export interface TargetPoolOptions {
  /** Makes messages of connections. */
  readonly adaptor: AdaptorModule;
  /** What adaptor instances are opened with. */
  readonly config: Uint8Array;
  /** Where connections log. */
  readonly logger: Logger;
  /** What goes with each line. */
  readonly logFields: LogFields;
  /** Connects to the target. */
  dial(): Promise<Deno.TcpConn>;
  /** Routes answers. */
  route(message: Message, upstream: Upstream): Downstream | undefined;
  /** The target was reached, or not, and why. */
  onReached(failure: string | undefined): void;
  /** A message that was delivered is over. */
  onDone(): void;
}

/** See the head of the file. */
export class TargetPool {
  readonly #options: TargetPoolOptions;
  readonly #connections = new Set<MessageConnection>();
  readonly #ticker = new Ticker();
  /** Ends what waits for its refusal. */
  readonly #refusals = new Set<() => void>();
  #idle: MessageConnection[] = [];
  #retired = false;

  /** An empty pool. */
  constructor(options: TargetPoolOptions) {
    this.#options = options;
  }

  /** Number of connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** Sends `message` to the target. */
  deliver(message: Message, upstream: Upstream): Downstream {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.available) return connection.accept(message, upstream);
    }
    const waiting = new Connecting(message, upstream, WAITING_OCTETS, RELEASED);
    this.#dial(waiting, message, upstream);
    return waiting;
  }

  /** Keeps no connection any longer than the messages that are under way need it. */
  retire(): void {
    this.#retired = true;
    this.#idle = [];
    for (const end of [...this.#refusals]) end();
    for (const connection of [...this.#connections]) connection.retire();
  }

  /** Ends everything. */
  stop(): void {
    for (const connection of [...this.#connections]) connection.close("the site is stopping");
  }

  async #dial(waiting: Connecting, message: Message, upstream: Upstream): Promise<void> {
    const { logger, logFields, onReached, onDone } = this.#options;
    let conn: Deno.TcpConn;
    try {
      conn = await this.#options.dial();
    } catch (error) {
      onReached(messageOf(error));
      logger.warn("target refused", { ...logFields, reason: messageOf(error) });
      this.#refuseSoon(() => {
        onDone();
        waiting.refuse();
      });
      return;
    }
    onReached(undefined);
    if (waiting.over || this.#retired) {
      onDone();
      conn.close();
      waiting.refuse();
      return;
    }
    const connection = this.#join(conn);
    waiting.hand((start) => connection.accept({ ...message, start }, upstream));
  }

  #refuseSoon(refuse: () => void): void {
    if (this.#retired) return refuse();
    const end = () => {
      clearTimeout(timer);
      this.#refusals.delete(end);
      refuse();
    };
    const timer = setTimeout(end, REFUSAL_MS);
    this.#refusals.add(end);
  }

  /** A connection that is about to be given its first message. */
  #join(conn: Deno.TcpConn): MessageConnection {
    const { adaptor, config, logger, logFields, route, onDone } = this.#options;
    const connection: MessageConnection = new MessageConnection(conn, adaptor, {
      logger,
      route,
      onDone,
      onIdle: () => this.#idle.push(connection),
      onClosed: (failure) => {
        this.#connections.delete(connection);
        this.#ticker.delete(connection);
        this.#idle = this.#idle.filter((idle) => idle !== connection);
        if (failure !== undefined) logger.warn("connection closed", { ...logFields, reason: failure });
      },
    });
    this.#connections.add(connection);
    connection.open("connector", config);
    this.#ticker.add(connection);
    return connection;
  }
}
