/** Two channels that are each other's network: bytes written to one arrive at the other in a later turn. */

import type { Channel, ChannelHandler, PeerIdentity } from "../../agent/transport/channel.ts";

class MemoryChannel implements Channel {
  readonly peer: PeerIdentity;
  other!: MemoryChannel;
  #handler: ChannelHandler | undefined;
  #early: Uint8Array[] = [];
  #closed = false;

  constructor(address: string) {
    this.peer = { address, subject: undefined, fingerprint: undefined };
  }

  start(handler: ChannelHandler): void {
    this.#handler = handler;
    for (const chunk of this.#early.splice(0)) handler.onData(chunk);
    if (this.#closed) handler.onClose(undefined);
  }

  write(chunk: Uint8Array, done: (ok: boolean) => void): void {
    const copy = chunk.slice();
    setTimeout(() => {
      if (this.#closed) return done(false);
      this.other.deliver(copy);
      done(true);
    });
  }

  deliver(chunk: Uint8Array): void {
    if (this.#handler === undefined) this.#early.push(chunk);
    else if (!this.#closed) this.#handler.onData(chunk);
  }

  pause(): void {}
  resume(): void {}

  close(): void {
    setTimeout(() => {
      this.destroy();
      this.other.destroy();
    });
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handler?.onClose(undefined);
    queueMicrotask(() => this.other.destroy());
  }
}

/** The two ends of a new connection. */
export function channelPair(): [Channel, Channel] {
  const a = new MemoryChannel("memory:1");
  const b = new MemoryChannel("memory:2");
  a.other = b;
  b.other = a;
  return [a, b];
}
