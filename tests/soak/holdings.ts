/** What an edge holds: file descriptors by the kernel's account, resources and timers by the runtime's own. */

import { POOL_OCTETS } from "../../agent/lib/buffer_pool.ts";
import { openFiles, residentMiB } from "../bench/measure.ts";
import type { Process } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { type Tally, TALLY_MARK } from "./tally_mark.ts";

/** Flags of `deno` that make an edge answer {@link holdings}. */
export const TALLY_FLAGS: readonly string[] = [
  "--v8-flags=--expose-gc",
  "--preload",
  new URL("tally_preload.ts", import.meta.url).pathname,
];

/** How long an edge may take to give back what closed connections held, in ms. */
const SETTLE_MS = 10_000;

/** Live heap may differ by so much without anything having leaked: compiled code, caches; MiB. */
const HEAP_SLACK_MIB = 3;
/** The same for buffers: the pool may have filled since. */
const EXTERNAL_SLACK_MIB = POOL_OCTETS / 1024 / 1024 + 3;

/** What an edge holds. */
export interface Holdings {
  /** By kind; those of the kernel begin with `fd `. */
  readonly counts: Readonly<Record<string, number>>;
  /** Heap in use after a full collection. */
  readonly heapMiB: number;
  /** Buffers in use after it, which are not in the heap. */
  readonly externalMiB: number;
}

/** What `edge`, started with {@link TALLY_FLAGS}, holds now. */
export async function holdings(edge: Process): Promise<Holdings> {
  const seen = edge.output().length;
  edge.signal("SIGUSR2");
  const line = new RegExp(`${TALLY_MARK}(.*)\n`);
  await until(() => line.test(edge.output().slice(seen)));
  const { counts, heapMiB, externalMiB }: Tally = JSON.parse(line.exec(edge.output().slice(seen))?.[1] ?? "{}");
  const files = Object.entries(openFiles(edge.pid)).map(([kind, count]) => [`fd ${kind}`, count]);
  return { counts: { ...counts, ...Object.fromEntries(files) }, heapMiB, externalMiB };
}

/**
 * Each kind of which `edge` holds more than in `before`, after at most `settleMs`; empty when nothing leaked. What grows with
 * every connection, however little, is seen in the live heap.
 */
export async function leaksSince(edge: Process, before: Holdings, settleMs = SETTLE_MS): Promise<string[]> {
  const deadline = performance.now() + settleMs;
  for (;;) {
    const now = await holdings(edge);
    const leaks = Object.entries(now.counts).filter(([kind, count]) => count > (before.counts[kind] ?? 0))
      .map(([kind, count]) => `${edge.name}: ${kind} ${before.counts[kind] ?? 0} -> ${count}`);
    if (now.heapMiB > before.heapMiB + HEAP_SLACK_MIB) {
      leaks.push(`${edge.name}: live heap ${before.heapMiB.toFixed(1)} -> ${now.heapMiB.toFixed(1)} MiB`);
    }
    if (now.externalMiB > before.externalMiB + EXTERNAL_SLACK_MIB) {
      leaks.push(`${edge.name}: buffers ${before.externalMiB.toFixed(1)} -> ${now.externalMiB.toFixed(1)} MiB`);
    }
    if (leaks.length === 0 || performance.now() > deadline) return leaks;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What edges hold at the end, compared with an earlier account. */
export interface Account {
  /** One line per kind of thing of which an edge holds more than before. */
  readonly leaks: readonly string[];
  /** Heap in use after a full collection, in MiB, by edge. */
  readonly heap: Readonly<Record<string, { readonly before: number; readonly after: number }>>;
}

/** Compares `edges` with `before`, in the same order. */
export async function accountSince(edges: readonly Process[], before: readonly Holdings[]): Promise<Account> {
  const leaks: string[] = [];
  const heap: Record<string, { before: number; after: number }> = {};
  for (const [at, edge] of edges.entries()) {
    leaks.push(...await leaksSince(edge, before[at]));
    heap[edge.name] = { before: before[at].heapMiB, after: (await holdings(edge)).heapMiB };
  }
  return { leaks, heap };
}

/** Resident memory of processes over time. */
export class MemoryTrack {
  readonly #samples = new Map<string, number[]>();

  /** Takes one sample of each process. */
  sample(processes: readonly Process[]): void {
    for (const { name, pid } of processes) {
      const samples = this.#samples.get(name) ?? [];
      this.#samples.set(name, samples);
      samples.push(residentMiB(pid).now);
    }
  }

  /**
   * MiB between the second quarter of the samples and the last, by process. Caches and the heap fill in the first;
   * whatever leaks grows just the same ever after, while garbage, which comes and goes, is left out by the medians.
   */
  growth(): Record<string, number> {
    return this.#each((samples) => {
      const quarter = samples.length >>> 2;
      return median(samples.slice(-quarter || -1)) - median(samples.slice(quarter, quarter * 2 || 1));
    });
  }

  /** The newest sample in MiB, by process. */
  last(): Record<string, number> {
    return this.#each((samples) => samples[samples.length - 1]);
  }

  #each(figure: (samples: number[]) => number): Record<string, number> {
    return Object.fromEntries([...this.#samples].map(([name, samples]) => [name, figure(samples)]));
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >>> 1];
}
