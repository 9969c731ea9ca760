/**
 * What long bodies cost in the HTTP adaptors: CPU seconds per GB of all sites on the way together, against the same octets
 * over TCP on the same way. CPU seconds do not depend on who else uses the machine as much as speed does.
 */

import { run } from "../support/processes.ts";
import type { HttpGround } from "./http.ts";
import { cpuSeconds, spread } from "./measure.ts";
import { HTTP1, HTTP2, THROUGH_ADAPTOR, THROUGH_TCP } from "./report.ts";
import type { Body } from "./targets.ts";

/** Pairs of bodies, the first to go taking turns. */
const PAIRS = 7;
/** Time for one body, in ms. */
const LIMIT_MS = 120_000;
const WAYS = [THROUGH_ADAPTOR, THROUGH_TCP];
const DIRECTIONS = ["down", "up"] as const;

/** One protocol in one direction. */
export interface Bodies {
  readonly protocol: string;
  readonly direction: typeof DIRECTIONS[number];
  /** Octets of each body. */
  readonly octets: number;
  /** CPU seconds per GB, in each run. */
  readonly adaptor: readonly number[];
  readonly tcp: readonly number[];
  /** How much more the adaptor took in each pair: 0.01 is one per cent. */
  readonly extra: { readonly min: number; readonly median: number; readonly max: number };
}

/** Measures with `body`, which the servers of `ground` have, too. */
export async function bodies(ground: HttpGround, body: Body): Promise<Bodies[]> {
  const found: Bodies[] = [];
  for (const protocol of [HTTP1, HTTP2]) {
    for (const direction of DIRECTIONS) found.push(await compare(ground, body, protocol, direction));
  }
  return found;
}

async function compare(
  ground: HttpGround,
  body: Body,
  protocol: string,
  direction: Bodies["direction"],
): Promise<Bodies> {
  const cost: Record<string, number[]> = { [THROUGH_ADAPTOR]: [], [THROUGH_TCP]: [] };
  const once = async (way: string) => {
    const down = ground.subjects.find(({ name }) => name === way)!.ports[protocol];
    const port = direction === "down" ? down : ground.sinks[way][protocol];
    const used = () => ground.sites.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
    const before = used();
    await transfer(port, protocol, direction, body);
    return (used() - before) / (body.octets / 1e9);
  };
  for (const way of WAYS) await once(way); // V8 meets the load.
  for (let pair = 0; pair < PAIRS; pair++) {
    console.error(`bodies ${direction} in ${protocol}, pair ${pair + 1} of ${PAIRS}`);
    for (const way of pair % 2 === 0 ? WAYS : WAYS.toReversed()) cost[way].push(await once(way));
  }
  const { [THROUGH_ADAPTOR]: adaptor, [THROUGH_TCP]: tcp } = cost;
  const extra = spread(adaptor.map((value, pair) => value / tcp[pair] - 1));
  return { protocol, direction, octets: body.octets, adaptor, tcp, extra };
}

async function transfer(port: number, protocol: string, direction: Bodies["direction"], body: Body): Promise<void> {
  const version = protocol === HTTP1 ? "--http1.1" : "--http2-prior-knowledge";
  const what = direction === "down" ? [] : ["-T", body.file, "-H", "Expect:"];
  const said = ["-o", "/dev/null", "-w", `%{http_code} %{size_${direction}load}`];
  const args = ["-sS", version, ...what, ...said, `http://127.0.0.1:${port}/body`];
  const { code, stdout, stderr } = await run("curl", args, { limitMs: LIMIT_MS });
  if (code !== 0 || stdout !== `200 ${body.octets}`) throw new Error(`curl ${args.join(" ")}: ${stderr}${stdout}`);
}
