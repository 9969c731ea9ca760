/** A channel whose owner can be kept from hearing its peer for a while: nothing is lost, and the order stays. */

import type { Channel, ChannelHandler } from "../../agent/transport/channel.ts";

/** See the head of the file. */
export class HeldUp implements Channel {
  readonly #channel: Channel;
  #until = 0;
  #last: Promise<void> = Promise.resolve();

  /** Takes `channel` over. */
  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Nothing more is heard for `ms` milliseconds. */
  hold(ms: number): void {
    this.#until = performance.now() + ms;
  }

  get peer(): Channel["peer"] {
    return this.#channel.peer;
  }

  start(handler: ChannelHandler): void {
    const later = (action: () => void) => {
      this.#last = this.#last.then(async () => {
        const ms = this.#until - performance.now();
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
        action();
      });
    };
    this.#channel.start({
      onData: (chunk) => {
        const kept = chunk.slice();
        later(() => handler.onData(kept));
      },
      onClose: (error) => later(() => handler.onClose(error)),
    });
  }

  write(chunk: Uint8Array, done: (ok: boolean) => void): void {
    this.#channel.write(chunk, done);
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  close(): void {
    this.#channel.close();
  }

  destroy(): void {
    this.#channel.destroy();
  }
}
