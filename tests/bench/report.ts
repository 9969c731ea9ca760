/** Turns samples into medians, ratios and a table. */

import type { Bodies } from "./bodies.ts";
import type { Footprint } from "./footprint.ts";
import type { Sample } from "./main.ts";
import { spread } from "./measure.ts";
import type { ControlLatency, RoundTrips } from "./control.ts";
import type { Hostile } from "./hostile.ts";
import type { RoutingScale } from "./routing_scale.ts";
import type { Stalled } from "./stalled.ts";
import type { WasmCost } from "./wasm_cost.ts";

/** One load under one subject. */
export interface Row {
  readonly load: string;
  readonly subject: string;
  readonly rate: { readonly min: number; readonly median: number; readonly max: number };
  /** Medians of the latency percentiles, for requests. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Sum over all runs. */
  readonly errors: number;
  /** Median CPU seconds of each process. */
  readonly cpuSeconds: readonly number[];
}

/** Loads at a rate that every subject can serve. */
export const PACED_REQUESTS = "paced requests";
export const PACED_CONNECTIONS = "paced connections";

/** Requests in HTTP/1 with keep-alive, and in HTTP/2, through an adaptor and what it is compared with. */
export const HTTP1 = "http1";
export const HTTP2 = "http2";
/** The subjects of these loads. */
export const THROUGH_ADAPTOR = "adaptor";
export const THROUGH_TCP = "tcp";
export const THROUGH_NGINX = "nginx proxy";

/** Ours over the C router's. */
export interface Ratios {
  /** Per second: more is better. */
  readonly throughput: number;
  readonly requests: number;
  readonly connections: number;
  /** The 99th percentile of the time that a request takes at the same load: less is better. */
  readonly requestsP99: number;
  readonly connectionsP99: number;
}

/** The HTTP adaptors over what they are compared with. */
export interface HttpRatios {
  /** Requests per second: more is better. */
  readonly http1OverTcp: number;
  readonly http1OverNginx: number;
  readonly http2OverTcp: number;
  readonly http2OverNginx: number;
  /** The 99th percentile of the time that a request takes when each is as busy as it can be: less is better. */
  readonly http1P99OverTcp: number;
  readonly http1P99OverNginx: number;
  readonly http2P99OverTcp: number;
  readonly http2P99OverNginx: number;
}

/** Everything that the samples say. */
export interface Summary {
  /** Those to the C router are absent without one, the others without loads of HTTP. */
  readonly ratios: Partial<Ratios & HttpRatios>;
  readonly rows: readonly Row[];
}

/** Medians of all samples; throughput is the worst of its four loads. */
export function summarize(samples: readonly Sample[]): Summary {
  const rows: Row[] = [];
  for (const load of new Set(samples.map((sample) => sample.load))) {
    for (const subject of new Set(samples.map((sample) => sample.subject))) {
      const same = samples.filter((sample) => sample.load === load && sample.subject === subject);
      if (same.length > 0) rows.push(row(load, subject, same));
    }
  }
  const compare = (load: string, figure: (row: Row) => number | undefined, subjects = ["tendril", "skrouterd"]) => {
    const [ours, theirs] = subjects.map((subject) => {
      const found = rows.find((row) => row.load === load && row.subject === subject);
      return found === undefined ? undefined : figure(found);
    });
    return (ours ?? NaN) / (theirs ?? NaN);
  };
  const ratio = (load: string, subjects?: string[]) => compare(load, (row) => row.rate.median, subjects);
  const p99 = (load: string, subjects?: string[]) => compare(load, (row) => row.p99Ms, subjects);
  const toTcp = [THROUGH_ADAPTOR, THROUGH_TCP];
  const toNginx = [THROUGH_ADAPTOR, THROUGH_NGINX];
  const bulkRatios = [...new Set(rows.map((row) => row.load))].filter((load) => load.includes("stream"))
    .map((load) => ratio(load));
  const compared = rows.some((row) => row.subject === "skrouterd");
  const toRouter: Ratios = {
    throughput: bulkRatios.length === 0 ? NaN : Math.min(...bulkRatios),
    requests: ratio("requests"),
    connections: ratio("connections"),
    requestsP99: p99(PACED_REQUESTS),
    connectionsP99: p99(PACED_CONNECTIONS),
  };
  const http: HttpRatios = {
    http1OverTcp: ratio(HTTP1, toTcp),
    http1OverNginx: ratio(HTTP1, toNginx),
    http2OverTcp: ratio(HTTP2, toTcp),
    http2OverNginx: ratio(HTTP2, toNginx),
    http1P99OverTcp: p99(HTTP1, toTcp),
    http1P99OverNginx: p99(HTTP1, toNginx),
    http2P99OverTcp: p99(HTTP2, toTcp),
    http2P99OverNginx: p99(HTTP2, toNginx),
  };
  const overHttp = rows.some((row) => row.subject === THROUGH_ADAPTOR);
  return { ratios: { ...(compared ? toRouter : {}), ...(overHttp ? http : {}) }, rows };
}

