/** The load that a topology is put under: real programs, started once per measurement. */

import { run } from "../support/processes.ts";

/** One run of `iperf3`. */
export interface Bulk {
  readonly streams: number;
  /** True when the server sends. */
  readonly reverse: boolean;
}

/** What one run of `wrk` or `h2load` found. */
export interface Requests {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Responses other than success, and socket errors. */
  readonly errors: number;
}

/** Clients of {@link pacedRequests}, and how many requests each sends per second: half of what the C router can do. */
const PACED_CLIENTS = 16;
const PACED_REQUESTS = 625;
/** Connections of {@link http2Requests}, and requests under way on all of them together. */
const HTTP2_CLIENTS = 4;
const HTTP2_STREAMS = 100;
/** New connections in every ms of {@link pacedConnections}. */
const PACED_CONNECTIONS = 2;

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

/** Keep-alive requests at a rate that every subject can serve: only so can their latencies be compared. */
export function pacedRequests(port: number, seconds: number): Promise<Requests> {
  const rate = ["-c", `${PACED_CLIENTS}`, "--rps", `${PACED_REQUESTS}`, "-D", `${seconds}`];
  return h2load(port, seconds, ["--h1", "-m1", ...rate]);
}

/** Connections for one request each, at a rate that every subject can serve. */
export function pacedConnections(port: number, seconds: number): Promise<Requests> {
  const count = `${seconds * 1000 * PACED_CONNECTIONS}`;
  const rate = ["-n", count, "-c", count, "-r", `${PACED_CONNECTIONS}`, "--rate-period", "1ms"];
  return h2load(port, seconds, ["--h1", "-m1", ...rate]);
}

/** Requests in HTTP/2, with prior knowledge, as many as there can be. */
export function http2Requests(port: number, seconds: number): Promise<Requests> {
  const streams = HTTP2_STREAMS / HTTP2_CLIENTS;
  return h2load(port, seconds, ["-c", `${HTTP2_CLIENTS}`, "-m", `${streams}`, "-D", `${seconds}`]);
}

async function h2load(port: number, seconds: number, flags: readonly string[]): Promise<Requests> {
  const log = await Deno.makeTempFile({ prefix: "tendril-bench-" });
  try {
    const { code, stdout, stderr } = await run(
      "h2load",
      ["-t1", `--log-file=${log}`, ...flags, `http://127.0.0.1:${port}/`],
      { limitMs: (seconds + 20) * 1000 },
    );
    if (code !== 0) throw new Error(`h2load: ${stderr}${stdout}`);
    // One line per request: when it began in us, its status, how long it took in us.
    const lines = (await Deno.readTextFile(log)).trimEnd().split("\n").map((line) => line.split("\t").map(Number));
    const took = lines.filter(([, status]) => status === 200).map(([, , us]) => us / 1000).sort((a, b) => a - b);
    const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? NaN;
    // Whoever got another status, and whoever got none.
    const [failed] = /(\d+) failed/.exec(stdout)?.slice(1).map(Number) ?? [NaN];
    return {
      perSecond: took.length / seconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      errors: failed,
    };
  } finally {
    await Deno.remove(log);
  }
}

function latency(output: string, percentile: string): number {
  const [, value, unit] = new RegExp(`\\s${percentile}\\s+([\\d.]+)(us|ms|s)`).exec(output) ?? [];
  return Number(value) * (unit === "us" ? 0.001 : unit === "s" ? 1000 : 1);
}
