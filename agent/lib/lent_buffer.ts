/**
 * Buffers that a reader fills and whose octets a queue may keep where they are, instead of copying them: behind a slow
 * peer most of what a router reads has to wait.
 *
 * A reader lends its buffer for the time of one call. Whoever keeps part of it counts as a holder; the reader, which sees
 * that, goes on with another buffer, and the last holder gives this one back to the pool.
 */

import { giveBuffer, takeBuffer } from "./buffer_pool.ts";

/** The buffer whose octets are being handed over at this moment. */
let lent: LentBuffer | undefined;

/** A pooled buffer and the number of those who need what is in it. */
export class LentBuffer {
  /** All of it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  #holders = 1;

  /** Takes a buffer of at least `octets` from the pool, held by the caller. */
  constructor(octets: number) {
    this.bytes = takeBuffer(octets);
  }

  /** True when others than the reader hold it, so that it must not be filled again. */
  get kept(): boolean {
    return this.#holders > 1;
  }

  /** Hands `piece`, a view of this buffer, to `use`; what is not kept by the time it returns may be overwritten. */
  lend<T>(piece: Uint8Array, use: (piece: Uint8Array) => T): T {
    const before = lent;
    lent = this;
    try {
      return use(piece);
    } finally {
      lent = before;
    }
  }

  /** One holder more. */
  keep(): void {
    this.#holders++;
  }

  /** One holder less; the last gives the buffer back. */
  release(): void {
    if (--this.#holders === 0) giveBuffer(this.bytes);
  }
}

/**
 * Keeps `piece` where it is, if it is being lent and fills at least half of its buffer: less would hold more memory than a
 * copy saves work. The caller releases what it gets; undefined means that it has to copy.
 */
export function keepLent(piece: Uint8Array): LentBuffer | undefined {
  const buffer = lent;
  if (buffer === undefined || piece.buffer !== buffer.bytes.buffer) return undefined;
  if (piece.length * 2 < buffer.bytes.length) return undefined;
  buffer.keep();
  return buffer;
}