function row(load: string, subject: string, samples: readonly Sample[]): Row {
  const median = (values: (number | undefined)[]) => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? undefined : spread(known).median;
  };
  return {
    load,
    subject,
    rate: spread(samples.map((sample) => sample.rate)),
    p50Ms: median(samples.map((sample) => sample.p50Ms)),
    p99Ms: median(samples.map((sample) => sample.p99Ms)),
    errors: samples.reduce((sum, sample) => sum + (sample.errors ?? 0), 0),
    cpuSeconds: samples[0].cpuSeconds.map((_, at) => spread(samples.map((sample) => sample.cpuSeconds[at])).median),
  };
}

/** Prints the table for people. */
export function printTable(
  summary: Summary,
  memory: Record<string, readonly { name: string; now: number; peak: number }[]>,
): void {
  const head = [
    "load",
    "subject",
    "min",
    "median",
    "max",
    "unit",
    "p50 ms",
    "p99 ms",
    "errors",
    "CPU s hub/listen/connect",
  ];
  const lines = summary.rows.map(({ load, subject, rate, p50Ms, p99Ms, errors, cpuSeconds }) => {
    const bulk = load.includes("stream");
    const show = (value: number) => bulk ? (value / 1e9).toFixed(2) : value.toFixed(0);
    return [
      ...[load, subject, show(rate.min), show(rate.median), show(rate.max), bulk ? "Gbit/s" : "1/s"],
      ...[p50Ms?.toFixed(2) ?? "", p99Ms?.toFixed(2) ?? "", bulk ? "" : `${errors}`],
      cpuSeconds.map((value) => value.toFixed(2)).join(" / "),
    ];
  });
  const widths = head.map((title, at) => Math.max(title.length, ...lines.map((line) => line[at].length)));
  for (const line of [head, ...lines]) {
    console.log(line.map((cell, at) => cell.padEnd(widths[at])).join("  ").trimEnd());
  }
  for (const [name, processes] of Object.entries(memory)) {
    if (processes.length === 0) continue;
    const list = processes.map((process) =>
      `${process.name} ${process.now.toFixed(0)} (peak ${process.peak.toFixed(0)})`
    );
    console.log(`resident MiB, ${name}: ${list.join(", ")}`);
  }
  printRatios(summary.ratios);
}

function printRatios(ratios: Summary["ratios"]): void {
  // Loads that were not asked for have none.
  const list = (figures: Readonly<Record<string, number | undefined>>) =>
    Object.entries(figures).map(([name, value]) => `${name} ${Number.isFinite(value) ? value!.toFixed(2) : "-"}`)
      .join(", ");
  if (ratios.throughput !== undefined) {
    const { throughput, requests, connections, requestsP99, connectionsP99 } = ratios;
    console.log(
      `ratios to skrouterd: ${list({ throughput, requests, connections })}; p99 at the same load: ${
        list({ requests: requestsP99, connections: connectionsP99 })
      }`,
    );
  }
  if (ratios.http1OverTcp === undefined) return;
  for (const [other, pick] of [["TCP", "Tcp"], ["nginx as a proxy", "Nginx"]] as const) {
    const rates = { http1: ratios[`http1Over${pick}`], http2: ratios[`http2Over${pick}`] };
    const latencies = { http1: ratios[`http1P99Over${pick}`], http2: ratios[`http2P99Over${pick}`] };
    console.log(`ratios of HTTP adaptors to ${other}: requests ${list(rates)}; p99 when busy: ${list(latencies)}`);
  }
}

/** Prints what long bodies cost. */
export function printBodies(costs: readonly Bodies[]): void {
  for (const { protocol, direction, octets, adaptor, tcp, extra } of costs) {
    const percent = { min: extra.min * 100, median: extra.median * 100, max: extra.max * 100 };
    console.log(
      `body of ${(octets / 1e9).toFixed(2)} GB ${direction} in ${protocol}, ${adaptor.length} pairs: ` +
        `${show(spread(adaptor), 2)} CPU s/GB of all sites, as TCP ${show(spread(tcp), 2)}; ` +
        `extra per pair ${show(percent, 1)} %`,
    );
  }
}

