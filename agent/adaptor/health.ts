/**
 * How a plugin behaves: counts what its instances do wrong, and keeps it from new connections when that happens too often.
 *
 * In: faults. Out: the reason for which a new connection is refused, if there is one. Connections that are open stay. When
 * a quarantine is over, one more fault within the window brings the next, twice as long.
 */

import { AdaptorError, type AdaptorErrorCode } from "./adaptor_error.ts";

/** Faults within {@link FAULT_WINDOW_MS} that lead to quarantine. */
export const MAX_FAULTS = 5;
/** How long a fault is remembered, in ms. */
export const FAULT_WINDOW_MS = 60_000;
/** The first quarantine, in ms; each that follows within {@link FAULT_WINDOW_MS} of the last is twice as long. */
export const QUARANTINE_MS = 10_000;
/** The longest, in ms. */
export const MAX_QUARANTINE_MS = 600_000;

/** What only a module can do wrong, whatever its client, its server or this host does. */
const FAULTS: readonly AdaptorErrorCode[] = [
  "ADAPTOR_TRAP",
  "ADAPTOR_FUEL",
  "ADAPTOR_RECORD",
  "ADAPTOR_ORDER",
  "ADAPTOR_CONSUMED",
  "ADAPTOR_OUTPUT",
  "ADAPTOR_RUNAWAY",
  "ADAPTOR_STATUS",
];

/** Hears of a fault; `quarantined` tells that it was the one too many. */
export type FaultListener = (error: AdaptorError, quarantined: boolean) => void;

/** How a plugin behaves, for those who stand on it. */
export interface AdaptorHealth {
  /** Faults since the plugin was loaded. */
  readonly faults: number;
  /** The latest of them. */
  readonly lastFault: AdaptorError | undefined;
  /** Why no new connection may use the plugin now; undefined when it may. */
  refusal(): AdaptorError | undefined;
  /** Calls `listener` after every fault; the result ends that. */
  onFault(listener: FaultListener): () => void;
}

/** See the head of the file. */
export class PluginHealth implements AdaptorHealth {
  readonly #name: string;
  readonly #now: () => number;
  readonly #listeners = new Set<FaultListener>();
  /** When the latest faults were, at most {@link MAX_FAULTS}. */
  #recent: number[] = [];
  #until = -Infinity;
  #length = 0;
  #total = 0;
  #last: AdaptorError | undefined;

  /** Of the plugin `name`; `now` is a clock in ms that never goes back. */
  constructor(name: string, now: () => number) {
    this.#name = name;
    this.#now = now;
  }

  /** Faults since the plugin was loaded. */
  get faults(): number {
    return this.#total;
  }

  /** The latest of them. */
  get lastFault(): AdaptorError | undefined {
    return this.#last;
  }

  /** Why no new connection may use the plugin now; undefined when it may. */
  refusal(): AdaptorError | undefined {
    if (this.#now() >= this.#until) return undefined;
    const what = `adaptor ${this.#name} is quarantined after ${this.#total} faults, the last: ${this.#last?.message}`;
    return new AdaptorError("ADAPTOR_QUARANTINED", what, {
      cause: this.#last,
      hint: "Replace the plugin; it is tried again after a while.",
    });
  }

  /** An instance has failed; what is not the module's own doing does not count. */
  failed(error: AdaptorError): void {
    if (!FAULTS.includes(error.code)) return;
    const now = this.#now();
    this.#total++;
    this.#last = error;
    this.#recent = [...this.#recent.filter((at) => now - at < FAULT_WINDOW_MS), now].slice(-MAX_FAULTS);
    const onProbation = this.#length > 0 && now - this.#until < FAULT_WINDOW_MS;
    const quarantined = now >= this.#until && (onProbation || this.#recent.length === MAX_FAULTS);
    if (quarantined) {
      this.#length = onProbation ? Math.min(this.#length * 2, MAX_QUARANTINE_MS) : QUARANTINE_MS;
      this.#until = now + this.#length;
    }
    for (const listener of [...this.#listeners]) listener(error, quarantined);
  }

  /** Calls `listener` after every fault; the result ends that. */
  onFault(listener: FaultListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
