/**
 * A ceiling of memory that sheds load by rule. Ten times a second what is in use is compared with it: above 85 % nothing new
 * is let in, above 95 % the streams with the most octets waiting are ended, below 75 % all is as before. What is in use
 * comes in as numbers: no word of the system is asked here.
 */

import { trimUnused } from "../lib/buffer_pool.ts";
import { type Clock, every } from "../lib/clock.ts";
import type { Logger } from "../telemetry/log.ts";
import { type Downstream, FAILED, type Upstream } from "./flow.ts";

/** Between two looks, in ms: streams whose readers stall can fill hundreds of MiB in a second. */
const LOOK_MS = 100;
/** Share of the ceiling above which nothing new is let in. */
const REFUSE_ABOVE = 0.85;
/** Share above which streams are ended. */
const END_ABOVE = 0.95;
/** Share below which everything is let in again. */
const ACCEPT_BELOW = 0.75;
/** Octets that a stream must have waiting to be worth ending. */
const WORTH_OCTETS = 16 * 1024;
/**
 * Looks in a row with less than {@link ACCEPT_BELOW} alive, after which what is resident and not alive counts as free, too.
 * Less than {@link REFUSE_ABOVE} is enough where it would be no less without the streams: what a program has in use at rest
 * must not keep all out for good.
 */
const REST_LOOKS = 50;

/** What the process uses, in octets. */
export interface MemoryUse {
  /** What the system counts. */
  readonly resident: number;
  /** What is alive of it, as far as the engine knows; the program itself included. */
  readonly live: number;
  /** Of the engine's heap. */
  readonly heap: number;
  /** What the engine's heap can grow to, beyond which the process ends. */
  readonly heapLimit: number;
}

/** How it is. */
export interface MemoryStatus {
  /** The ceiling in octets. */
  readonly limit: number;
  /** What is in use, in octets. */
  readonly used: number;
  /** `refusing`: nothing new is let in. */
  readonly state: "accepting" | "refusing";
  /** Connections and streams that were not let in so far. */
  readonly refused: number;
  /** Streams that were ended so far. */
  readonly ended: number;
}

/** One stream in flight, for as long as somebody else knows it. */
interface Watched {
  readonly downstream: WeakRef<Downstream>;
  readonly upstream: WeakRef<Upstream>;
}

/** One stream, and the octets that wait in it. */
interface Waiting {
  readonly downstream: Downstream;
  readonly upstream: Upstream;
  readonly octets: number;
}

/** See the head of the file. */
export class MemoryCeiling {
  readonly #limit: number;
  readonly #measure: () => MemoryUse;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  readonly #stop: () => void;
  #streams: Watched[] = [];
  #used = 0;
  #refusing = false;
  #refused = 0;
  #ended = 0;
  /** Octets that waited in streams when we last looked, and what was resident. */
  #queued = 0;
  #resident = 0;
  /** What is resident when nothing waits. */
  readonly #idle: number;
  /** What an octet that waits costs: buffers are not full, and each stream has objects of its own. */
  #cost = 1;
  /**
   * Resident octets that count as free. The allocator keeps what streams give back, and what comes next takes it from
   * there: the system never sees it go.
   */
  #kept = 0;
  #restLooks = 0;

  /** Looks at `measure` by `clock` until {@link MemoryCeiling.stop}; `limit` in octets. */
  constructor(limit: number, measure: () => MemoryUse, clock: Clock, logger: Logger, onChange: () => void) {
    this.#limit = limit;
    this.#measure = measure;
    this.#logger = logger;
    this.#onChange = onChange;
    this.#idle = measure().resident;
    this.#stop = every(clock, LOOK_MS, () => this.#look());
  }

  /** True while nothing new is let in. */
  get refusing(): boolean {
    return this.#refusing;
  }

