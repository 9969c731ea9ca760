/**
 * Two channels that are each other's network: bytes written to one arrive at the other in a later turn. For a client of
 * a router in the same process, and for tests.
 */

import type { Channel, ChannelHandler, PeerIdentity } from "./channel.ts";

class MemoryChannel implements Channel {
  readonly peer: PeerIdentity;
  other!: MemoryChannel;
  #handler: ChannelHandler | undefined;
  #early: Uint8Array[] = [];
  #closed = false;
  /** The write under way. */
  #writing: { timer: ReturnType<typeof setTimeout>; done: (ok: boolean) => void } | undefined;
  #ending: ReturnType<typeof setTimeout> | undefined;

  constructor(address: string) {
    this.peer = { address, subject: undefined, fingerprint: undefined };
  }

  start(handler: ChannelHandler): void {
    this.#handler = handler;
    for (const chunk of this.#early.splice(0)) handler.onData(chunk);
    if (this.#closed) handler.onClose(undefined);
  }

  write(chunk: Uint8Array, done: (ok: boolean) => void): void {
    if (this.#closed) return queueMicrotask(() => done(false));
    const copy = chunk.slice();
    const timer = setTimeout(() => {
      this.#writing = undefined;
      this.other.deliver(copy);
      done(true);
    });
    this.#writing = { timer, done };
  }

  deliver(chunk: Uint8Array): void {
    if (this.#handler === undefined) this.#early.push(chunk);
    else if (!this.#closed) this.#handler.onData(chunk);
  }

  pause(): void {}
  resume(): void {}

  close(): void {
    this.#ending ??= setTimeout(() => this.destroy());
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Nothing of it outlives a channel, so that a test knows when it is over.
    clearTimeout(this.#ending);
    clearTimeout(this.#writing?.timer);
    this.#writing?.done(false);
    this.#handler?.onClose(undefined);
    queueMicrotask(() => this.other.destroy());
  }
}

/** The two ends of a new connection, and the addresses that they show as those of their peers. */
export function channelPair(addresses: readonly [string, string] = ["memory:1", "memory:2"]): [Channel, Channel] {
  const a = new MemoryChannel(addresses[0]);
  const b = new MemoryChannel(addresses[1]);
  a.other = b;
  b.other = a;
  return [a, b];
}
