import assert from "node:assert/strict";
import { TendrilError } from "../lib/errors.ts";
import { routeTo, serviceAt } from "./route_report.ts";
import { type Asker, survey } from "./survey.ts";
import type { PlainMap } from "./values.ts";

/** What one router says when it is asked, by entity type; what is missing is empty. */
type Says = Readonly<Record<string, readonly PlainMap[]>>;

/** A network of routers that say `says`, asked at router `here`. Those that are undefined are silent. */
function network(here: string, says: Readonly<Record<string, Says | undefined>>): Asker {
  return {
    query(to, type) {
      const id = /^amqp:\/_topo\/0\/(.*)\/\$management$/.exec(to)?.[1] ?? here;
      const router = says[id];
      if (router === undefined) return Promise.reject(new TendrilError("MANAGEMENT_TIMEOUT", `no answer of ${id}`));
      return Promise.resolve([...router[type] ?? []]);
    },
  };
}

const node = (id: string, linkState: string[], nextHop: string | null, cost: number | null): PlainMap => ({
  id,
  linkState,
  nextHop,
  cost,
});
const self = (id: string, mode = "interior") => [{ id, mode, version: "1" }];
const toRouter = (container: string, cost: number | null, product = "tendril"): PlainMap => ({
  identity: `i${container}`,
  container,
  role: "inter-router",
  dir: "in",
  cost,
  properties: { product, version: "3" },
});
const toEdge = (container: string, identity: string): PlainMap => ({
  identity,
  container,
  role: "edge",
  dir: "in",
  properties: { product: "tendril", version: "1" },
});
const downlink = (connectionId: string): PlainMap => ({ linkType: "edge-downlink", linkDir: "out", connectionId });
const consumer = (connectionId: string, owningAddr: string): PlainMap => ({
  linkType: "endpoint",
  linkDir: "out",
  connectionId,
  owningAddr,
});

/** A square with different sides, and an edge at C that has its second link at A: A-2-B-2-C, A-3-D-3-C. */
const SQUARE: Record<string, Says> = {
  A: {
    router: self("A"),
    "router.node": [
      node("A", ["B", "D"], "(self)", null),
      node("B", ["A", "C"], null, 2),
      node("C", ["B", "D"], "B", 4),
      node("D", ["A", "C"], null, 3),
    ],
    connection: [toRouter("B", 2), toRouter("D", 3, "skupper-router"), toEdge("E", "9")],
    "router.address": [{ name: "Mlocal", distribution: "closest", inProcess: 1 }],
  },
  B: {
    "router.node": [
      node("A", ["B", "D"], null, 2),
      node("B", ["A", "C"], "(self)", null),
      node("C", ["B", "D"], null, 2),
      node("D", ["A", "C"], "A", 5),
    ],
    connection: [toRouter("A", 2), toRouter("C", 2)],
  },
  C: {
    "router.node": [
      node("A", ["B", "D"], "B", 4),
      node("B", ["A", "C"], null, 2),
      node("C", ["B", "D"], "(self)", null),
      node("D", ["A", "C"], null, 3),
    ],
    connection: [toRouter("B", 2), toRouter("D", 3), toEdge("E", "4"), {
      identity: "5",
      role: "normal",
      container: "x",
    }],
    "router.link": [
      downlink("4"),
      consumer("4", "Mweb"),
      consumer("5", "Mqueue"),
      consumer("4", "Mmc/sfe.all"),
      consumer("4", "M_$temp.x"),
    ],
    "router.address": [{ name: "Mweb", distribution: "balanced", inProcess: 0 }],
  },
  // A real router: tells no cost of a link, and its way to A and C leads straight there.
  D: {
    "router.node": [
      node("A", ["B", "D"], null, 3),
      node("B", ["A", "C"], "A", 5),
      node("C", ["B", "D"], null, 3),
      node("D", ["A", "C"], "(self)", null),
    ],
    connection: [toRouter("A", null), toRouter("C", null)],
  },
};

Deno.test("a survey has every router with its program, its cost and the neighbour by which it is reached", async () => {
  const { here, routers } = await survey(network("A", SQUARE));
  assert.equal(here, "A");
  assert.deepEqual(routers.map(({ id, role, product, cost, nextHop }) => [id, role, product, cost, nextHop]), [
    ["A", "interior", "tendril", 0, null],
    ["B", "interior", "tendril", 2, "B"],
    ["D", "interior", "skupper-router", 3, "D"],
    ["C", "interior", "tendril", 4, "B"],
    ["E", "edge", "tendril", 4, "B"],
  ]);
});

Deno.test("a survey has every link once, with the costs that either side tells, and which link of an edge stands by", async () => {
  const { links } = await survey(network("A", SQUARE));
  assert.deepEqual(links.map(({ from, to, cost, costBack, state }) => [from, to, cost, costBack, state]), [
    ["A", "B", 2, 2, "up"],
    ["A", "D", 3, 3, "up"],
    ["B", "C", 2, 2, "up"],
    ["C", "D", 3, 3, "up"],
    ["E", "A", 0, 0, "standby"],
    ["E", "C", 0, 0, "up"],
  ]);
});

Deno.test("a survey tells who serves an address, and leaves out what routers use among themselves", async () => {
  const { addresses } = await survey(network("A", SQUARE));
  assert.deepEqual(addresses, [
    { address: "local", treatment: "closest", routers: ["A"] },
    { address: "queue", treatment: "balanced", routers: ["C"] },
    { address: "web", treatment: "balanced", routers: ["E"] },
  ]);
});

