/**
 * Compares throughput, requests and connections per second of edge -> interior -> edge over mutual TLS with direct
 * loopback and, when SKROUTERD names a binary, with the C router in the same topology. All take turns in one run, so
 * that a slow moment of the machine hits them alike. Needs iperf3, wrk, h2load and nginx.
 *
 *   deno task bench [--runs N] [--seconds N] [--warm-up N] [--interiors N] [--loads LIST] [--json]
 *
 * Each load begins with --warm-up seconds that do not count, for all alike: V8 goes on compiling for some seconds after
 * it meets a new load, on the same two cores, and that is of no account to a router that runs for months. Loads of which
 * the highest latencies count warm up five times as long: at half the load the compiler has work for longer.
 * With --interiors, that many stand in a line between the edges: transit is measured, too.
 * LIST names loads, and beside them `wasm`, what WebAssembly costs in the path of TCP, `footprint`, what an edge takes
 * that has nothing to do, `stalled`, what readers that stop reading cost the process and the other streams, `control`,
 * how long routing messages wait behind bulk, and `routing`, what a network of 1,000 routers costs one of them.
 *
 * `--loads http1,http2,bodies,hostile` is all about adaptors that do more than TCP. `http1` and `http2` are requests (wrk,
 * and h2load with 100 streams) through these adaptors, against TCP between the same sites and against nginx as a reverse
 * proxy in front of the same server. `bodies` is the CPU time of all sites for each GB of one long body, down and up,
 * against TCP. `hostile` is what requests over TCP keep of their speed while a plugin on another port of their site does
 * harm; it is compiled on the way.
 */

import { parseArgs } from "node:util";
import { skrouterd } from "../support/programs.ts";
import { type Bodies, bodies } from "./bodies.ts";
import { type ControlLatency, controlLatency } from "./control.ts";
import { type Footprint, footprint } from "./footprint.ts";
import { type Hostile, hostile } from "./hostile.ts";
import { type HttpGround, httpGround } from "./http.ts";
import { bulk, http2Requests, pacedConnections, pacedRequests, type Requests, requests } from "./load.ts";
import { cpuSeconds, residentMiB } from "./measure.ts";
import {
  HTTP1,
  HTTP2,
  PACED_CONNECTIONS,
  PACED_REQUESTS,
  printBodies,
  printControl,
  printFootprints,
  printHostile,
  printRouting,
  printStalled,
  printTable,
  printWasmCost,
  summarize,
} from "./report.ts";
import { routingScale } from "./routing_scale.ts";
import { endlessSource, type Stalled, stalled } from "./stalled.ts";
import { startTargets } from "./targets.ts";
import { prepare, skrouterdTopology, type Subject, tendrilTopology, type Topology } from "./topology.ts";
import { wasmCost } from "./wasm_cost.ts";

/** One measurement. */
export interface Sample {
  readonly subject: string;
  readonly load: string;
  /** Bits, requests or connections per second. */
  readonly rate: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly errors?: number;
  /** CPU seconds of each process of the topology, in the order hub, listening edge, connecting edge. */
  readonly cpuSeconds: readonly number[];
}

const LOADS: Readonly<
  Record<
    string,
    (ports: Readonly<Record<string, number>>, seconds: number) => Promise<Partial<Sample> & { rate: number }>
  >
> = {
  "1 stream": async (ports, seconds) => ({ rate: await bulk(ports.iperf, seconds, { streams: 1, reverse: false }) }),
  "1 stream back": async (ports, seconds) => ({
    rate: await bulk(ports.iperf, seconds, { streams: 1, reverse: true }),
  }),
  "8 streams": async (ports, seconds) => ({ rate: await bulk(ports.iperf, seconds, { streams: 8, reverse: false }) }),
  "8 streams back": async (ports, seconds) => ({
    rate: await bulk(ports.iperf, seconds, { streams: 8, reverse: true }),
  }),
  "requests": async (ports, seconds) => sample(await requests(ports.http, seconds, true)),
  "connections": async (ports, seconds) => sample(await requests(ports.http, seconds, false)),
  [PACED_REQUESTS]: async (ports, seconds) => sample(await pacedRequests(ports.http, seconds)),
  [PACED_CONNECTIONS]: async (ports, seconds) => sample(await pacedConnections(ports.http, seconds)),
  [HTTP1]: async (ports, seconds) => sample(await requests(ports.http1, seconds, true)),
  [HTTP2]: async (ports, seconds) => sample(await http2Requests(ports.http2, seconds)),
};
/** Loads whose subjects are those of {@link httpGround}. */
const HTTP_LOADS: readonly string[] = [HTTP1, HTTP2];

function sample({ perSecond, ...rest }: Requests) {
  return { rate: perSecond, ...rest };
}

