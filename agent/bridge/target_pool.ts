/**
 * The connections to a target whose protocol carries many messages, one after the other or several at a time: a message
 * takes one that has room for it, the latest first, or a new one. How long an idle one is kept is the adaptor's decision.
 */

import type { AdaptorModule } from "../adaptor/action.ts";
import { messageOf } from "../lib/errors.ts";
import {
  type Downstream,
  HOLD_OCTETS,
  type Message,
  RELEASED,
  STREAM_HOLD_OCTETS,
  type Upstream,
} from "../router/flow.ts";
import { about } from "../telemetry/about.ts";
import type { LogFields, Logger } from "../telemetry/log.ts";
import { Connecting } from "./connecting.ts";
import type { LocalSocket } from "./local_socket.ts";
import { MessageConnection } from "./message_connection.ts";
import { refusalFacts } from "./refusal_facts.ts";
import { type KeptRoom, RepeatableMessage } from "./repeatable_message.ts";
import { Ticker } from "./ticker.ts";
import type { Traffic } from "./traffic.ts";

/** Octets of a message that wait for the target: what a producer sends before it is held, and what may then be on its way. */
const WAITING_OCTETS = STREAM_HOLD_OCTETS + HOLD_OCTETS;

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
  /** Id of this site's router. */
  readonly site: string;
  /** Where connections log. */
  readonly logger: Logger;
  /** What goes with each line. */
  readonly logFields: LogFields;
  /** Where connections, requests and octets are counted. */
  readonly traffic: Traffic;
  /** Room for messages that may have to go to another connection. */
  readonly kept: KeptRoom;
  /** Connects to the target. */
  dial(): Promise<LocalSocket>;
  /** Routes answers. */
  route(message: Message, upstream: Upstream): Downstream | undefined;
  /** The target was reached, or not: then `error` says why. */
  onReached(error: unknown): void;
  /** A message that was delivered is over. */
  onDone(): void;
  /** One that was over is not: it goes to another connection. */
  onAgain(): void;
}

/** See the head of the file. */
export class TargetPool {
  readonly #options: TargetPoolOptions;
  readonly #connections = new Set<MessageConnection>();
  readonly #ticker = new Ticker();
  /** Ends what waits for its refusal. */
  readonly #refusals = new Set<() => void>();
  /** Messages for which a connection is being made. */
  readonly #waiting: { waiting: Connecting; message: Message; upstream: Upstream }[] = [];
  #dials = 0;
  /** Messages that a connection takes at a time, as one has said last: what a new one is given before it can say so itself. */
  #capacity: number;
  /** Connections that take another message, or did when we last looked. */
  #free: MessageConnection[] = [];
  #retired = false;

  /** An empty pool. */
  constructor(options: TargetPoolOptions) {
    this.#options = options;
    this.#capacity = options.adaptor.concurrent;
  }

