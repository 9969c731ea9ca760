/** The head of a message that does not come in one piece. Each new piece may complete it, so that it is read again. */

import { ByteQueue } from "../lib/byte_queue.ts";

/** Octets read again and again, above which a head is read only once twice as much of it is there, or all of the message. */
const READ_OCTETS = 8 * 1024 * 1024;

/** See the head of the file. */
export class CollectedHead {
  readonly #queue = new ByteQueue();
  #read = 0;
  #next = 0;

  /** Adds the next octets. */
  push(piece: Uint8Array): void {
    this.#queue.push(piece);
  }

  /** All of it, valid until the next piece, if it is to be read now; `last`: no more of the message will come. */
  peek(last: boolean): Uint8Array | undefined {
    const { size } = this.#queue;
    if (!last && size < this.#next) return undefined;
    this.#read += size;
    if (this.#read > READ_OCTETS) this.#next = size * 2;
    return this.#queue.peek();
  }

  /** Forgets it. */
  clear(): void {
    this.#queue.clear();
  }
}
