import assert from "node:assert/strict";
import fc from "fast-check";
import { Paths } from "./paths.ts";
import { PathTree } from "./path_tree.ts";
import { Topology } from "./topology.ts";

interface RecordedGraph {
  readonly ids: readonly string[];
  readonly arcs: ReadonlyArray<ReadonlyArray<readonly [number, number]>>;
  readonly results: ReadonlyArray<{
    readonly self: number;
    readonly radius: number;
    readonly nextHop: readonly number[];
    readonly cost: readonly number[];
    readonly validOrigins: readonly string[];
  }>;
}

const RECORDED = new URL("../../tests/data/paths/graphs.jsonl", import.meta.url);

function recordedGraphs(): RecordedGraph[] {
  return Deno.readTextFileSync(RECORDED).trim().split("\n").map((line) => JSON.parse(line));
}

function topologyOf({ ids, arcs }: RecordedGraph): Topology {
  const topology = new Topology();
  ids.forEach((id, at) => topology.setPeers(id, new Map(arcs[at].map(([to, cost]) => [ids[to], cost]))));
  return topology;
}

Deno.test("next hops, costs, radius and valid origins are those of the real router, in 64 recorded networks", () => {
  const graphs = recordedGraphs();
  assert.equal(graphs.length, 64);
  for (const graph of graphs) {
    const { ids } = graph;
    const topology = topologyOf(graph);
    for (const { self, radius, nextHop, cost, validOrigins } of graph.results) {
      const paths = new Paths(topology, ids[self]);
      paths.update();
      assert.equal(paths.radius, radius);
      ids.forEach((id, at) => {
        if (at === self) return;
        assert.equal(paths.nextHop(id), nextHop[at] < 0 ? undefined : ids[nextHop[at]], `next hop ${id}`);
        assert.equal(paths.cost(id), cost[at] < 0 ? Infinity : cost[at], `cost ${id}`);
        const mask = BigInt(`0x${validOrigins[at]}`);
        const expected = ids.filter((_, bit) => (mask >> BigInt(bit)) & 1n);
        assert.deepEqual(paths.validOrigins(id).sort(), expected.sort(), `valid origins ${id}`);
      });
    }
  }
});

Deno.test("a tree that is repaired after any changes equals one that is computed anew", () => {
  const size = 12;
  const name = (number: number) => `r${(number * 7) % size}`;
  const change = fc.record({
    from: fc.nat(size - 1),
    peers: fc.uniqueArray(fc.tuple(fc.nat(size - 1), fc.integer({ min: 1, max: 4 })), {
      selector: ([to]) => to,
      maxLength: 5,
    }),
    look: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 4, maxLength: 60 }), (changes) => {
      const topology = new Topology();
      for (let number = 0; number < size; number++) topology.add(name(number));
      const kept = new PathTree(topology, 0);
      kept.update();
      for (const { from, peers, look } of changes) {
        topology.setPeers(name(from), new Map(peers.map(([to, cost]) => [name(to), cost])));
        if (!look) continue;
        kept.update();
        const fresh = new PathTree(topology, 0);
        fresh.update();
        for (let node = 0; node < size; node++) {
          assert.equal(kept.cost(node), fresh.cost(node), `cost of ${node}`);
          assert.equal(kept.previous(node), fresh.previous(node), `predecessor of ${node}`);
          for (let via = 0; via < size; via++) assert.equal(kept.passes(via, node), fresh.passes(via, node));
        }
      }
    }),
    { numRuns: 400 },
  );
});

Deno.test("a router that is forgotten leaves no trace, and its number may mean another one", () => {
  const topology = new Topology();
  topology.setPeers("a", new Map([["b", 1], ["c", 5]]));
  topology.setPeers("b", new Map([["a", 1], ["c", 1]]));
  topology.setPeers("c", new Map([["a", 5], ["b", 1]]));
  const paths = new Paths(topology, "a");
  paths.update();
  assert.equal(paths.nextHop("c"), "b");
  assert.equal(topology.remove("b"), false);
  topology.setPeers("a", new Map([["c", 5]]));
  topology.setPeers("c", new Map([["a", 5]]));
  topology.setPeers("b", new Map());
  assert.equal(topology.remove("b"), true);
  topology.setPeers("c", new Map([["a", 5], ["d", 2]]));
  paths.update();
  assert.equal(paths.nextHop("b"), undefined);
  assert.equal(paths.nextHop("d"), "c");
  assert.equal(paths.cost("d"), 7);
});

Deno.test("what a router without link state is reached by: the neighbour that names it", () => {
  const topology = new Topology();
  topology.setPeers("a", new Map([["b", 2]]));
  topology.setPeers("b", new Map([["a", 2], ["new", 3]]));
  const paths = new Paths(topology, "a");
  paths.update();
  assert.equal(paths.nextHop("new"), "b");
  assert.equal(paths.cost("new"), 5);
  assert.equal(paths.admits("a", "new"), true);
  assert.equal(paths.admits("nobody", "new"), false);
});
