/**
 * A TLS connection that is read and written on demand, in the form of the runtime's own connections, and whose sides end
 * one by one: for those who carry other people's octets. In: a socket whose handshake is through.
 */

import type { TLSSocket } from "node:tls";
import { BlockQueue } from "../lib/block_queue.ts";
import { TendrilError } from "../lib/errors.ts";
import type { PeerIdentity } from "./channel.ts";
import { SocketChannel } from "./socket_channel.ts";

/** Octets that wait for a reader, above which the socket is not read; a read or two may come on top. */
const HELD_OCTETS = 128 * 1024;

/** Somebody who waits for octets. */
interface Reading {
  readonly buffer: Uint8Array;
  readonly resolve: (octets: number | null) => void;
  readonly reject: (error: unknown) => void;
}

/** See the head of the file. */
export class TlsStream {
  /** The other end. */
  readonly peer: PeerIdentity;
  /** Its address, in the form of the runtime's own connections. */
  readonly remoteAddr: { readonly hostname: string; readonly port: number };
  /** Our own, in the same form. */
  readonly localAddr: { readonly hostname: string; readonly port: number };
  readonly #channel: SocketChannel;
  readonly #onBroken: ((error: TendrilError) => void) | undefined;
  readonly #held = new BlockQueue();
  #reading: Reading | undefined;
  #paused = false;
  /** The peer has ended its side, or all is over. */
  #ended = false;
  #error: TendrilError | undefined;
  /** Ends a write that failed, once the reason is known. */
  #failWrite: (() => void) | undefined;
  #over = false;

  /** Takes `socket` over; `onBroken` hears once when the connection fails. */
  constructor(
    socket: TLSSocket,
    peer: PeerIdentity,
    mayBeRefused = false,
    onBroken?: (error: TendrilError) => void,
  ) {
    this.peer = peer;
    this.remoteAddr = { hostname: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    this.localAddr = { hostname: socket.localAddress ?? "", port: socket.localPort ?? 0 };
    this.#onBroken = onBroken;
    this.#channel = new SocketChannel(socket, peer, { mayBeRefused, onEnd: () => this.#end() });
    this.#channel.start({ onData: (chunk) => this.#take(chunk), onClose: (error) => this.#close(error) });
  }

  /** Fills the front of `buffer`; null at the end of the peer's side. Rejects with a `LINK_*` error. One at a time. */
  read(buffer: Uint8Array): Promise<number | null> {
    const held = this.#held;
    if (held.size > 0) {
      const front = held.front();
      const piece = front.length <= buffer.length ? front : front.subarray(0, buffer.length);
      buffer.set(piece);
      held.consume(piece.length);
      if (this.#paused && held.size === 0) this.#resume();
      return Promise.resolve(piece.length);
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve, reject) => this.#reading = { buffer, resolve, reject });
  }

  /** Sends all of `piece`, which must not change meanwhile. Rejects with a `LINK_*` error. One at a time. */
  write(piece: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#channel.write(piece, (ok) => {
        if (ok) return resolve(piece.length);
        this.#failWrite = () => reject(this.#error ?? gone(this.peer));
        if (this.#over) this.#failWrite();
      });
    });
  }

  /** Ends our side, so that the peer knows this was all; it may go on. */
  closeWrite(): Promise<void> {
    this.#channel.end();
    return Promise.resolve();
  }

  /** Lets go of the connection; a `broken` one without the word that this was all, so that nobody takes it for that. */
  close(broken = false): void {
    this.#held.clear();
    if (broken) this.#channel.destroy();
    else this.#channel.close();
  }

  /** Small pieces are sent at once anyway. */
  setNoDelay(): void {}

  #take(chunk: Uint8Array): void {
    const reading = this.#reading;
    let rest = chunk;
    if (reading !== undefined) {
      this.#reading = undefined;
      const { buffer, resolve } = reading;
      const piece = chunk.length <= buffer.length ? chunk : chunk.subarray(0, buffer.length);
      buffer.set(piece);
      resolve(piece.length);
      rest = chunk.subarray(piece.length);
    }
    if (rest.length === 0) return;
    this.#held.push(rest);
    if (this.#paused || this.#held.size <= HELD_OCTETS) return;
    this.#paused = true;
    this.#channel.pause();
  }

  #resume(): void {
    this.#paused = false;
    this.#channel.resume();
  }

  #end(): void {
    this.#ended = true;
    this.#settleReading();
  }

  #close(error: TendrilError | undefined): void {
    this.#over = this.#ended = true;
    this.#error = error;
    this.#settleReading();
    this.#failWrite?.();
    if (error !== undefined) this.#onBroken?.(error);
  }

  #settleReading(): void {
    const reading = this.#reading;
    this.#reading = undefined;
    if (this.#error !== undefined) reading?.reject(this.#error);
    else reading?.resolve(null);
  }
}

function gone({ address }: PeerIdentity): TendrilError {
  return new TendrilError("LINK_RESET", `The connection to ${address} is closed.`);
}
