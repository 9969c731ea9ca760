/**
 * Lets a channel change hands: first to somebody who reads a preamble, then to its real owner, without losing or
 * reordering a byte. It starts the channel, and keeps what arrives while nobody listens; the channel is paused then, so
 * that is never more than a read or two.
 */

import type { TendrilError } from "../lib/errors.ts";
import type { Channel, ChannelHandler } from "./channel.ts";

/** See the module comment. */
export class Handover implements ChannelHandler {
  readonly #channel: Channel;
  #handler: ChannelHandler | undefined;
  #held: Uint8Array[] = [];
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
    this.#paused = false;
    if (this.#held.length > 0 || this.#ended !== undefined) this.attach(this.#handler!);
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
      this.#handler.onData(this.#held.shift()!);
    }
    if (this.#handler === undefined || !this.#replaying) return;
    this.#replaying = false;
    const ended = this.#ended;
    this.#ended = undefined;
    if (ended !== undefined) this.#handler.onClose(ended.error);
    else if (!this.#paused) this.#channel.resume();
  }
}