  /** Asked where something new comes: true when it is not let in, which is counted. */
  refuses(): boolean {
    if (this.#refusing) this.#refused++;
    return this.#refusing;
  }

  /** A stream has begun that may have to be ended. */
  watch(downstream: Downstream, upstream: Upstream): void {
    this.#streams.push({ downstream: new WeakRef(downstream), upstream: new WeakRef(upstream) });
  }

  /** A snapshot. */
  status(): MemoryStatus {
    const state = this.#refusing ? "refusing" : "accepting";
    return { limit: this.#limit, used: this.#used, state, refused: this.#refused, ended: this.#ended };
  }

  /** Looks no more. */
  stop(): void {
    this.#stop();
  }

  #look(): void {
    if (this.#refusing) trimUnused(0);
    const { resident, live, heap, heapLimit } = this.#measure();
    const streams = this.#waiting();
    this.#account(resident, streams.reduce((sum, { octets }) => sum + octets, 0));
    const heapShare = heap / heapLimit;
    const empty = Math.max((live - this.#cost * this.#queued) / this.#limit, heapShare);
    const enough = empty < ACCEPT_BELOW ? ACCEPT_BELOW : REFUSE_ABOVE;
    const rests = this.#refusing && Math.max(live / this.#limit, heapShare) < enough;
    this.#restLooks = rests ? this.#restLooks + 1 : 0;
    const rested = this.#restLooks >= REST_LOOKS;
    if (rested) this.#kept = Math.max(this.#kept, resident - live);
    this.#used = Math.round(resident - this.#kept);
    const share = Math.max(this.#used / this.#limit, heapShare);
    if (!this.#refusing && share > REFUSE_ABOVE) this.#become(true);
    else if (this.#refusing && share < (rested ? enough : ACCEPT_BELOW)) this.#become(false);
    const over = Math.max(this.#used - END_ABOVE * this.#limit, heap - END_ABOVE * heapLimit);
    // Down to where nothing new is let in, so that the next ones are not ended for a little more.
    if (over > 0) this.#endSome(streams, over + (END_ABOVE - REFUSE_ABOVE) * this.#limit);
  }

  /** What streams gave back and the system still counts is kept; what they take and it does not count comes from there. */
  #account(resident: number, queued: number): void {
    const given = this.#cost * (this.#queued - queued);
    const unseen = resident - this.#resident + given;
    this.#kept = Math.max(0, this.#kept + (unseen < 0 ? unseen : Math.min(unseen, Math.max(0, given))));
    this.#queued = queued;
    this.#resident = resident;
    if (queued > this.#idle) this.#cost = Math.max(1, (resident - this.#kept - this.#idle) / queued);
  }

  /** The streams that are still known to anybody, with the octets that wait in them; forgets the others. */
  #waiting(): Waiting[] {
    const found: Waiting[] = [];
    this.#streams = this.#streams.filter((stream) => {
      const [downstream, upstream] = [stream.downstream.deref(), stream.upstream.deref()];
      if (downstream === undefined || upstream === undefined) return false;
      found.push({ downstream, upstream, octets: downstream.queued ?? downstream.pending });
      return true;
    });
    return found;
  }

  #become(refusing: boolean): void {
    this.#refusing = refusing;
    const fields = { used: this.#used, limit: this.#limit, refused: this.#refused, ended: this.#ended };
    if (refusing) {
      const next = "See what is connected, or allow more with --max-memory.";
      this.#logger.warn("memory is short: nothing new is let in", { ...fields, next });
    } else this.#logger.info("memory is there again: everything is let in", fields);
    this.#onChange();
  }

  /** Ends those of `streams` with the most octets waiting, until these cost `memory`, in octets. */
  #endSome(streams: readonly Waiting[], memory: number): void {
    const worth = streams.filter(({ octets }) => octets >= WORTH_OCTETS).sort((one, other) =>
      other.octets - one.octets
    );
    let [ended, octets] = [0, 0];
    for (const stream of worth) {
      if (octets * this.#cost >= memory) break;
      octets += stream.octets;
      ended++;
      stream.upstream.consumerState(FAILED, true);
      stream.downstream.abort();
    }
    if (ended === 0) return;
    this.#ended += ended;
    // A write that is under way may keep its octets until after the next look: nobody is ended twice.
    const gone = new Set(worth.slice(0, ended).map(({ downstream }) => downstream));
    this.#streams = this.#streams.filter(({ downstream }) => !gone.has(downstream.deref()!));
    this.#logger.warn("memory is short: the streams with most octets waiting were ended", {
      streams: ended,
      octets,
      used: this.#used,
      limit: this.#limit,
    });
    this.#onChange();
  }
}
