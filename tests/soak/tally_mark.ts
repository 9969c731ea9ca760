/** What an edge says about itself, between its preloaded module and whoever asks. */

/** Begins the line. */
export const TALLY_MARK = "holds open: ";

/** The rest of the line, as JSON. */
export interface Tally {
  /** Resources, timers and handles by kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** Heap in use after a full collection. */
  readonly heapMiB: number;
  /** Buffers in use after it, which are not in the heap. */
  readonly externalMiB: number;
}
