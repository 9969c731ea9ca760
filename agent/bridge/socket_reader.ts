/**
 * The way from a local socket to its consumer: one read at a time into a buffer that grows with the traffic and
 * shrinks again when it calms down. Reads on only when the consumer has room.
 */

import type { LocalSocket } from "./local_socket.ts";
import { type SocketOctets, socketOctets } from "./socket_octets.ts";
import { LentBuffer } from "../lib/lent_buffer.ts";
import type { Traffic } from "./traffic.ts";

/** First buffer of a connection; most connections of most protocols need no more, in octets. */
const FIRST_OCTETS = 4 * 1024;
/** Largest buffer, in octets. */
const LARGEST_OCTETS = 128 * 1024;
/** Largest read, in octets: what fits, with its head, into one frame between our own routers. */
const LARGEST_READ = LARGEST_OCTETS - 1024;
/** Small reads in a row after which the buffer shrinks. */
const CALM_READS = 16;

/** What the owner of a reader is told. */
export interface SocketReaderHandler {
  /** Octets that may be read next; 0 makes the reader wait for {@link SocketReader.wake}. */
  readAllowance(): number;
  /** Octets arrived; `chunk` is valid only until the result resolves. A promise delays the next read. */
  onRead(chunk: Uint8Array): Promise<void> | undefined;
  /** The peer has shut its write side. */
  onReadEnd(): void;
  /** The socket failed. */
  onReadFailed(error: unknown): void;
}

/** Reads from one socket. */
export class SocketReader {
  readonly #octets: SocketOctets;
  readonly #traffic: Traffic | undefined;
  readonly #handler: SocketReaderHandler;
  #wake: (() => void) | undefined;
  #stopped = false;

  /** Reads from `conn`, which the caller owns, as far as `handler` allows, and counts in `traffic`. */
  constructor(conn: LocalSocket, handler: SocketReaderHandler, traffic?: Traffic) {
    this.#traffic = traffic;
    this.#octets = socketOctets(conn);
    this.#handler = handler;
  }

  /** Reads until the end, a failure or {@link SocketReader.stop}. Never rejects. */
  async run(): Promise<void> {
    let buffer = new LentBuffer(FIRST_OCTETS);
    let calm = 0;
    try {
      for (;;) {
        const allowed = this.#handler.readAllowance();
        if (allowed <= 0) {
          if (this.#stopped) return;
          await new Promise<void>((resolve) => this.#wake = resolve);
          if (this.#stopped) return;
          continue;
        }
        const size = buffer.bytes.length;
        const octets = await this.#octets.read(buffer.bytes.subarray(0, Math.min(allowed, size, LARGEST_READ)));
        if (this.#stopped) return;
        if (octets === 0) return this.#handler.onReadEnd();
        if (this.#traffic !== undefined) this.#traffic.octetsIn += octets;
        const wait = buffer.lend(buffer.bytes.subarray(0, octets), this.#onRead);
        if (wait !== undefined) await wait;
        if (this.#stopped) return;
        let next = size;
        if (octets === size && octets < LARGEST_READ) {
          next = Math.min(LARGEST_OCTETS, size * 4);
          calm = 0;
        } else if (octets >= size >>> 2 || size <= FIRST_OCTETS) calm = 0;
        else if (++calm === CALM_READS) {
          next = size >>> 2;
          calm = 0;
        }
        if (next === size && !buffer.kept) continue;
        buffer.release();
        buffer = new LentBuffer(next);
      }
    } catch (error) {
      if (!this.#stopped) this.#handler.onReadFailed(error);
    } finally {
      buffer.release();
    }
  }

  readonly #onRead = (chunk: Uint8Array): Promise<void> | undefined => this.#handler.onRead(chunk);

  /** The allowance may have grown. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Ends {@link SocketReader.run} without telling the handler; the caller closes the socket to end a pending read. */
  stop(): void {
    this.#stopped = true;
    this.wake();
  }
}
