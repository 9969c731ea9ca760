/**
 * What has come of several messages at a time for an adaptor that takes of each only what its peer has a window for: the rest
 * waits here until the adaptor asks for it. A message holds up no other, and its own producer by what waits.
 */

import { BlockQueue } from "../lib/block_queue.ts";

/** Octets waiting for the socket above which nothing more is offered: they are as much as the socket needs to keep going. */
const SOCKET_OCTETS = 256 * 1024;

/** What the owner does. */
export interface HeldStreamsHandler {
  /** Octets waiting for the socket. */
  pending(): number;
  /** Offers octets of a stream to the adaptor: how many it took. `piece` is valid only during the call. */
  offer(stream: number, piece: Uint8Array): number;
  /** All of a stream was taken, and it is complete. */
  onEnd(stream: number): void;
}

interface Held {
  readonly queue: BlockQueue;
  /** The adaptor can take some. */
  wanted: boolean;
  ended: boolean;
}

/** See the head of the file. */
export class HeldStreams {
  readonly #handler: HeldStreamsHandler;
  readonly #held = new Map<number, Held>();
  /** Those of which the first octets are being offered. */
  readonly #begun = new Set<number>();
  #offering = false;
  #again = false;

  /** Nothing is held yet. */
  constructor(handler: HeldStreamsHandler) {
    this.#handler = handler;
  }

  /** Octets of `stream` that wait. */
  size(stream: number): number {
    return this.#held.get(stream)?.queue.size ?? 0;
  }

  /** Octets of `stream` have come. */
  push(stream: number, piece: Uint8Array): void {
    const held = this.#held.get(stream);
    if (held !== undefined) return held.queue.push(piece);
    const wanted = this.#handler.pending() > SOCKET_OCTETS;
    this.#begun.add(stream);
    const taken = wanted ? 0 : this.#handler.offer(stream, piece);
    const dropped = !this.#begun.delete(stream);
    if (dropped || taken === piece.length) return;
    const queue = new BlockQueue();
    queue.push(piece.subarray(taken));
    this.#held.set(stream, { queue, wanted, ended: false });
  }

  /** `stream` is complete. */
  end(stream: number): void {
    const held = this.#held.get(stream);
    if (held === undefined) this.#handler.onEnd(stream);
    else held.ended = true;
  }

  /** The adaptor can take some of `stream` again. */
  want(stream: number): void {
    const held = this.#held.get(stream);
    if (held !== undefined) held.wanted = true;
  }

  /** Nobody wants the rest of `stream`. */
  drop(stream: number): void {
    this.#begun.delete(stream);
    this.#held.get(stream)?.queue.clear();
    this.#held.delete(stream);
  }

  /** Nobody wants anything any more. */
  clear(): void {
    this.#begun.clear();
    for (const stream of [...this.#held.keys()]) this.drop(stream);
  }

  /** Offers what waits and is wanted, in turns, as long as the socket keeps up. */
  offer(): void {
    this.#again = true;
    // The adaptor may ask for more while it takes something.
    if (this.#offering) return;
    this.#offering = true;
    try {
      while (this.#again) {
        this.#again = false;
        for (const [stream, held] of [...this.#held]) this.#offerStream(stream, held);
      }
    } finally {
      this.#offering = false;
    }
  }

  #offerStream(stream: number, held: Held): void {
    if (!held.wanted || this.#held.get(stream) !== held || this.#handler.pending() > SOCKET_OCTETS) return;
    const piece = held.queue.front();
    // Asking again may be answered before this returns.
    held.wanted = false;
    const taken = this.#handler.offer(stream, piece);
    if (this.#held.get(stream) !== held) return;
    held.queue.consume(taken);
    if (taken === piece.length) held.wanted = true;
    if (held.queue.size > 0) {
      if (held.wanted) this.#again = true;
      // The others have their turn first: what all share, such as the window of the connection, may be used up by one.
      if (taken > 0) this.#moveBack(stream, held);
      return;
    }
    this.#held.delete(stream);
    if (held.ended) this.#handler.onEnd(stream);
  }

  #moveBack(stream: number, held: Held): void {
    this.#held.delete(stream);
    this.#held.set(stream, held);
  }
}
