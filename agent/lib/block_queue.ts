/**
 * A first-in first-out queue of octets for bulk data: a chain of pooled blocks. Octets are copied in once, or kept in the
 * buffer that they were read into, and read as views of one block at a time, so that a queue that grows moves nothing, and
 * gives back what it has passed on.
 *
 * The caller bounds its size; the queue only reports it.
 */

import { giveBuffer, takeBuffer } from "./buffer_pool.ts";
import { keepLent, type LentBuffer } from "./lent_buffer.ts";

/** Largest block, in octets. Small queues take small blocks: each new one is as large as what others of our own hold. */
const BLOCK_OCTETS = 64 * 1024;
const NOTHING = new Uint8Array(0);

interface Block {
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** The lender of `buffer`, if it is not our own. */
  readonly lent: LentBuffer | undefined;
  /** Where the block is full: ours at the end of the buffer, one that is lent behind what we keep. */
  readonly limit: number;
  head: number;
  tail: number;
  next: Block | undefined;
}

/** Octets in order of arrival. */
export class BlockQueue {
  #first: Block | undefined;
  #last: Block | undefined;
  #size = 0;
  /** Octets in blocks of our own. */
  #copied = 0;

  /** Octets in the queue. */
  get size(): number {
    return this.#size;
  }

  /**
   * Appends `chunk`, which may change afterwards: a copy is made of what is not kept in a {@link LentBuffer}. `ahead` octets are
   * likely to come with it: so many lie together, where a block holds them.
   */
  push(chunk: Uint8Array, ahead = 0): void {
    const { length } = chunk;
    const lent = keepLent(chunk);
    if (lent !== undefined) {
      const head = chunk.byteOffset;
      this.#append({ buffer: lent.bytes, lent, limit: head + length, head, tail: head + length, next: undefined });
      this.#size += length;
      return;
    }
    let at = 0;
    while (at < length) {
      let block = this.#last;
      if (block === undefined || block.tail === block.limit) {
        block = this.#append(this.#newBlock(Math.max(length - at, ahead)));
      }
      const octets = Math.min(length - at, block.limit - block.tail);
      block.buffer.set(at === 0 && octets === length ? chunk : chunk.subarray(at, at + octets), block.tail);
      block.tail += octets;
      this.#size += octets;
      this.#copied += octets;
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
    if (block.lent === undefined) this.#copied -= octets;
    if (block.head < block.tail) return;
    this.#first = block.next;
    if (this.#first === undefined) this.#last = undefined;
    giveBack(block);
  }

  /** Moves the first `octets`, of those in the queue, into `into` from `at` on. */
  moveTo(into: Uint8Array, at: number, octets: number): void {
    for (let left = octets; left > 0;) {
      const front = this.front();
      const piece = front.length <= left ? front : front.subarray(0, left);
      into.set(piece, at);
      at += piece.length;
      left -= piece.length;
      this.consume(piece.length);
    }
  }

  /** Forgets everything and gives the memory back. */
  clear(): void {
    for (let block = this.#first; block !== undefined; block = block.next) giveBack(block);
    this.#first = this.#last = undefined;
    this.#size = this.#copied = 0;
  }

  #newBlock(octets: number): Block {
    const buffer = takeBuffer(Math.min(BLOCK_OCTETS, Math.max(octets, this.#copied)));
    return { buffer, lent: undefined, limit: buffer.length, head: 0, tail: 0, next: undefined };
  }

  #append(block: Block): Block {
    if (this.#last === undefined) this.#first = block;
    else this.#last.next = block;
    this.#last = block;
    return block;
  }
}

function giveBack({ buffer, lent }: Block): void {
  if (lent === undefined) giveBuffer(buffer);
  else lent.release();
}
