/**
 * A first-in first-out queue of octets in one contiguous, growing buffer: for what must be read as a whole, such as the
 * head of a message that arrives in pieces. What only passes through waits in a {@link ./block_queue.ts BlockQueue}.
 *
 * Bytes are copied in once, read as views, and the memory is given back as soon as the queue runs empty. The caller
 * bounds its size; the queue only reports it.
 */

import { giveBuffer, takeBuffer } from "./buffer_pool.ts";

/** A buffer up to this size is kept while the queue is empty, so that short waits allocate nothing. */
const KEPT_OCTETS = 4096;
const NOTHING = new Uint8Array(0);

/** Octets in order of arrival. */
export class ByteQueue {
  #buffer: Uint8Array<ArrayBuffer> = NOTHING;
  #head = 0;
  #tail = 0;

  /** Octets in the queue. */
  get size(): number {
    return this.#tail - this.#head;
  }

  /** Appends a copy of `chunk`. */
  push(chunk: Uint8Array): void {
    this.#makeRoom(chunk.length);
    this.#buffer.set(chunk, this.#tail);
    this.#tail += chunk.length;
  }

  /** Everything in the queue as one view, valid until the next call that changes the queue. */
  peek(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(this.#head, this.#tail);
  }

  /** Drops the first `octets`. */
  consume(octets: number): void {
    this.#head += octets;
    if (this.#head >= this.#tail) this.#release(this.#buffer.length > KEPT_OCTETS);
  }

  /** A copy of everything, taken out. */
  takeAll(): Uint8Array<ArrayBuffer> {
    const all = this.peek().slice();
    this.clear();
    return all;
  }

  /** Forgets everything and gives the memory back. */
  clear(): void {
    this.#release(true);
  }

  #release(all: boolean): void {
    this.#head = this.#tail = 0;
    if (!all) return;
    giveBuffer(this.#buffer);
    this.#buffer = NOTHING;
  }

  #makeRoom(octets: number): void {
    const buffer = this.#buffer;
    if (this.#tail + octets <= buffer.length) return;
    const size = this.size;
    // Moving costs a copy of what is queued: worth it only while at least half of the buffer is free.
    if (size + octets <= buffer.length >>> 1) {
      buffer.copyWithin(0, this.#head, this.#tail);
    } else {
      const grown = takeBuffer(Math.max(size + octets, buffer.length * 2));
      grown.set(buffer.subarray(this.#head, this.#tail));
      giveBuffer(buffer);
      this.#buffer = grown;
    }
    this.#head = 0;
    this.#tail = size;
  }
}
