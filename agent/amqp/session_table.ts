/** The sessions of a connection, by our channel numbers and by those of the peer (OASIS AMQP 1.0, part 2.5). */

import type { Begin } from "./codec/types.ts";
import type { Connection } from "./connection.ts";
import { ProtocolError } from "./protocol_error.ts";
import { Session } from "./session.ts";

/** Sessions one connection may have; each edge or router uses fewer than twenty. */
export const MAX_SESSIONS = 256;
/**
 * How many of them the peer leaves to us, so that it is never in the way of what we send to it. The Open can't say so: its
 * channel-max is also about the channels on which the peer answers us.
 */
export const OWN_SESSIONS = 64;

/** See the head of the file. */
export class SessionTable {
  readonly #connection: Connection;
  readonly #windowFrames: number;
  readonly #own: (Session | undefined)[] = [];
  readonly #ofPeer = new Map<number, Session>();
  /** Those that the peer has begun. */
  readonly #answered = new Set<Session>();

  /** None yet; `windowFrames` is how many transfer frames the peer may send ahead on each. */
  constructor(connection: Connection, windowFrames: number) {
    this.#connection = connection;
    this.#windowFrames = windowFrames;
  }

  /** Those that are open. */
  all(): Session[] {
    return this.#own.filter((session) => session !== undefined);
  }

  /** A new session on the first free channel, that nobody has begun. */
  add(purpose: string): Session {
    let channel = this.#own.findIndex((session) => session === undefined);
    if (channel < 0) channel = this.#own.length;
    const session = new Session(this.#connection, channel, this.#windowFrames, purpose);
    this.#own[channel] = session;
    return session;
  }

  /** The session that the peer sends on `channel`. Throws when it has begun none there; `what` is what it has sent. */
  ofPeer(channel: number, what: string): Session {
    const session = this.#ofPeer.get(channel);
    if (session === undefined) {
      throw new ProtocolError("amqp:not-allowed", `${what} on channel ${channel} without begin`);
    }
    return session;
  }

  /** The peer begins a session on `channel`, or answers one of ours. Throws when it begins too many. */
  begun(channel: number, begin: Begin): void {
    if (this.#ofPeer.has(channel)) throw new ProtocolError("amqp:not-allowed", `channel ${channel} begun twice`);
    const session = begin.remoteChannel === undefined ? this.#answer(channel) : this.#own[begin.remoteChannel];
    if (session === undefined) throw new ProtocolError("amqp:not-allowed", `begin for channel ${begin.remoteChannel}`);
    this.#ofPeer.set(channel, session);
    session.onBegin(begin);
  }

  /** The peer's `channel` is free again. */
  ended(channel: number): void {
    this.#ofPeer.delete(channel);
  }

  /** Our channel is free again. */
  forget(session: Session): void {
    this.#own[session.channel] = undefined;
    this.#answered.delete(session);
  }

  #answer(channel: number): Session {
    if (this.#answered.size >= MAX_SESSIONS - OWN_SESSIONS) {
      throw new ProtocolError("amqp:resource-limit-exceeded", `more than ${this.#answered.size} sessions`);
    }
    const session = this.add("remote");
    this.#answered.add(session);
    session.sendBegin(channel);
    return session;
  }
}
