/**
 * A first-in first-out queue of octets for bulk data: a chain of pooled blocks. Octets are copied in once and read as
 * views of one block at a time, so that a queue that grows moves nothing, and gives back what it has passed on.
 *
 * The caller bounds its size; the queue only reports it.
 */

import { giveBuffer, takeBuffer } from "./buffer_pool.ts";

/** Largest block, in octets. Small queues take small blocks: each new block is as large as what is queued already. */
const BLOCK_OCTETS = 64 * 1024;
const NOTHING = new Uint8Array(0);

interface Block {
  readonly buffer: Uint8Array<ArrayBuffer>;
  head: number;
  tail: number;
  next: Block | undefined;
}

/** Octets in order of arrival. */
export class BlockQueue {
  #first: Block | undefined;
  #last: Block | undefined;
  #size = 0;

  /** Octets in the queue. */
  get size(): number {
    return this.#size;
  }

  /** Appends a copy of `chunk`. */
  push(chunk: Uint8Array): void {
    let at = 0;
    const { length } = chunk;
    while (at < length) {
      let block = this.#last;
      if (block === undefined || block.tail === block.buffer.length) block = this.#append(length - at);
      const octets = Math.min(length - at, block.buffer.length - block.tail);
      block.buffer.set(at === 0 && octets === length ? chunk : chunk.subarray(at, at + octets), block.tail);
      block.tail += octets;
      this.#size += octets;
      at += octets;
    }
  }

  /** The first octets, as many as lie together; empty when the queue is. Valid until they are consumed. */
  front(): Uint8Array<ArrayBuffer> {
    const block = this.#first;
    return block === undefined ? NOTHING : block.buffer.subarray(block.head, block.tail);
  }

  /** Drops the first `octets`, which must be part of {@link BlockQueue.front}. */
  consume(octets: number): void {
    const block = this.#first;
    if (block === undefined) return;
    block.head += octets;
    this.#size -= octets;
    if (block.head < block.tail) return;
    this.#first = block.next;
    if (this.#first === undefined) this.#last = undefined;
    giveBuffer(block.buffer);
  }

  /** Forgets everything and gives the memory back. */
  clear(): void {
    for (let block = this.#first; block !== undefined; block = block.next) giveBuffer(block.buffer);
    this.#first = this.#last = undefined;
    this.#size = 0;
  }

  #append(octets: number): Block {
    const buffer = takeBuffer(Math.min(BLOCK_OCTETS, Math.max(octets, this.#size)));
    const block: Block = { buffer, head: 0, tail: 0, next: undefined };
    if (this.#last === undefined) this.#first = block;
    else this.#last.next = block;
    this.#last = block;
    return block;
  }
}
