/**
 * What WebAssembly costs in the path of TCP: two pairs of edges on one interior, alike but for the adaptor, carry the
 * same stream in turns. CPU seconds per GB do not depend on who else uses the machine as much as speed does.
 */

import { freePort } from "../support/ports.ts";
import { type Process, start, untilListening } from "../support/processes.ts";
import { edgeFolder } from "../support/site_folder.ts";
import { tendrilArgs } from "../support/tendril.ts";
import { bulk } from "./load.ts";
import { cpuSeconds, spread } from "./measure.ts";
import type { Ground } from "./topology.ts";

/** Pairs of runs, the first to go taking turns. */
const PAIRS = 9;
const KINDS = ["wasm", "native"] as const;

/** CPU seconds per GB of both edges together, in each run, and how much more WebAssembly took in each pair. */
export interface WasmCost {
  readonly wasm: readonly number[];
  readonly native: readonly number[];
  /** Relative: 0.01 is one per cent. */
  readonly extra: { readonly min: number; readonly median: number; readonly max: number };
}

interface Edges {
  readonly port: number;
  readonly processes: readonly Process[];
}

/**
 * Measures with runs of `seconds`, while the interior of `ground` runs; `ground` names the iperf3 server among its
 * targets.
 */
export async function wasmCost(ground: Ground, seconds: number): Promise<WasmCost> {
  const edges: Partial<Record<typeof KINDS[number], Edges>> = {};
  try {
    for (const kind of KINDS) edges[kind] = await startEdges(ground, kind);
    const cost = { wasm: [] as number[], native: [] as number[] };
    for (let pair = 0; pair < PAIRS; pair++) {
      console.error(`cost of WebAssembly, pair ${pair + 1} of ${PAIRS}`);
      for (const kind of pair % 2 === 0 ? KINDS : KINDS.toReversed()) {
        cost[kind].push(await perGigabyte(edges[kind]!, seconds));
      }
    }
    return { ...cost, extra: spread(cost.wasm.map((value, pair) => value / cost.native[pair] - 1)) };
  } finally {
    for (const { processes } of Object.values(edges)) await Promise.all(processes.map((process) => process.stop()));
  }
}

async function startEdges({ dir, hubs: [hub], targets }: Ground, kind: string): Promise<Edges> {
  const { port: target } = targets.find(({ key }) => key === "iperf")!;
  const key = `iperf-${kind}`;
  const port = freePort();
  const services = { west: { listeners: [{ key, port }] }, east: { connectors: [{ key, port: target }] } };
  const processes: Process[] = [];
  for (const [name, service] of Object.entries(services)) {
    const folder = `${dir}/${name}-${kind}`;
    await edgeFolder(folder, `${name}-${kind}`, hub, service);
    const script = new URL("./adaptor_edge.ts", import.meta.url).pathname;
    const args = tendrilArgs(["--ignore-env", "--allow-net", "--allow-read"], []).slice(0, -1);
    processes.push(start(`${name}-${kind}`, Deno.execPath(), [...args, script, folder, kind]));
  }
  await untilListening(port, processes[0]);
  return { port, processes };
}

async function perGigabyte({ port, processes }: Edges, seconds: number): Promise<number> {
  const used = () => processes.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
  const before = used();
  const bitsPerSecond = await bulk(port, seconds, { streams: 1, reverse: false });
  return (used() - before) / (bitsPerSecond / 8e9 * seconds);
}