Deno.test("from an edge the survey begins at the interior that it uses, and shows the same network", async () => {
  const uplinks = [
    { identity: "1", container: "A", role: "edge", dir: "out", active: false },
    { identity: "2", container: "C", role: "edge", dir: "out", active: true },
  ];
  const edge = { E: { router: self("E", "edge"), connection: uplinks } };
  const fromEdge = await survey(network("E", { ...SQUARE, ...edge }));
  const fromInterior = await survey(network("A", SQUARE));
  assert.deepEqual(fromEdge.links, fromInterior.links);
  assert.deepEqual(fromEdge.addresses, fromInterior.addresses);
  assert.deepEqual(fromEdge.routers.map(({ id, cost, nextHop }) => [id, cost, nextHop]), [
    ["E", 0, null],
    ["C", 0, "C"],
    ["B", 2, "C"],
    ["D", 3, "C"],
    ["A", 4, "C"],
  ]);
  assert.deepEqual(routeTo(fromEdge, "A")?.hops.map(({ to }) => to), ["C", "B", "A"]);
});

Deno.test("an edge without a link sees itself alone", async () => {
  const { routers, links } = await survey(network("E", { E: { router: self("E", "edge") } }));
  assert.deepEqual(routers.map(({ id, cost }) => [id, cost]), [["E", 0]]);
  assert.deepEqual(links, []);
});

Deno.test("a router that gives no answer is listed with the reason, and its links as others tell them", async () => {
  const found = await survey(network("A", { ...SQUARE, C: undefined }));
  assert.equal(found.routers.find(({ id }) => id === "C")?.silent, "no answer of C");
  assert.deepEqual(
    found.links.filter(({ from, to }) => from === "C" || to === "C").map(({ from, to, costBack, state }) => [
      ...[from, to],
      ...[costBack, state],
    ]),
    [["B", "C", null, "up"], ["C", "D", 3, "up"]],
  );
  assert.deepEqual(routeTo(found, "C")?.hops.map(({ to }) => to), ["B", "C"]);
});

Deno.test("a link that one side alone counts as up is half a link, and no way", async () => {
  const nodes = SQUARE["B"]!["router.node"]!.map((each) =>
    each["id"] === "B" ? node("B", ["A"], "(self)", null) : each
  );
  const found = await survey(network("A", { ...SQUARE, B: { ...SQUARE["B"], "router.node": nodes } }));
  assert.equal(found.links.find(({ from, to }) => from === "B" && to === "C")?.state, "half");
});

Deno.test("a path has every link with its cost, and what the ways through other neighbours would cost", async () => {
  const found = await survey(network("A", SQUARE));
  assert.deepEqual(routeTo(found, "E"), {
    to: "E",
    hops: [{ from: "A", to: "B", cost: 2 }, { from: "B", to: "C", cost: 2 }, { from: "C", to: "E", cost: 0 }],
    cost: 4,
    alternatives: [{ via: "D", cost: 6 }],
  });
  assert.deepEqual(routeTo(found, "B")?.alternatives, [{ via: "D", cost: 8 }]);
  assert.deepEqual(routeTo(found, "A"), { to: "A", hops: [], cost: 0, alternatives: [] });
  assert.equal(routeTo(found, "nobody"), undefined);
});

Deno.test("a way over a link whose cost nobody tells has no total", async () => {
  const rows = (id: string) => SQUARE[id]!["router.node"]!;
  // D's own shortest path to C does not lead over their link, and neither side tells its cost.
  const d = rows("D").map((each) => each["id"] === "C" ? node("C", ["B", "D"], "A", 7) : each);
  const c = rows("C").map((each) => each["id"] === "D" ? node("D", ["A", "C"], "B", 7) : each);
  const costless = SQUARE["C"]!["connection"]!.map((each) => each["container"] === "D" ? toRouter("D", null) : each);
  const says = {
    ...SQUARE,
    C: { ...SQUARE["C"], "router.node": c, connection: costless },
    D: { ...SQUARE["D"], "router.node": d },
  };
  const found = await survey(network("A", says));
  assert.deepEqual(routeTo(found, "C")?.alternatives, [{ via: "D", cost: null }]);
});

Deno.test("who is chosen for an address follows from its treatment and the costs", async () => {
  const two = (treatment: string): Record<string, Says> => ({
    ...SQUARE,
    A: { ...SQUARE["A"], "router.address": [{ name: "Mweb", distribution: treatment, inProcess: 0 }] },
    B: { ...SQUARE["B"], "router.address": [{ name: "Mweb", distribution: treatment, inProcess: 1 }] },
    C: { ...SQUARE["C"], "router.address": [{ name: "Mweb", distribution: treatment, inProcess: 0 }] },
  });
  const chosen = async (treatment: string) => serviceAt(await survey(network("A", two(treatment))), "web");
  for (const treatment of ["closest", "balanced"]) {
    const service = await chosen(treatment);
    assert.deepEqual(service?.costs, [{ router: "B", cost: 2 }, { router: "E", cost: 4 }]);
    assert.deepEqual(service?.chosen, ["B"], treatment);
  }
  assert.deepEqual((await chosen("multicast"))?.chosen, ["B", "E"]);
  assert.equal(serviceAt(await survey(network("A", SQUARE)), "nothing"), undefined);
});
