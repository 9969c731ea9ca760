/** The load that a topology is put under: real programs, started once per measurement. */

import { run } from "../support/processes.ts";

/** One run of `iperf3`. */
export interface Bulk {
  readonly streams: number;
  /** True when the server sends. */
  readonly reverse: boolean;
}

/** What one run of `wrk` found. */
export interface Requests {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Responses other than success, and socket errors. */
  readonly errors: number;
}

/** Time the iperf3 server needs between two tests, in ms. */
const SETTLE_MS = 300;

/** Bits per second through `port`, as the receiver counted them. */
export async function bulk(port: number, seconds: number, { streams, reverse }: Bulk): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const args = ["-c", "127.0.0.1", "-p", `${port}`, "-t", `${seconds}`, "-P", `${streams}`, "-J"];
  const { code, stdout, stderr } = await run("iperf3", reverse ? [...args, "-R"] : args, {
    limitMs: (seconds + 20) * 1000,
  });
  if (code !== 0) throw new Error(`iperf3: ${stderr || stdout.slice(0, 500)}`);
  const { end, error } = JSON.parse(stdout);
  // A test that the server refuses, as it does while the last one is still being cleared away, ends without sums.
  if (error !== undefined || end.sum_received === undefined) throw new Error(`iperf3: ${error}`);
  return end.sum_received.bits_per_second;
}

/** Requests through `port`; `keepAlive` false opens a connection for every request. */
export async function requests(port: number, seconds: number, keepAlive: boolean): Promise<Requests> {
  const header = keepAlive ? [] : ["-H", "Connection: close"];
  const { code, stdout, stderr } = await run(
    "wrk",
    ["-t1", "-c16", `-d${seconds}s`, "--latency", ...header, `http://127.0.0.1:${port}/`],
    { limitMs: (seconds + 20) * 1000 },
  );
  if (code !== 0) throw new Error(`wrk: ${stderr}${stdout}`);
  const errors = [...stdout.matchAll(/(?:connect|read|write|timeout|responses:) (\d+)/g)];
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? NaN),
    p50Ms: latency(stdout, "50%"),
    p99Ms: latency(stdout, "99%"),
    errors: errors.reduce((sum, [, count]) => sum + Number(count), 0),
  };
}

function latency(output: string, percentile: string): number {
  const [, value, unit] = new RegExp(`\\s${percentile}\\s+([\\d.]+)(us|ms|s)`).exec(output) ?? [];
  return Number(value) * (unit === "us" ? 0.001 : unit === "s" ? 1000 : 1);
}
