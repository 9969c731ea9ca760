/** What an edge takes when nothing happens, and how soon after its start it is part of the network. */

import { type Process, untilListening } from "../support/processes.ts";
import { residentMiB, spread } from "./measure.ts";

/** Time an edge gets to come to rest before its memory is read, in ms. */
const REST_MS = 2000;

/** Medians of several starts. */
export interface Footprint {
  /** From the start of the process until a port opens that opens only with a link and a consumer behind it. */
  readonly linkedMs: { readonly min: number; readonly median: number; readonly max: number };
  /** Resident memory at rest, in MiB. */
  readonly idleMiB: { readonly min: number; readonly median: number; readonly max: number };
}

/** Starts an edge `runs` times by `startEdge`; its listener is at `port`. */
export async function footprint(startEdge: () => Promise<Process>, port: number, runs: number): Promise<Footprint> {
  const linked: number[] = [];
  const idle: number[] = [];
  for (let run = 0; run < runs; run++) {
    const startedAt = performance.now();
    await using edge = await startEdge();
    await untilListening(port, edge);
    linked.push(performance.now() - startedAt);
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    idle.push(residentMiB(edge.pid).now);
  }
  return { linkedMs: spread(linked), idleMiB: spread(idle) };
}
