/** Kills the interior in the middle of streams, again and again: clients must be closed, service return, nothing leak. */

import { type Network, withNetwork } from "../support/network.ts";
import { untilListening } from "../support/processes.ts";
import { closeQuietly, connect, echo, readExactly, readToEnd, server, writeAll } from "../support/tcp.ts";
import { type Account, accountSince, type Holdings, holdings, MemoryTrack, TALLY_FLAGS } from "./holdings.ts";

/** Streams that are busy when the interior dies. */
const BUSY_STREAMS = 6;
/** Streams that rest when the interior dies. */
const RESTING_STREAMS = 2;
/** Cycles after which pools and caches are as full as they get. */
const WARM_UP_CYCLES = 2;
/** A client must not wait for any time-out, the shortest of which is longer than this; ms. */
export const CLOSED_LIMIT_MS = 3000;
/** How soon service must be back once the interior is, ms. */
export const BACK_LIMIT_MS = 5000;
/** When to stop waiting for service, ms. */
const GIVE_UP_MS = 30_000;

/** What one kill cost. */
export interface KillCycle {
  /** From the kill until the last client was closed, ms. */
  readonly closedMs: number;
  /** From the moment the interior accepted edges again until a new client had its echo, ms. */
  readonly backMs: number;
}

/** All cycles, and what the edges hold afterwards compared with the end of the warm-up. */
export interface KillSoak extends Account {
  readonly cycles: readonly KillCycle[];
  /** Resident memory of the edges in MiB: at the end, and how it grew. */
  readonly memory: { readonly last: Record<string, number>; readonly growth: Record<string, number> };
}

/** Runs `count` cycles after the warm-up, telling each to `onCycle`. */
export async function soakKills(
  count: number,
  onCycle: (cycle: KillCycle, number: number, memory: Record<string, number>) => void,
): Promise<KillSoak> {
  using target = server(echo);
  const cycles: KillCycle[] = [];
  let account: Account = { leaks: [], heap: {} };
  const track = new MemoryTrack();
  await withNetwork({ echo: target.port }, async (network) => {
    const edges = [network.west, network.east];
    for (let cycle = 0; cycle < WARM_UP_CYCLES; cycle++) await killOnce(network);
    const before: Holdings[] = [];
    for (const edge of edges) before.push(await holdings(edge));
    for (let number = 1; number <= count; number++) {
      const cycle = await killOnce(network);
      cycles.push(cycle);
      track.sample(edges);
      onCycle(cycle, number, track.last());
    }
    account = await accountSince(edges, before);
  }, { west: { flags: TALLY_FLAGS }, east: { flags: TALLY_FLAGS } });
  return { cycles, ...account, memory: { last: track.last(), growth: track.growth() } };
}

async function killOnce(network: Network): Promise<KillCycle> {
  const { ports, hubFolder: { edgePort } } = network;
  const clients = await Promise.all(
    Array.from({ length: BUSY_STREAMS + RESTING_STREAMS }, async (_, at) => {
      const conn = await connect(ports.echo);
      await writeAll(conn, new Uint8Array(1000));
      if (!await readExactly(conn, 1000)) throw new Error("a client lost its stream before the interior was killed");
      const closed = readToEnd(conn).catch(() => 0);
      return { conn, closed, busy: at < BUSY_STREAMS ? keepWriting(conn) : Promise.resolve() };
    }),
  );
  const killedAt = performance.now();
  network.hub().signal("SIGKILL");
  await Promise.all(clients.map(({ closed }) => closed));
  const closedMs = performance.now() - killedAt;
  for (const { conn } of clients) closeQuietly(conn);
  await Promise.all(clients.map(({ busy }) => busy));
  await network.hub().ended;
  network.startHub();
  await untilListening(edgePort, network.hub(), GIVE_UP_MS);
  const returnedAt = performance.now();
  while (!await echoes(ports.echo)) {
    if (performance.now() - returnedAt > GIVE_UP_MS) throw new Error("service does not come back");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return { closedMs, backMs: performance.now() - returnedAt };
}

/** Writes until the connection is gone. */
async function keepWriting(conn: Deno.Conn): Promise<void> {
  const block = new Uint8Array(64 * 1024);
  try {
    for (;;) await writeAll(conn, block);
  } catch {
    // That is how it ends.
  }
}

/** Whether a new client is served. */
async function echoes(port: number): Promise<boolean> {
  const conn = await connect(port).catch(() => undefined);
  if (conn === undefined) return false;
  try {
    await writeAll(conn, new Uint8Array([1, 2, 3]));
    return await readExactly(conn, 3);
  } catch {
    return false;
  } finally {
    closeQuietly(conn);
  }
}
