/**
 * Buffers for bulk data that are lent out and given back, so that busy streams allocate nothing and idle ones hold
 * nothing. Sizes are powers of two.
 *
 * A buffer that is dropped while its like is about to be needed is worse than one too many: the engine counts the octets
 * of buffers made, and collects the whole heap each time that so many were, however few of them are still alive. So
 * nothing that comes back is refused; {@link trimUnused}, once in a while, drops what was not needed meanwhile.
 */

/** Smallest and largest pooled buffer, in octets; others are allocated and left to the garbage collector. */
const SMALLEST = 1024;
const LARGEST = 256 * 1024;
/** Octets that may lie unused in the pool for ever. */
export const POOL_OCTETS = 16 * 1024 * 1024;
/** How often a site trims the pool, in ms. */
export const TRIM_MS = 1000;

/** Unused buffers of one size. */
class Shelf {
  readonly size: number;
  readonly buffers: Uint8Array<ArrayBuffer>[] = [];
  /** Fewest buffers that lay here since the pool was last trimmed: so many were not needed. */
  fewest = 0;

  constructor(size: number) {
    this.size = size;
  }
}

const FIRST_PLACE = Math.clz32(SMALLEST);
/** By size; the smallest first. */
const shelves: readonly Shelf[] = Array.from(
  { length: FIRST_PLACE - Math.clz32(LARGEST) + 1 },
  (_, place) => new Shelf(SMALLEST << place),
);
let unused = 0;

/** A buffer of at least `octets`, with unspecified content. */
export function takeBuffer(octets: number): Uint8Array<ArrayBuffer> {
  const place = octets <= SMALLEST ? 0 : FIRST_PLACE - Math.clz32(octets - 1) + 1;
  if (place >= shelves.length) return new Uint8Array(SMALLEST * 2 ** place);
  const shelf = shelves[place]!;
  const buffer = shelf.buffers.pop();
  if (buffer === undefined) return new Uint8Array(shelf.size);
  unused -= shelf.size;
  if (shelf.buffers.length < shelf.fewest) shelf.fewest = shelf.buffers.length;
  return buffer;
}

/** Gives a buffer back; nobody may use it, or a view of it, afterwards. */
export function giveBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  const size = buffer.length;
  if (size < SMALLEST || size > LARGEST || (size & (size - 1)) !== 0) return;
  shelves[FIRST_PLACE - Math.clz32(size)]!.buffers.push(buffer);
  unused += size;
}

/**
 * Drops what nobody needed since the last call, the largest first and of each size the oldest, until no more than `keep`
 * octets lie unused.
 */
export function trimUnused(keep = POOL_OCTETS): void {
  for (const shelf of shelves.toReversed()) {
    const much = Math.ceil((unused - keep) / shelf.size);
    const dropped = Math.max(0, Math.min(shelf.fewest, much));
    shelf.buffers.splice(0, dropped);
    unused -= dropped * shelf.size;
    shelf.fewest = shelf.buffers.length;
  }
}
