/**
 * Readers that stall: what their streams cost each process in memory, and the other streams in speed. A stalled reader
 * is sent octets without end and takes none of them, so that every buffer on the way fills.
 */

import { closeQuietly, connect, server, type TestServer, writeAll } from "../support/tcp.ts";
import { bulk } from "./load.ts";
import { residentMiB, spread } from "./measure.ts";
import type { Topology } from "./topology.ts";

/** Readers that stall. */
const STALLED = 8;
/** Streams that go on beside them. */
const MOVING = 4;
/**
 * Speed is measured so often before the stall and so often during it: a minute each when one takes the default of 3 s. The
 * longer streams move, the more memory one of their peaks has touched, so that both have to be of the same length.
 */
const RUNS = 20;
/** Time in which the buffers on the way fill, or a process comes to rest, in ms. */
const REST_MS = 2000;

/** What the stalled readers did to a topology. */
export interface Stalled {
  readonly streams: number;
  /** How long they stalled, in seconds. */
  readonly seconds: number;
  /** Bits per second of the moving streams together, before and while the others stalled; medians. */
  readonly rate: { readonly before: number; readonly during: number };
  /** What the moving streams kept of their speed, 0 to 1 and, by luck, beyond. */
  readonly kept: number;
  /** Resident MiB of each process, at rest after the moving streams ran alone, and at the end of the stall. */
  readonly memory: ReadonlyArray<{ readonly name: string; readonly before: number; readonly after: number }>;
  /** The most that one process grew by for each stalled stream, in MiB. */
  readonly growthPerStream: number;
  /** Stalled streams that were still open at the end; any other number than `streams` is a fault. */
  readonly open: number;
}

/** A target that sends to whoever connects, for as long as it is read. */
export function endlessSource(): TestServer {
  const block = new Uint8Array(256 * 1024);
  return server(async (conn) => {
    for (;;) await writeAll(conn, block);
  });
}

/** Measures `topology`, which leads to an iperf3 server as `iperf` and to {@link endlessSource} as `source`. */
export async function stalled({ ports, processes }: Topology, seconds: number): Promise<Stalled> {
  const memory = () => processes.map(({ pid }) => residentMiB(pid).now);
  const speed = () => bulk(ports.iperf, seconds, { streams: MOVING, reverse: true });
  const alone: number[] = [];
  for (let run = 0; run < RUNS; run++) alone.push(await speed());
  await rest();
  const before = memory();
  const began = performance.now();
  const readers = await Promise.all(Array.from({ length: STALLED }, () => connect(ports.source)));
  try {
    await rest();
    const beside: number[] = [];
    for (let run = 0; run < RUNS; run++) beside.push(await speed());
    await rest();
    const after = memory();
    const lasted = (performance.now() - began) / 1000;
    const alive = await Promise.all(readers.map((conn) => conn.read(new Uint8Array(1)).catch(() => null)));
    const rate = { before: spread(alone).median, during: spread(beside).median };
    return {
      streams: STALLED,
      seconds: lasted,
      rate,
      kept: rate.during / rate.before,
      memory: processes.map(({ name }, at) => ({ name, before: before[at], after: after[at] })),
      growthPerStream: Math.max(...after.map((value, at) => value - before[at])) / STALLED,
      open: alive.filter((octets) => octets === 1).length,
    };
  } finally {
    readers.forEach(closeQuietly);
  }
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS));
}
