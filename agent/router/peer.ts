/**
 * A connected peer: one channel with an AMQP connection on it, driven by a clock.
 *
 * Output leaves in one write per turn of the event loop, with at most one write in flight: while it is under way, new
 * frames gather in the other buffer.
 */

import { Connection } from "../amqp/connection.ts";
import type { ConnectionOptions } from "../amqp/connection_options.ts";
import type { AmqpError, Attach, Open } from "../amqp/codec/types.ts";
import type { ProtocolError } from "../amqp/protocol_error.ts";
import type { Link } from "../amqp/link_table.ts";
import type { Clock } from "../lib/clock.ts";
import type { TendrilError } from "../lib/errors.ts";
import type { Channel } from "../transport/channel.ts";
import { EarlyWrites } from "./early_writes.ts";
import type { Origin } from "./flow.ts";

/** What the owner of a peer is told. */
export interface PeerHandler {
  /** The peer's Open arrived. */
  onOpen(remote: Open): void;
  /** The peer opens a link. */
  onAttach(link: Link, attach: Attach): void;
  /** The peer is gone, exactly once; all its links were lost before. */
  onGone(reason: PeerLoss): void;
}

/** Why a peer is gone. All undefined after an orderly close. */
export interface PeerLoss {
  /** The transport failed. */
  readonly transport?: TendrilError;
  /** The peer broke the protocol, or fell silent. */
  readonly protocol?: ProtocolError;
  /** The peer closed with this error. */
  readonly remote?: AmqpError;
  /** We turned it away. */
  readonly refusal?: TendrilError;
}

/** Condition with which somebody is turned away. */
export const NOT_ALLOWED = "amqp:not-allowed";
/** Time a closing peer has to take our last words, in ms. */
const LINGER_MS = 5000;

/** One peer. */
export class Peer {
  /** The AMQP connection on {@link Peer.channel}. */
  readonly connection: Connection;
  /** What carries it. */
  readonly channel: Channel;
  /** Identity for loop suppression. */
  readonly origin: Origin;

  /** What drives it. */
  readonly clock: Clock;

  readonly #handler: PeerHandler;
  #cancelTimer = () => {};
  /** Told when what is in the output now has been written. */
  #awaiting: (() => void)[] = [];
  /** Told when the write that is under way is done. */
  #leaving: (() => void)[] = [];
  readonly #early = new EarlyWrites();
  #writing = false;
  #scheduled = false;
  #closing = false;
  #gone = false;
  #loss: PeerLoss = {};

  /** Takes over `channel`; call {@link Peer.start} next. `edgeLink`: see {@link Origin}. */
  constructor(channel: Channel, options: ConnectionOptions, edgeLink: boolean, clock: Clock, handler: PeerHandler) {
    this.channel = channel;
    this.clock = clock;
    this.#handler = handler;
    this.origin = { connection: this, edgeLink, meshId: undefined };
    this.connection = new Connection(options, {
      onOutput: () => this.#schedule(),
      onComplete: (octets) => this.#early.isDue(octets) && this.#write(),
      onOpen: (remote) => {
        this.#rearm();
        handler.onOpen(remote);
      },
      onAttach: (link, attach) => handler.onAttach(link, attach),
      onClosed: (error) => this.#connectionClosed(error),
    });
  }

  /** Whether the connection is over. */
  get gone(): boolean {
    return this.#gone;
  }

  /** The peer's container id: its router id. Undefined before its Open. */
  get containerId(): string | undefined {
    return this.connection.remote?.containerId;
  }

  /** Starts the conversation. */
  start(): void {
    this.channel.start({
      onData: (chunk) => this.connection.feed(chunk),
      onClose: (error) => this.#channelClosed(error),
    });
    this.connection.start();
    this.#rearm();
  }

  /** Closes in order, telling the peer `error` if given. */
  close(error?: AmqpError): void {
    this.connection.close(error);
  }

  /** Turns the peer away, and tells it why. */
  refuse(refusal: TendrilError): void {
    this.#loss = { refusal };
    this.close({ condition: NOT_ALLOWED, description: refusal.message });
  }

  /** Calls `then` as soon as all octets that were sent are the system's; never when the peer goes before. */
  afterWrite(then: () => void): void {
    if (this.connection.output.length > 0) this.#awaiting.push(then);
    else if (this.#writing) this.#leaving.push(then);
    else then();
  }

  #schedule(): void {
    if (this.#scheduled || this.#writing) return;
    this.#scheduled = true;
    this.#early.turn();
    this.clock.soon(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#writing || this.#gone) return;
    const { connection } = this;
    if (connection.output.length === 0) connection.drained();
    if (this.#write()) connection.drained();
    else if (this.#closing && !this.#writing) this.channel.close();
  }

  /**
   * Writes what there is, unless a write is under way; true if there was something. A turn in which many messages come is
   * long: the first of them leave before it is over, so that those who get them have something to do meanwhile.
   */
  #write(): boolean {
    if (this.#writing || this.#gone) return false;
    const bytes = this.connection.take();
    if (bytes.length === 0) return false;
    this.#writing = true;
    this.#early.wrote(bytes.length);
    [this.#leaving, this.#awaiting] = [this.#awaiting, this.#leaving];
    this.channel.write(bytes, (ok) => {
      this.#writing = false;
      if (!ok) return;
      if (this.#leaving.length > 0) { for (const then of this.#leaving.splice(0)) then(); }
      this.#flush();
    });
    return true;
  }

  #rearm(): void {
    this.#cancelTimer();
    if (this.#gone || this.#closing) return;
    const now = this.clock.now();
    const at = this.connection.tick(now);
    if (at === Infinity || this.#gone || this.#closing) return;
    this.#cancelTimer = this.clock.after(Math.max(1, at - now), () => this.#rearm());
  }

  #connectionClosed(error: ProtocolError | AmqpError | undefined): void {
    this.#cancelTimer();
    this.#closing = true;
    if (this.#loss.refusal !== undefined) error = undefined;
    if (error instanceof Error) this.#loss = { protocol: error };
    else if (error !== undefined) this.#loss = { remote: error };
    if (this.#gone) return;
    this.#schedule();
    // A peer that no longer reads must not keep us.
    this.#cancelTimer = this.clock.after(LINGER_MS, () => this.channel.destroy());
  }

  #channelClosed(error: TendrilError | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#cancelTimer();
    if (error !== undefined && !this.#closing) this.#loss = { transport: error };
    this.connection.channelClosed();
    this.#handler.onGone(this.#loss);
  }
}