async function measure(topology: Subject, load: string, seconds: number): Promise<Sample> {
  const before = topology.processes.map(({ pid }) => cpuSeconds(pid));
  const result = await LOADS[load](topology.ports, seconds);
  const cpu = topology.processes.map(({ pid }, at) => cpuSeconds(pid) - before[at]);
  return { subject: topology.name, load, ...result, cpuSeconds: cpu };
}

/** How much longer than others a load warms up. */
function patience(load: string): number {
  return load === PACED_REQUESTS || load === PACED_CONNECTIONS ? 5 : 1;
}

/** What is measured in a way of its own. */
const OTHERS = ["bodies", "hostile", "wasm", "footprint", "stalled", "control", "routing"];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "3" },
      seconds: { type: "string", default: "3" },
      "warm-up": { type: "string", default: "6" },
      loads: {
        type: "string",
        default: [...Object.keys(LOADS), ...OTHERS].join(","),
      },
      interiors: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
    },
  });
  const runs = Number(values.runs);
  const seconds = Number(values.seconds);
  const dir = await Deno.makeTempDir({ prefix: "tendril-bench-" });
  const targets = await startTargets(dir);
  using source = endlessSource();
  const topologies: Topology[] = [];
  let http: HttpGround | undefined;
  try {
    const ground = await prepare(dir, [
      { key: "iperf", port: targets.iperf },
      { key: "http", port: targets.http },
      { key: "source", port: source.port },
    ], Number(values.interiors));
    topologies.push(await tendrilTopology(ground));
    const binary = skrouterd();
    if (binary === undefined) console.error("SKROUTERD is not set: no comparison with the C router in this run");
    else topologies.push(await skrouterdTopology(binary, ground));
    const wanted = values.loads.split(",");
    const direct = { name: "direct", ports: { iperf: targets.iperf, http: targets.http }, processes: [] };
    const samples: Sample[] = [];
    if (wanted.some((name) => name === "bodies" || HTTP_LOADS.includes(name))) {
      http = await httpGround(ground, topologies[0], targets);
    }
    for (const load of wanted.filter((name) => name in LOADS)) {
      const subjects = HTTP_LOADS.includes(load) ? http!.subjects : [...topologies, direct];
      for (const subject of subjects) {
        console.error(`${load}, warm-up: ${subject.name}`);
        await measure(subject, load, Number(values["warm-up"]) * patience(load));
      }
      for (let run = 0; run < runs; run++) {
        for (const subject of subjects) {
          console.error(`${load}, run ${run + 1} of ${runs}: ${subject.name}`);
          samples.push(await measure(subject, load, seconds));
        }
      }
    }
    const memory = Object.fromEntries(
      topologies.map((
        { name, processes },
      ) => [name, processes.map((process) => ({ name: process.name, ...residentMiB(process.pid) }))]),
    );
    const footprints: Record<string, Footprint> = {};
    if (wanted.includes("footprint")) {
      for (const { name, idle } of topologies) {
        console.error(`footprint: ${name}`);
        footprints[name] = await footprint(idle.start, idle.port, runs);
      }
    }
    const stalls: Record<string, Stalled> = {};
    if (wanted.includes("stalled")) {
      for (const topology of topologies) {
        console.error(`stalled: ${topology.name}`);
        stalls[topology.name] = await stalled(topology, seconds);
      }
    }
    const control: Record<string, ControlLatency> = {};
    if (wanted.includes("control")) {
      for (const topology of topologies) {
        console.error(`control: ${topology.name}`);
        control[topology.name] = await controlLatency(topology, seconds);
      }
    }
    const bodyCosts: Bodies[] = wanted.includes("bodies") ? await bodies(http!, targets.body) : [];
    const harms: Hostile[] = wanted.includes("hostile") ? await hostile(ground, seconds) : [];
    const routing = wanted.includes("routing") ? await routingScale() : undefined;
    const wasm = wanted.includes("wasm") ? await wasmCost(ground, seconds) : undefined;
    const summary = summarize(samples);
    if (values.json) {
      console.log(
        JSON.stringify({
          ...summary,
          memoryMiB: memory,
          footprints,
          stalled: stalls,
          control,
          bodies: bodyCosts,
          hostile: harms,
          routing,
          wasm,
          seconds,
          samples,
        }),
      );
    } else {
      if (samples.length > 0) printTable(summary, memory);
      printFootprints(footprints);
      printStalled(stalls);
      printControl(control);
      printBodies(bodyCosts);
      printHostile(harms);
      if (routing !== undefined) printRouting(routing);
      if (wasm !== undefined) printWasmCost(wasm);
    }
  } finally {
    await http?.[Symbol.asyncDispose]();
    for (const topology of topologies) await topology[Symbol.asyncDispose]();
    for (const process of targets.processes) await process.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

await main();
