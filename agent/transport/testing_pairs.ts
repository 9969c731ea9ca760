/** TEST SUPPORT, never imported by the product: pairs of connected channels over real sockets, and what to do with them. */

import type { TendrilError } from "../lib/errors.ts";
import { until } from "../../tests/support/until.ts";
import { accept, type AcceptOptions } from "./accept.ts";
import type { Channel, ChannelHandler } from "./channel.ts";
import { dial } from "./dial.ts";
import { TestAuthority } from "./testing_certs.ts";

/** What carries the bytes of a pair. */
export type Carrier = "plain" | "tls" | "websocket" | "websocket over tls";

/** Two ends of one connection, neither started. */
export interface Pair extends AsyncDisposable {
  /** The end that dialled. */
  readonly client: Channel;
  /** The end that accepted. */
  readonly server: Channel;
}

/** Connects a pair; disposing of it waits until both sockets are gone. */
export async function connectPair(carrier: Carrier, accepting: Partial<AcceptOptions> = {}): Promise<Pair> {
  const site = await TestAuthority.create("site");
  const secured = carrier.endsWith("tls");
  const websocket = carrier.startsWith("websocket");
  const arrival = Promise.withResolvers<Channel>();
  const acceptor = await accept(
    {
      host: "127.0.0.1",
      port: 0,
      handshakeTimeoutMs: 9000,
      maxConnections: 10,
      websocket,
      ...(secured ? { tls: await site.issue({ name: "server", ips: ["127.0.0.1"] }) } : {}),
      ...accepting,
    },
    arrival.resolve,
    arrival.reject,
  );
  const tls = secured ? await site.issue({ name: "client" }) : undefined;
  const target = { host: "127.0.0.1", port: acceptor.port, tls, websocket, timeoutMs: 9000 };
  const client = await dial(target, new AbortController().signal);
  const server = await arrival.promise;
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.destroy();
      await acceptor.close();
      await until(() => acceptor.connections === 0);
    },
  };
}

/** Counts what a channel delivers. */
export class Recorder implements ChannelHandler {
  /** Every byte that came, copied. */
  readonly chunks: Uint8Array[] = [];
  /** Number of bytes that came. */
  length = 0;
  /** How often the end was told, and how. */
  readonly ends: (TendrilError | undefined)[] = [];
  readonly #closed = Promise.withResolvers<TendrilError | undefined>();

  /** Resolves with the reason when the channel is gone. */
  get closed(): Promise<TendrilError | undefined> {
    return this.#closed.promise;
  }

  onData(chunk: Uint8Array): void {
    this.length += chunk.length;
    this.chunks.push(chunk.slice());
  }

  onClose(error: TendrilError | undefined): void {
    this.ends.push(error);
    this.#closed.resolve(error);
  }

  /** All bytes in one piece. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}

/** Writes `chunk`; resolves with what the channel said of it. */
export function write(channel: Channel, chunk: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => channel.write(chunk, resolve));
}

/** A sequence of bytes in which every displaced, lost or doubled block shows. */
export class Pattern {
  #state: number;

  /** Starts the sequence named `seed`. */
  constructor(seed: number) {
    this.#state = seed | 1;
  }

  /** The next `length` bytes. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
      bytes[i] = this.#state >>> 24;
    }
    return bytes;
  }
}
