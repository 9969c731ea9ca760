/**
 * A mesh of interiors and edges, with real skupper-routers at every other place where there is one, under load between
 * all edges, while interiors are killed and started again: no flow may hang, none may fail while nothing is wrong, and
 * all of them must work again soon after.
 */

import { keyOf, Mesh, type Pair, type Shape } from "../interop/mesh.ts";
import { closeQuietly, connect, echo, readExactly, server, writeAll } from "../support/tcp.ts";
import { type Account, accountSince, type Holdings, holdings, MemoryTrack, TALLY_FLAGS } from "./holdings.ts";

/** Everybody with everybody; every edge has two interiors. */
const SHAPE: Shape = {
  interiors: 4,
  links: [
    { from: 1, to: 0, cost: 1 },
    { from: 2, to: 0, cost: 2 },
    { from: 2, to: 1, cost: 2 },
    { from: 3, to: 0, cost: 5 },
    { from: 3, to: 1, cost: 1 },
    { from: 3, to: 2, cost: 2 },
  ],
  edges: [[0, 1], [1, 2], [2, 3], [3, 0]],
};
/** Octets of a flow at most, each way. */
const MOST_OCTETS = 300_000;
/** A flow that has not ended after this time hangs; longer than any time-out on its way, in ms. */
const STUCK_MS = 40_000;
/** Time after a kill within which all pairs must work again; a C edge waits 5 s before it dials again. In ms. */
export const HEALED_LIMIT_MS = 20_000;
/** How long an interior stays away, in ms. */
const AWAY_MS = 4000;
/**
 * Real routers compute their paths once a second, each at a moment of its own, and for up to two seconds after a link
 * has come up they may send new flows where the next router does not expect them yet. They dial again within 6 s. So
 * flows may fail for this long after a router is back, where some are real ones; in ms.
 */
const SETTLE_MS = { real: 9000, tendrils: 0 };
/** Load while nothing is wrong, in ms. */
const CALM_MS = 10_000;
/** Pause of a client between two flows: what counts here are days, not speed. In ms. */
const PACE_MS = 30;
/** The same when the flow failed. */
const RETRY_MS = 100;

/** What came of it. */
export interface MeshSoak extends Account {
  /** Which kinds played: interiors, then edges. */
  readonly kinds: string;
  /** Flows that were carried whole. */
  readonly flows: number;
  /** Flows that a kill ended, or that found no way right after one. */
  readonly cut: number;
  /** Flows that failed while nothing was wrong. */
  readonly lost: number;
  /** Flows that never ended. */
  readonly stuck: number;
  /** From each kill until all pairs worked, ms. */
  readonly healedMs: readonly number[];
  /** Resident memory of the Tendrils in MiB: at the end, and how it grew. */
  readonly memory: { readonly last: Record<string, number>; readonly growth: Record<string, number> };
}

