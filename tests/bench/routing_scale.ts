/**
 * What the routing engine takes in a large network: CPU time of one router when a link flaps, and the memory of many
 * addresses. Runs in a process of its own, so that its memory can be read from outside:
 *
 *   deno run --v8-flags=--expose-gc tests/bench/routing_scale.ts
 */

import { RoutingEngine } from "../../interior/routing/engine.ts";
import { SILENT } from "../../interior/routing/testing_output.ts";
import { Random } from "../simulation/random.ts";
import { spread } from "./measure.ts";

const ROUTERS = 1000;
const LINKS = 4000;
const FLAPS = 200;
const ADDRESSES = 100_000;
/** Routers that have them. */
const SERVING = 100;

/** Figures of one router in such a network. */
export interface RoutingScale {
  /** CPU ms from the word of a lost or new link to new paths. */
  readonly flapMs: { readonly min: number; readonly median: number; readonly max: number };
  /** The same, when a message from each other router asks for its way right after. */
  readonly flapAllOriginsMs: { readonly min: number; readonly median: number; readonly max: number };
  /** Live heap in MiB before and after {@link ADDRESSES} addresses are known. */
  readonly heapMiB: { readonly before: number; readonly after: number };
  /** Resident memory of the whole process after that, in MiB. */
  readonly residentMiB: number;
}

/** Measures all of it. */
function measure(): RoutingScale {
  const random = new Random(1);
  const graph = new Graph(random);
  const engine = new RoutingEngine({ id: name(0), instance: 1 }, SILENT);
  let now = 1_000_000;
  const sequences = new Array<number>(ROUTERS).fill(0);
  const tell = (router: number) => {
    const peers = new Map(graph.peers[router]);
    const linkStateSequence = ++sequences[router];
    engine.received({ opcode: "LSU", id: name(router), instance: 1, linkStateSequence, peers }, 1, 1, now);
  };
  [...graph.peers[0]].forEach(([id, cost], at) => {
    engine.received({ opcode: "HELLO", id, instance: 1, seen: [name(0)] }, at + 1, cost, now);
  });
  for (let router = 1; router < ROUTERS; router++) tell(router);
  const askAll = () => {
    for (let origin = 1; origin < ROUTERS; origin++) engine.paths.admits(name(origin), name(ROUTERS >> 1));
  };
  askAll(); // The trees of all origins are there from now on, and repaired.
  const flapMs: number[] = [];
  const allOriginsMs: number[] = [];
  while (flapMs.length < FLAPS) {
    const [one, other, cost] = random.pick(graph.links);
    if (one === 0 || other === 0) continue;
    for (const up of [false, true]) {
      graph.set(one, other, up ? cost : undefined);
      now += 2000;
      const started = performance.now();
      tell(one);
      tell(other);
      flapMs.push(performance.now() - started);
      askAll();
      allOriginsMs.push(performance.now() - started);
    }
  }
  const before = heapMiB();
  for (let router = 1; router <= SERVING; router++) {
    const exist = Array.from({ length: ADDRESSES / SERVING }, (_, at) => ({
      key: `Mservice-${at}.router-${router}.example`,
      treatment: "balanced" as const,
    }));
    engine.received({ opcode: "MAU", id: name(router), mobileSequence: 1, exist, add: [], remove: [] }, 1, 1, now);
  }
  const after = heapMiB();
  return {
    flapMs: spread(flapMs),
    flapAllOriginsMs: spread(allOriginsMs),
    heapMiB: { before, after },
    residentMiB: Deno.memoryUsage().rss / 2 ** 20,
  };
}

/** A random network: a tree, and more links. */
class Graph {
  readonly links: [number, number, number][] = [];
  readonly peers: Map<string, number>[] = Array.from({ length: ROUTERS }, () => new Map());

  constructor(random: Random) {
    for (let router = 1; router < ROUTERS; router++) this.#add(router, random.int(0, router - 1), random.int(1, 5));
    while (this.links.length < LINKS) {
      const [one, other] = [random.int(0, ROUTERS - 1), random.int(0, ROUTERS - 1)];
      if (one !== other && !this.peers[one].has(name(other))) this.#add(one, other, random.int(1, 5));
    }
  }

  /** The link between two routers has `cost` from now on, or is not there. */
  set(one: number, other: number, cost: number | undefined): void {
    for (const [from, to] of [[one, other], [other, one]]) {
      if (cost === undefined) this.peers[from].delete(name(to));
      else this.peers[from].set(name(to), cost);
    }
  }

  #add(one: number, other: number, cost: number): void {
    this.links.push([one, other, cost]);
    this.set(one, other, cost);
  }
}

function name(router: number): string {
  return `router-${router}`;
}

function heapMiB(): number {
  if (!("gc" in globalThis)) throw new Error("needs --v8-flags=--expose-gc");
  (globalThis as unknown as { gc(): void }).gc();
  return Deno.memoryUsage().heapUsed / 2 ** 20;
}

/** Runs the measurement in a process of its own. */
export async function routingScale(): Promise<RoutingScale> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--v8-flags=--expose-gc", new URL(import.meta.url).pathname],
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

if (import.meta.main) console.log(JSON.stringify(measure()));
