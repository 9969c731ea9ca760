/**
 * The way from a router stream to a local socket: collects what arrives while a write is under way, then writes it at
 * once. Counts what has reached the socket, for the window reports of the stream.
 */

import { BlockQueue } from "../lib/block_queue.ts";
import type { LocalSocket } from "./local_socket.ts";
import { type SocketOctets, socketOctets } from "./socket_octets.ts";
import type { Traffic } from "./traffic.ts";

/** What the owner of a writer is told. */
export interface SocketWriterHandler {
  /** `total` octets have been written since the start. */
  onWritten(total: number): void;
  /** Everything was written after {@link SocketWriter.finish}: the socket's write side may be shut. */
  onAllWritten(): void;
  /** The socket failed. */
  onWriteFailed(error: unknown): void;
}

/** Writes to one socket. */
export class SocketWriter {
  readonly #conn: LocalSocket;
  readonly #octets: SocketOctets;
  readonly #traffic: Traffic | undefined;
  readonly #handler: SocketWriterHandler;
  readonly #gathers: boolean;
  readonly #waiting = new BlockQueue();
  #busy = false;
  /** What gathers is written at the end of this turn. */
  #soon = false;
  #ended = false;
  #stopped = false;
  #total = 0;
  /** Octets that the last write had to choose from: about as many come in the next turn, and shall leave together. */
  #lately = 0;
  #writes = 0;

  /**
   * Writes to `conn`, which the caller owns, and counts in `traffic`; `gathers` waits for what else is written in the same
   * turn.
   */
  constructor(conn: LocalSocket, handler: SocketWriterHandler, gathers = false, traffic?: Traffic) {
    this.#traffic = traffic;
    this.#conn = conn;
    this.#octets = socketOctets(conn);
    this.#gathers = gathers;
    this.#handler = handler;
  }

  /** Octets not yet written. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Accepts `piece`, copying it. */
  write(piece: Uint8Array): void {
    if (this.#stopped || this.#ended) return;
    this.#waiting.push(piece, this.#gathers ? this.#lately : 0);
    this.#start();
  }

  /** Nothing more comes: the handler hears when everything is written. */
  finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#start();
  }

  /** Forgets what was not written; nothing more is told to the handler. */
  stop(): void {
    this.#stopped = true;
    // A write under way still reads from its block.
    if (!this.#busy) this.#waiting.clear();
  }

  #start(): void {
    if (this.#busy || this.#soon) return;
    if (!this.#gathers) {
      this.#run();
      return;
    }
    this.#soon = true;
    queueMicrotask(this.#gathered);
  }

  readonly #gathered = (): void => {
    this.#soon = false;
    if (!this.#busy) this.#run();
  };

  async #run(): Promise<void> {
    this.#busy = true;
    try {
      while (this.#waiting.size > 0 && !this.#stopped) {
        // Without delay from the second write on: most short connections need only one, and a call to the system less.
        if (this.#writes++ === 1) this.#conn.setNoDelay(true);
        this.#lately = this.#waiting.size;
        const octets = await this.#octets.write(this.#waiting.front());
        this.#waiting.consume(octets);
        this.#total += octets;
        if (this.#traffic !== undefined) this.#traffic.octetsOut += octets;
        if (!this.#stopped) this.#handler.onWritten(this.#total);
      }
      if (this.#ended && !this.#stopped) {
        this.#stopped = true;
        this.#handler.onAllWritten();
      }
    } catch (error) {
      if (!this.#stopped) {
        this.stop();
        this.#handler.onWriteFailed(error);
      }
    } finally {
      this.#busy = false;
      if (this.#stopped) this.#waiting.clear();
    }
  }
}
