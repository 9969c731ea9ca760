import assert from "node:assert/strict";
import { Capacity } from "./capacity.ts";
import { RemoteNode } from "./remote_node.ts";
import { MAX_ADDRESSES, MAX_ALL_ADDRESSES, MAX_NAMED_PEERS, MAX_ROUTERS } from "./timing.ts";

function network(routers: number) {
  const nodes = new Map(Array.from({ length: routers }, (_, at) => [`r${at}`, new RemoteNode(`r${at}`, 0)]));
  const problems: string[] = [];
  const capacity = new Capacity(nodes, (code, { router }) => problems.push(`${code} ${router}`));
  return { nodes, capacity, problems, first: nodes.get("r0")! };
}

/** As many addresses as `count`, without the memory. */
function addresses(count: number): Map<string, never> {
  return Object.defineProperty(new Map<string, never>(), "size", { value: count });
}

Deno.test("one router too many is refused, and told once until another one is forgotten", () => {
  const { nodes, capacity, problems } = network(MAX_ROUTERS - 1);
  assert.ok(capacity.takesRouter("last"));
  nodes.set("last", new RemoteNode("last", 0));
  assert.equal(capacity.takesRouter("one more"), false);
  assert.equal(capacity.takesRouter("yet another"), false);
  assert.deepEqual(problems.splice(0), ["ROUTER_LIMIT one more"]);
  nodes.delete("last");
  capacity.freed();
  assert.ok(capacity.takesRouter("one more"));
  nodes.set("one more", new RemoteNode("one more", 0));
  assert.equal(capacity.takesRouter("late"), false);
  assert.deepEqual(problems, ["ROUTER_LIMIT late"]);
});

Deno.test("the neighbours that all routers name are counted together", () => {
  const { nodes, capacity, problems, first } = network(2);
  nodes.get("r1")!.peers = new Map([["a", 1], ["b", 1]]);
  assert.ok(capacity.takesPeers(first, MAX_NAMED_PEERS - 2));
  assert.equal(capacity.takesPeers(first, MAX_NAMED_PEERS - 1), false);
  assert.deepEqual(problems, ["ROUTER_LIMIT r0"]);
});

Deno.test("the addresses of one router are counted, and those of all; fewer than before are always taken", () => {
  const { nodes, capacity, problems, first } = network(4);
  assert.ok(capacity.takesAddresses(first, MAX_ADDRESSES));
  assert.equal(capacity.takesAddresses(first, MAX_ADDRESSES + 1), false);
  nodes.get("r1")!.addresses = addresses(MAX_ADDRESSES);
  nodes.get("r2")!.addresses = addresses(MAX_ADDRESSES);
  const left = MAX_ALL_ADDRESSES - 2 * MAX_ADDRESSES;
  assert.ok(capacity.takesAddresses(first, left));
  assert.equal(capacity.takesAddresses(first, left + 1), false);
  first.addresses = addresses(left + 5);
  assert.ok(capacity.takesAddresses(first, left + 4));
  assert.deepEqual(problems, ["ROUTER_ADDRESSES r0"]);
});