/** Runs for `minutes`; `binary` is the C router, undefined for Tendrils alone. */
export async function soakMesh(
  minutes: number,
  binary: string | undefined,
  onKill: (text: string, memory: Record<string, number>) => void,
): Promise<MeshSoak> {
  using target = server(echo);
  await using mesh = await Mesh.create(SHAPE, target.port, binary ?? "");
  mesh.flags = TALLY_FLAGS;
  const [interiorKinds, edgeKinds] = binary === undefined ? ["TTTT", "TTTT"] : ["TCTC", "CTTC"];
  await mesh.start(interiorKinds, edgeKinds);
  const load = new Load(mesh.pairs);
  await load.allWork(performance.now());
  load.start();
  await pause(CALM_MS);
  await load.stop();
  const edges = mesh.edges.filter(({ kind }) => kind === "T").map(({ process }) => process!);
  const before: Holdings[] = [];
  for (const edge of edges) before.push(await holdings(edge));
  load.start();
  const track = new MemoryTrack();
  const healedMs: number[] = [];
  const end = performance.now() + minutes * 60_000;
  try {
    while (performance.now() < end) {
      await pause(CALM_MS);
      const node = mesh.interiors[Math.floor(Math.random() * mesh.interiors.length)];
      load.disturbed = true;
      const killedAt = performance.now();
      await node.kill();
      const healed = await load.allWork(killedAt);
      await pause(Math.max(0, AWAY_MS - healed));
      await mesh.startInterior(node);
      // Paths change once more when it is back.
      const back = await load.allWork(performance.now());
      healedMs.push(healed, back);
      await pause(binary === undefined ? SETTLE_MS.tendrils : SETTLE_MS.real);
      load.disturbed = false;
      const tendrils = mesh.nodes.filter(({ kind }) => kind === "T").map(({ process }) => process!);
      track.sample(tendrils);
      const text = `${node.name} (${node.kind}) killed: all pairs work after ${healed.toFixed(0)} ms, and ` +
        `${back.toFixed(0)} ms after it was back; ${load.line()}`;
      onKill(text, track.last());
    }
  } catch (error) {
    console.error(mesh.logs());
    throw error;
  } finally {
    await load.stop();
  }
  const { flows, cut, lost, stuck } = load;
  const account = await accountSince(edges, before);
  const memory = { last: track.last(), growth: track.growth() };
  return { kinds: `${interiorKinds}/${edgeKinds}`, flows, cut, lost, stuck, healedMs, ...account, memory };
}

/** One client for each pair, one flow after the other. */
class Load {
  flows = 0;
  cut = 0;
  lost = 0;
  stuck = 0;
  /** True while something is wrong on purpose. */
  disturbed = false;
  readonly #pairs: readonly Pair[];
  #running = false;
  #clients: Promise<void>[] = [];

  constructor(pairs: readonly Pair[]) {
    this.#pairs = pairs;
  }

  line(): string {
    return `${this.flows} flows, ${this.cut} cut, ${this.lost} lost, ${this.stuck} stuck`;
  }

  start(): void {
    this.#running = true;
    this.#clients = this.#pairs.map((pair) => this.#client(pair));
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#clients);
  }

  /** Resolves once every pair has carried a new flow; with the time since `from`, in ms. */
  async allWork(from: number): Promise<number> {
    await Promise.all(this.#pairs.map(async (pair) => {
      while (await flow(pair.port, 1000) !== "whole") {
        if (performance.now() - from > HEALED_LIMIT_MS * 2) {
          throw new Error(`${pair.from} does not reach ${keyOf(pair.to)} any more`);
        }
        await pause(RETRY_MS);
      }
    }));
    return performance.now() - from;
  }

  async #client({ from, to, port }: Pair): Promise<void> {
    while (this.#running) {
      const disturbed = this.disturbed;
      const outcome = await flow(port, Math.floor(Math.random() * MOST_OCTETS));
      if (outcome === "whole") this.flows++;
      else if (outcome === "stuck") this.#wrong(`stuck from ${from} to ${to}`, () => this.stuck++);
      else if (disturbed || this.disturbed) this.cut++;
      else this.#wrong(`lost from ${from} to ${to}`, () => this.lost++);
      await pause(outcome === "whole" ? PACE_MS : RETRY_MS);
    }
  }

  #wrong(text: string, count: () => void): void {
    count();
    console.error(`a flow was ${text} at ${new Date().toISOString()}`);
  }
}

/** Sends `octets` and reads them back. */
async function flow(port: number, octets: number): Promise<"whole" | "broken" | "stuck"> {
  const conn = await connect(port).catch(() => undefined);
  if (conn === undefined) return "broken";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stuck = new Promise<"stuck">((resolve) => timer = setTimeout(() => resolve("stuck"), STUCK_MS));
  const exchange = async () => {
    const [, whole] = await Promise.all([writeAll(conn, new Uint8Array(octets)), readExactly(conn, octets)]);
    return whole ? "whole" : "broken";
  };
  try {
    return await Promise.race([stuck, exchange().catch(() => "broken" as const)]);
  } finally {
    clearTimeout(timer);
    closeQuietly(conn);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
