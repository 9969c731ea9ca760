/**
 * Lets a channel change hands: first to somebody who reads a preamble, then to its real owner, without losing or
 * reordering a byte. It starts the channel, and keeps what arrives while nobody listens; the channel is paused then, so
 * that is never more than a read or two.
 */

import type { TendrilError } from "../lib/errors.ts";
import type { Channel, ChannelHandler, PeerIdentity } from "./channel.ts";
import { handlerError } from "./link_error.ts";

/** See the module comment. */
export class Handover implements ChannelHandler {
  readonly #channel: Channel;
  readonly #held: Uint8Array[] = [];
  #handler: ChannelHandler | undefined;
  #ended: { readonly error: TendrilError | undefined } | undefined;
  #paused = false;
  #replaying = false;

  /** Starts `channel` on behalf of whoever is attached. */
  constructor(channel: Channel) {
    this.#channel = channel;
    channel.start(this);
  }

  /** From the next turn on, `handler` gets what was held and all that follows. */
  attach(handler: ChannelHandler): void {
    this.#handler = handler;
    this.#replaying = true;
    queueMicrotask(() => this.#replay());
  }

  /** Takes the channel from its handler, who leaves `rest` unread; called from within `onData`. */
  detach(rest: Uint8Array): void {
    this.#handler = undefined;
    if (rest.length > 0) this.#held.unshift(rest.slice());
    this.#channel.pause();
  }

  /** Pauses for the current handler. */
  pause(): void {
    this.#paused = true;
    this.#channel.pause();
  }

  /** Resumes for the current handler. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#replaying) queueMicrotask(() => this.#replay());
    else this.#channel.resume();
  }

  onData(chunk: Uint8Array): void {
    if (this.#handler !== undefined && !this.#replaying) {
      this.#handler.onData(chunk);
      return;
    }
    this.#held.push(chunk.slice());
    this.#channel.pause();
  }

  onClose(error: TendrilError | undefined): void {
    if (this.#handler !== undefined && !this.#replaying) this.#handler.onClose(error);
    else this.#ended = { error };
  }

  #replay(): void {
    while (this.#held.length > 0) {
      if (this.#paused || this.#handler === undefined) return;
      try {
        this.#handler.onData(this.#held.shift()!);
      } catch (error) {
        // Nobody above us on the stack would turn this into the end of this one link.
        this.#held.length = 0;
        this.#ended ??= { error: handlerError(this.#channel.peer.address, error) };
        this.#channel.destroy();
      }
    }
    if (this.#handler === undefined || !this.#replaying || this.#paused) return;
    this.#replaying = false;
    const ended = this.#ended;
    if (ended === undefined) this.#channel.resume();
    else {
      const handler = this.#handler;
      this.#handler = undefined;
      handler.onClose(ended.error);
    }
  }
}

/** A channel whose preamble was looked at, and which then went on as if nobody had. */
export class HandedChannel implements Channel {
  readonly peer: PeerIdentity;
  readonly #inner: Channel;
  readonly #handover: Handover;

  /** Continues `inner`, of which `handover` holds the beginning. */
  constructor(inner: Channel, handover: Handover) {
    this.peer = inner.peer;
    this.#inner = inner;
    this.#handover = handover;
  }

  start(handler: ChannelHandler): void {
    this.#handover.attach(handler);
  }

  write(chunk: Uint8Array, done: (ok: boolean) => void): void {
    this.#inner.write(chunk, done);
  }

  pause(): void {
    this.#handover.pause();
  }

  resume(): void {
    this.#handover.resume();
  }

  close(): void {
    this.#inner.close();
  }

  destroy(): void {
    this.#inner.destroy();
  }
}
