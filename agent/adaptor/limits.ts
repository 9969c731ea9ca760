/** What an adaptor may use. Every number is repeated, with its reason, in `docs/reference/adaptor-abi.md`. */

/** Bounds of a module and of each of its instances. */
export interface AdaptorLimits {
  /** Octets of a module as distributed. */
  readonly moduleOctets: number;
  /** Pages of 64 KiB that a module's memory may declare as its maximum. */
  readonly memoryPages: number;
  /** Entries that a module's table may declare as its maximum. */
  readonly tableEntries: number;
  /** Instructions that a module may execute for one input, and when it is instantiated. */
  readonly fuel: number;
  /** Octets of output for one input. */
  readonly outputOctets: number;
  /** Actions for one input. */
  readonly outputActions: number;
  /** Calls of `drain` for one input: how often a module may say MORE. */
  readonly drainRounds: number;
  /** Streams that one instance may have open as their writer. */
  readonly openStreams: number;
}

/** The limits every adaptor gets. */
export const defaultLimits: AdaptorLimits = {
  moduleOctets: 1 << 20,
  memoryPages: 16,
  tableEntries: 1024,
  fuel: 40_000_000,
  outputOctets: 256 * 1024,
  outputActions: 4096,
  drainRounds: 64,
  openStreams: 1024,
};

/** Bounds that are part of the format, the same for every module. */
export const formatLimits = {
  /** Smallest input and output buffer. */
  bufferOctets: 4096,
  /** Application properties of one head. */
  headProperties: 256,
  /** Octets of a property's key. */
  headKeyOctets: 1024,
  /** Octets of the text of a LOG, ERROR or CLOSE record. */
  textOctets: 1024,
  /** Octets of the name of a METRIC. */
  metricNameOctets: 128,
  /** Messages of one connection at a time. */
  concurrent: 1000,
  /** Octets of the description. */
  describeOctets: 4096,
} as const;
