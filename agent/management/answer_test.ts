import assert from "node:assert/strict";
import type { AmqpValue } from "../amqp/codec/types.ts";
import { LinkCounts } from "../amqp/link_counts.ts";
import { noAdmissions } from "../router/admissions.ts";
import { noRouterDeliveries } from "../router/deliveries.ts";
import { answer, MAX_ENTITIES } from "./answer.ts";
import type { ConnectionFacts, ManagedRouter, NodeFacts } from "./managed_router.ts";
import type { Answer } from "./message.ts";
import { int, map, plain, texts } from "./values.ts";

const NODES: NodeFacts[] = [
  {
    id: "A",
    instance: 7,
    neighbours: ["B"],
    nextHop: "(self)",
    link: undefined,
    cost: undefined,
    validOrigins: () => [],
    changedAt: 1_700_000_000,
  },
  {
    id: "B",
    instance: 8,
    neighbours: ["A", "C"],
    nextHop: undefined,
    link: 1,
    cost: 5,
    validOrigins: () => [],
    changedAt: undefined,
  },
  {
    id: "C",
    instance: undefined,
    neighbours: ["B"],
    nextHop: "B",
    link: undefined,
    cost: 9,
    validOrigins: () => undefined,
    changedAt: undefined,
  },
];

const CONNECTION: ConnectionFacts = {
  id: 3,
  host: "127.0.0.1:5671",
  role: "inter-router",
  direction: "out",
  container: "B",
  mechanism: "EXTERNAL",
  subject: "CN=b",
  tls: { protocol: "TLSv1.3", cipher: "X" },
  properties: map([["product", "tendril"]]),
  active: true,
  uptimeSeconds: 60,
  quietSeconds: undefined,
  meshId: undefined,
  cost: 5,
};

function router(changes: Partial<ManagedRouter> = {}): ManagedRouter {
  return {
    id: "A",
    role: "interior",
    metadata: `{"id":"x"}`,
    uptimeSeconds: 61,
    residentOctets: 1000,
    totals: { deliveries: noRouterDeliveries(), received: new LinkCounts(), stuck: 0 },
    admissions: noAdmissions(),
    timing: undefined,
    nodes: () => NODES,
    connections: () => [CONNECTION],
    links: () => [],
    addresses: () => [],
    ...changes,
  };
}

function ask(
  properties: Record<string, string | number>,
  body: AmqpValue = null,
  of: ManagedRouter = router(),
): Answer {
  return answer(of, {
    properties: Object.entries(properties)
      .map(([name, value]) => [name, typeof value === "number" ? int(value) : value]),
    body,
  });
}

function query(type: string, attributes: string[], properties: Record<string, string | number> = {}) {
  const { status, description, body } = ask(
    { operation: "QUERY", entityType: type, type: "org.amqp.management", name: "self", ...properties },
    map([["attributeNames", texts(attributes)]]),
  );
  assert.equal(status, 200, description);
  return plain(body);
}

Deno.test("a query has the columns that were asked for, in that order, and null where there is no figure", () => {
  assert.deepEqual({ ...Object(query("router.node", ["nextHop", "id", "cost", "linkState", "validOrigins"])) }, {
    attributeNames: ["nextHop", "id", "cost", "linkState", "validOrigins"],
    results: [["(self)", "A", null, ["B"], []], [null, "B", 5, ["A", "C"], []], ["B", "C", 9, ["B"], null]],
  });
});

Deno.test("a query finds a type by its full name and by its short one, and passes over attributes that nobody has", () => {
  const short = query("connection", ["container", "adminStatus", "bogus", "cost"]);
  assert.deepEqual(short, query("io.skupper.router.connection", ["container", "adminStatus", "cost"]));
  assert.deepEqual(Object(short).results, [["B", "enabled", 5]]);
});

Deno.test("a query without attributes has all that GET-ATTRIBUTES names, those of every type too", () => {
  for (const type of ["router", "routerMetrics", "router.node", "connection", "router.link", "router.address"]) {
    const full = `io.skupper.router.${type}`;
    const named = Object(plain(ask({ operation: "GET-ATTRIBUTES", entityType: type }).body))[full];
    for (const common of ["name", "identity", "type"]) assert.ok(named.includes(common), `${type} ${common}`);
    assert.deepEqual(Object(query(type, [])).attributeNames, named);
  }
});