/** Prints what hostile plugins cost others. */
export function printHostile(harms: readonly Hostile[]): void {
  const percent = ({ min, median, max }: { min: number; median: number; max: number }) =>
    show({ min: min * 100, median: median * 100, max: max * 100 }, 0);
  for (const { kind, without, beside, kept, keptPerCpu, answered, ended } of harms) {
    console.log(
      `plugin that ${kind}: others keep ${percent(kept)} % of their requests ` +
        `(${spread(without).median.toFixed(0)} -> ${spread(beside).median.toFixed(0)} 1/s), ` +
        `${percent(keptPerCpu)} % per CPU second; it answered ${answered} inputs and lost ${ended} connections`,
    );
  }
}

/** Prints what idle edges take. */
export function printFootprints(footprints: Readonly<Record<string, Footprint>>): void {
  for (const [name, { linkedMs, idleMiB }] of Object.entries(footprints)) {
    console.log(
      `idle edge, ${name}: ${show(idleMiB, 1)} MiB resident, part of the network ${show(linkedMs, 0)} ms after start`,
    );
  }
}

/** Prints what stalled readers cost. */
export function printStalled(stalls: Readonly<Record<string, Stalled>>): void {
  for (const [name, { streams, seconds, rate, kept, memory, growthPerStream, open }] of Object.entries(stalls)) {
    const grown = memory.map(({ name, before, after }) => `${name} ${before.toFixed(0)} -> ${after.toFixed(0)}`);
    console.log(
      `${streams} stalled readers, ${name}, ${seconds.toFixed(0)} s: others keep ${(kept * 100).toFixed(0)} % ` +
        `(${(rate.before / 1e9).toFixed(2)} -> ${(rate.during / 1e9).toFixed(2)} Gbit/s), resident MiB ` +
        `${grown.join(", ")}, at most ${growthPerStream.toFixed(1)} per stream, ${open} still open`,
    );
  }
}

/** Prints how long routing messages take. */
export function printControl(control: Readonly<Record<string, ControlLatency>>): void {
  const show = ({ p50, p90, p99, count }: RoundTrips) =>
    `p50 ${p50.toFixed(2)}, p90 ${p90.toFixed(2)}, p99 ${p99.toFixed(2)} ms (${count})`;
  for (const [name, { idle, saturated, inside, cpuWait }] of Object.entries(control)) {
    console.log(`routing messages there and back, ${name}: idle ${show(idle)}; behind bulk ${show(saturated)}`);
    const waited = cpuWait.map((share) => share.toFixed(2)).join(", ");
    console.log(`  behind bulk, its interiors waited for a CPU ${waited} s per second`);
    if (inside === undefined) continue;
    const { p50, p90, p99, within5Ms, count } = inside;
    console.log(
      `  messages were inside each interior for 5 ms at most in ${(within5Ms * 100).toFixed(1)} %, ` +
        `p50 <= ${p50}, p90 <= ${p90}, p99 <= ${p99} ms (${count})`,
    );
  }
}

/** Prints what a large network costs. */
export function printRouting({ flapMs, flapAllOriginsMs, heapMiB, residentMiB }: RoutingScale): void {
  console.log(
    `1,000 routers, 4,000 links: a flap costs ${show(flapMs, 2)} ms of CPU, with messages from all origins ` +
      `${show(flapAllOriginsMs, 1)} ms; 100,000 addresses: heap ${heapMiB.before.toFixed(0)} -> ` +
      `${heapMiB.after.toFixed(0)} MiB, process ${residentMiB.toFixed(0)} MiB resident`,
  );
}

/** Prints what WebAssembly costs. */
export function printWasmCost({ wasm, native, extra }: WasmCost): void {
  const percent = { min: extra.min * 100, median: extra.median * 100, max: extra.max * 100 };
  console.log(
    `WebAssembly in the path of TCP, ${wasm.length} pairs: ${show(spread(wasm), 3)} CPU s/GB of both edges, ` +
      `without it ${show(spread(native), 3)}; extra per pair ${show(percent, 1)} %`,
  );
}

function show({ min, median, max }: { min: number; median: number; max: number }, digits: number): string {
  return `${median.toFixed(digits)} [${min.toFixed(digits)}..${max.toFixed(digits)}]`;
}
