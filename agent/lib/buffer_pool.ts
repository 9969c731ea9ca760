/**
 * Buffers for bulk data that are lent out and given back, so that busy streams allocate nothing and idle ones hold
 * nothing. Sizes are powers of two.
 */

/** Smallest and largest pooled buffer, in octets; others are allocated and left to the garbage collector. */
const SMALLEST = 1024;
const LARGEST = 256 * 1024;
/** Octets that may lie unused in the pool: what the backlog of a busy router varies by. */
export const POOL_OCTETS = 16 * 1024 * 1024;

const shelves = new Map<number, Uint8Array<ArrayBuffer>[]>();
let stored = 0;

/** A buffer of at least `octets`, with unspecified content. */
export function takeBuffer(octets: number): Uint8Array<ArrayBuffer> {
  let size = SMALLEST;
  while (size < octets) size *= 2;
  const buffer = shelves.get(size)?.pop();
  if (buffer === undefined) return new Uint8Array(size);
  stored -= size;
  return buffer;
}

/** Gives a buffer back; nobody may use it, or a view of it, afterwards. */
export function giveBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  const size = buffer.length;
  if (size < SMALLEST || size > LARGEST || stored + size > POOL_OCTETS || (size & (size - 1)) !== 0) return;
  stored += size;
  const shelf = shelves.get(size);
  if (shelf === undefined) shelves.set(size, [buffer]);
  else shelf.push(buffer);
}