  /** Number of connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** True when nothing is under way: no message, and none that waits for a connection or its refusal. */
  get idle(): boolean {
    if (this.#waiting.length + this.#dials + this.#refusals.size > 0) return false;
    return [...this.#connections].every(({ idle }) => idle);
  }

  /** Sends `message` to the target. */
  deliver(message: Message, upstream: Upstream): Downstream {
    this.#options.traffic.requests++;
    if (this.#options.adaptor.concurrent === 1) return this.#give(message, upstream);
    return new RepeatableMessage(message, upstream, this.#options.kept, {
      again: () => {
        if (this.#retired) return false;
        this.#options.onAgain();
        return true;
      },
      give: (message, upstream) => this.#give(message, upstream),
    });
  }

  /** Gives `message` to a connection that has room for it, or to one that is made for it. */
  #give(message: Message, upstream: Upstream): Downstream {
    const { concurrent } = this.#options.adaptor;
    for (let connection = this.#free.at(-1); connection !== undefined; connection = this.#free.at(-1)) {
      if (concurrent === 1 || !connection.available) this.#free.pop();
      if (connection.available) return this.#giveTo(connection, message, upstream);
    }
    const waiting = new Connecting(message, upstream, WAITING_OCTETS, RELEASED);
    this.#waiting.push({ waiting, message, upstream });
    this.#dialForAll();
    return waiting;
  }

  #giveTo(connection: MessageConnection, message: Message, upstream: Upstream): Downstream {
    if (upstream instanceof RepeatableMessage) upstream.taker = connection;
    return connection.accept(message, upstream);
  }

  /** Keeps no connection any longer than the messages that are under way need it. */
  retire(): void {
    this.#retired = true;
    this.#free = [];
    for (const end of [...this.#refusals]) end();
    for (const connection of [...this.#connections]) connection.retire();
  }

  /** Ends everything. */
  stop(): void {
    for (const connection of [...this.#connections]) connection.close("the site is stopping");
  }

  /** Makes connections for all who wait. */
  #dialForAll(): void {
    if (this.#retired) {
      for (const { waiting } of this.#waiting.splice(0)) {
        this.#options.onDone();
        waiting.refuse();
      }
      return;
    }
    while (this.#waiting.length > this.#dials * this.#capacity) this.#dial();
  }

  /** Connects, for as many of those who wait as a connection takes. */
  async #dial(): Promise<void> {
    const { logger, logFields, onReached, onDone } = this.#options;
    this.#dials++;
    let conn: LocalSocket;
    try {
      conn = await this.#options.dial();
    } catch (error) {
      this.#dials--;
      onReached(error);
      logger.warn("target refused", { ...logFields, reason: messageOf(error), ...refusalFacts(error) });
      const refused = this.#waiting.splice(0, this.#capacity);
      this.#refuseSoon(() => {
        for (const { waiting } of refused) {
          onDone();
          waiting.refuse();
        }
      });
      return this.#dialForAll();
    }
    this.#dials--;
    onReached(undefined);
    const served = this.#waiting.splice(0, this.#capacity).filter(({ waiting }) => {
      const wanted = !waiting.over && !this.#retired;
      if (!wanted) {
        onDone();
        waiting.refuse();
      }
      return wanted;
    });
    if (served.length === 0) {
      conn.close();
      return this.#dialForAll();
    }
    const connection = this.#join(conn);
    for (const { waiting, message, upstream } of served) {
      waiting.hand((start) => this.#giveTo(connection, { ...message, start }, upstream));
    }
    this.#offerAgain(connection);
    this.#dialForAll();
  }

  /** Of concurrent messages, a connection takes more when one is over; of one after the other, when it is idle. */
  #offerAgain(connection: MessageConnection): void {
    if (this.#options.adaptor.concurrent === 1 || this.#retired || !connection.available) return;
    if (!this.#free.includes(connection)) this.#free.push(connection);
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
  #join(conn: LocalSocket): MessageConnection {
    const { adaptor, config, site, logger, logFields, traffic, route, onDone } = this.#options;
    const connection: MessageConnection = new MessageConnection(conn, adaptor, {
      site,
      logger: about(logger, logFields),
      traffic,
      route,
      onDone: () => {
        onDone();
        this.#offerAgain(connection);
      },
      onCapacity: (messages) => {
        // One that takes none any more says nothing about the next one.
        if (messages > 0) this.#capacity = Math.min(messages, adaptor.concurrent);
      },
      onIdle: () => {
        if (adaptor.concurrent === 1) this.#free.push(connection);
        else this.#offerAgain(connection);
      },
      onClosed: (failure) => {
        this.#connections.delete(connection);
        traffic.closed++;
        this.#ticker.delete(connection);
        this.#free = this.#free.filter((free) => free !== connection);
        if (failure !== undefined) logger.warn("connection closed", { ...logFields, reason: failure });
      },
    });
    this.#connections.add(connection);
    traffic.opened++;
    connection.open("connector", config);
    // The adaptor may have ended it at once.
    if (this.#connections.has(connection)) this.#ticker.add(connection);
    return connection;
  }
}
