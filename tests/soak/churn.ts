/** Connections that come and go for minutes, in order and not: nothing of them may stay. */

import { withNetwork } from "../support/network.ts";
import { closeQuietly, connect, echo, readExactly, readToEnd, server, writeAll } from "../support/tcp.ts";
import { type Account, accountSince, type Holdings, holdings, MemoryTrack, TALLY_FLAGS } from "./holdings.ts";

/** Clients at a time. */
const CLIENTS = 16;
/** Every so many-th client leaves without a word, and with octets under way. */
const RUDE_EVERY = 4;
/** Octets that a client sends at most. */
const MOST_OCTETS = 200_000;
const SAMPLE_MS = 2000;
/** Length of the warm-up before anything is counted, in ms. */
const WARM_UP_MS = 5000;

/** What came of it, and what the edges hold afterwards compared with the end of the warm-up. */
export interface Churn extends Account {
  /** Connections that were opened, without the warm-up. */
  readonly connections: number;
  /** Orderly ones that did not get every octet back. */
  readonly failures: number;
  /** Resident memory of all processes in MiB: at the end, and how it grew. */
  readonly memory: { readonly last: Record<string, number>; readonly growth: Record<string, number> };
}

/** Churns for `minutes`, telling the state of things to `onSample`. */
export async function churn(
  minutes: number,
  onSample: (connections: number, memory: Record<string, number>) => void,
): Promise<Churn> {
  using target = server(echo);
  let account: Account = { leaks: [], heap: {} };
  const track = new MemoryTrack();
  let connections = 0;
  let failures = 0;
  await withNetwork({ echo: target.port }, async ({ ports, hub, west, east }) => {
    const edges = [west, east];
    const run = async (ms: number) => {
      const until = performance.now() + ms;
      const client = async () => {
        while (performance.now() < until) {
          const number = ++connections;
          if (!await visit(ports.echo, number % MOST_OCTETS, number % RUDE_EVERY === 0)) failures++;
        }
      };
      await Promise.all(Array.from({ length: CLIENTS }, client));
    };
    await run(WARM_UP_MS);
    connections = failures = 0;
    const before: Holdings[] = [];
    for (const edge of edges) before.push(await holdings(edge));
    const timer = setInterval(() => {
      track.sample([hub(), ...edges]);
      onSample(connections, track.last());
    }, SAMPLE_MS);
    try {
      await run(minutes * 60_000);
    } finally {
      clearInterval(timer);
    }
    track.sample([hub(), ...edges]);
    account = await accountSince(edges, before);
  }, { west: { flags: TALLY_FLAGS }, east: { flags: TALLY_FLAGS } });
  return { connections, failures, ...account, memory: { last: track.last(), growth: track.growth() } };
}

/** One connection that sends `octets`; false when it was orderly and they did not come back. */
async function visit(port: number, octets: number, rude: boolean): Promise<boolean> {
  const conn = await connect(port);
  try {
    if (rude) {
      await writeAll(conn, new Uint8Array(octets + 1));
      await readExactly(conn, 1);
      return true;
    }
    const sending = writeAll(conn, new Uint8Array(octets)).then(() => conn.closeWrite());
    const back = await readToEnd(conn);
    await sending;
    return back === octets;
  } catch {
    return rude;
  } finally {
    closeQuietly(conn);
  }
}
