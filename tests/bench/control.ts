/**
 * How long routing messages wait behind bulk: one more interior asks the farthest one for its link state, over and over,
 * while nothing else happens and while streams fill the links between them. All of that takes the same way.
 */

import { Backoff, linkTarget, Router } from "../../agent/mod.ts";
import { silentLogger } from "../../agent/telemetry/log.ts";
import { parseLinkFile } from "../../agent/site/link_file.ts";
import { InteriorLinks } from "../../interior/transit/interior_links.ts";
import { Transit } from "../../interior/transit/transit.ts";
import { until } from "../support/until.ts";
import { delayCounts, type DelayInside, delayInside } from "./control_delay.ts";
import { bulk } from "./load.ts";
import { cpuWaitSeconds } from "./measure.ts";
import type { Topology } from "./topology.ts";

/** Streams that fill the links. */
const STREAMS = 8;
/** Time between two questions, in ms. */
const PAUSE_MS = 10;
/** Questions whose answers are not counted: connections warm up. */
const WARM_UP = 20;

/** Round trips of questions in ms, by percentile. */
export interface RoundTrips {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly count: number;
}

/** What bulk does to them. */
export interface ControlLatency {
  readonly idle: RoundTrips;
  readonly saturated: RoundTrips;
  /** How long messages were inside each interior meanwhile, where it tells. */
  readonly inside: DelayInside | undefined;
  /** Seconds per second that each interior waited for a CPU meanwhile: no router can help these. */
  readonly cpuWait: readonly number[];
}

/** Measures `topology`, which leads to an iperf3 server as `iperf`, each phase for `seconds`. */
export async function controlLatency(topology: Topology, seconds: number): Promise<ControlLatency> {
  const asker = new Asker(topology);
  try {
    await asker.ready();
    const idle = await asker.ask(seconds * 1000);
    const load = bulk(topology.ports.iperf, seconds + 1, { streams: STREAMS, reverse: false });
    await new Promise((resolve) => setTimeout(resolve, 800)); // Until the streams are at full speed.
    const before = await delayCounts(topology.metrics);
    const waits = topology.interiors.map(({ pid }) => cpuWaitSeconds(pid));
    const began = performance.now();
    const saturated = await asker.ask((seconds - 0.5) * 1000);
    const took = (performance.now() - began) / 1000;
    const cpuWait = topology.interiors.map(({ pid }, at) => (cpuWaitSeconds(pid) - waits[at]) / took);
    const inside = delayInside(before, await delayCounts(topology.metrics));
    await load;
    return { idle, saturated, inside, cpuWait };
  } finally {
    await asker.stop();
  }
}

/** An interior of this process. */
class Asker {
  readonly #transit: Transit;
  readonly #links: InteriorLinks;
  readonly #target: string;
  #answered = () => {};

  constructor({ neighbour }: Topology) {
    const [parsed] = parseLinkFile(neighbour.link, "link");
    const endpoints = [{ role: "inter-router", host: "127.0.0.1", port: neighbour.port, group: "" }] as const;
    const router = new Router({ id: "asker", role: "interior" });
    this.#target = neighbour.farthest;
    this.#transit = new Transit(router, 1, silentLogger, () => {});
    const retry = () => new Backoff({ random: Math.random });
    this.#links = new InteriorLinks(router, this.#transit, retry, silentLogger, () => {});
    const { engine } = this.#transit;
    const received = engine.received.bind(engine);
    engine.received = (message, ...rest) => {
      if (message.opcode === "LSU" && message.id === this.#target) this.#answered();
      received(message, ...rest);
    };
    this.#transit.start();
    this.#links.add(linkTarget({ ...parsed, endpoints }, "inter-router"));
  }

  async ready(): Promise<void> {
    await until(() => this.#transit.engine.nodes.get(this.#target)?.reachable === true, 20_000);
    for (let time = 0; time < WARM_UP; time++) await this.#once();
  }

  async ask(ms: number): Promise<RoundTrips> {
    const times: number[] = [];
    for (const end = performance.now() + ms; performance.now() < end;) {
      times.push(await this.#once());
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    times.sort((one, other) => one - other);
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
    return { p50: at(0.5), p90: at(0.9), p99: at(0.99), count: times.length };
  }

  async stop(): Promise<void> {
    await this.#links.stop();
    this.#transit.stop();
  }

  async #once(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#answered = resolve;
    const asked = performance.now();
    this.#transit.unicast(this.#target, { opcode: "LSR", id: "asker" });
    await promise;
    return performance.now() - asked;
  }
}