Deno.test("a query of all types is a table of what any of them has", () => {
  const { results } = Object(plain(
    ask({ operation: "QUERY" }, map([["attributeNames", texts(["type", "id", "cost"])]])).body,
  ));
  assert.ok(results.some((row: unknown[]) => row[0] === "io.skupper.router.router.node" && row[1] === "C"));
  assert.ok(results.some((row: unknown[]) => row[0] === "io.skupper.router.connection" && row[1] === null));
});

Deno.test("offset and count cut a page out of a query", () => {
  const ids = (offset: number, count: number) => Object(query("router.node", ["id"], { offset, count })).results.flat();
  assert.deepEqual(ids(0, 2), ["A", "B"]);
  assert.deepEqual(ids(2, 2), ["C"]);
  assert.deepEqual(ids(3, 2), []);
  assert.deepEqual(ids(0, 0), []);
});

Deno.test("an answer lists a bounded number of entities, whatever was asked for", () => {
  let made = 0;
  const many = router({
    *connections() {
      for (let id = 0; id < MAX_ENTITIES * 2; id++) {
        made++;
        yield { ...CONNECTION, id };
      }
    },
  });
  const { body } = ask({ operation: "QUERY", entityType: "connection", count: 1_000_000 }, null, many);
  assert.equal(Object(plain(body)).results.length, MAX_ENTITIES);
  assert.ok(made <= MAX_ENTITIES + 1, "and makes no more of them");
});

Deno.test("one entity is read by its name or its identity, with a type or without, in letters of any case", () => {
  const byIdentity = ask({ operation: "READ", type: "io.skupper.router.connection", identity: "3" });
  assert.equal(Object(plain(byIdentity.body)).container, "B");
  assert.deepEqual(ask({ operation: "READ", type: "connection", name: "connection/127.0.0.1:5671" }), byIdentity);
  assert.equal(Object(plain(ask({ operation: "read", identity: "router/A" }).body)).mode, "interior");
});

Deno.test("what can't be done is refused with the status of a real router", () => {
  const self = { type: "org.amqp.management", name: "self" };
  const refused: [Record<string, string | number>, AmqpValue, number, RegExp][] = [
    [{}, null, 400, /No 'operation'/],
    [{ operation: "QUERY", entityType: "nope", ...self }, null, 400, /No such entity type 'nope'/],
    [{ operation: "QUERY", ...self }, "text", 400, /body/],
    [{ operation: "QUERY", ...self }, map([["attributeNames", "id"]]), 400, /body/],
    [{ operation: "QUERY", ...self, offset: -1 }, null, 400, /'offset'/],
    [{ operation: "QUERY", ...self, count: "x" }, null, 400, /'count'/],
    [{ operation: "QUERY", entityType: 5 }, null, 400, /'entityType'/],
    [{ operation: "READ", type: "router" }, null, 400, /No name or identity/],
    [{ operation: "READ", type: "router", identity: "nope" }, null, 404, /No entity with identity=nope/],
    [{ operation: "READ", type: "nope", identity: "x" }, null, 400, /No such entity type/],
    [{ operation: "DELETE", type: "router", identity: "router/A" }, null, 501, /'DELETE' not implemented/],
    [{ operation: "CREATE", type: "nope", name: "x" }, null, 400, /No such entity type/],
    [{ operation: "PROFILE", ...self }, null, 501, /'PROFILE' not implemented/],
    [{ operation: "GET-LOG", ...self }, null, 403, /^Forbidden: the log/],
  ];
  for (const [properties, body, status, description] of refused) {
    const given = ask(properties, body);
    assert.equal(given.status, status, JSON.stringify(properties));
    assert.match(given.description, description);
    assert.deepEqual(given.body, map([]));
  }
});

Deno.test("the nodes that can be asked are all interiors; an edge names itself", () => {
  const nodes = (of: ManagedRouter) => plain(ask({ operation: "GET-MGMT-NODES" }, null, of).body);
  assert.deepEqual(nodes(router()), ["A", "B", "C"].map((id) => `amqp:/_topo/0/${id}/$management`));
  assert.deepEqual(nodes(router({ id: "E", role: "edge", nodes: () => [] })), ["amqp:/_edge/E/$management"]);
});
