/** What must hold in every mesh: flows between all edges, and what the C routers in it say of the others. */

import assert from "node:assert/strict";
import { exchange, expected, pattern } from "../support/exchange.ts";
import { closeQuietly, connect, readExactly, writeAll } from "../support/tcp.ts";
import { tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";
import { complaints } from "./complaints.ts";
import { isAdjacent, isNextHop, leadsThrough, leastCosts } from "./least_cost.ts";
import { type Edge, type Interior, keyOf, type Mesh, type Pair } from "./mesh.ts";
import { table } from "./router_view.ts";

const MIB = 1024 * 1024;
/** Time in which new flows must work again after a router or a link is gone, in ms. */
export const HEALED_MS = 5000;
/** Pause before a flow is tried again. */
const RETRY_MS = 100;
/** Time after which a flow on loopback is given up. */
const STUCK_MS = 1000;
const PAYLOAD = pattern(1000);
/** C routers tell each other of changes in steps of 4 s while the network is in flux. */
const CONVERGENCE_MS = 30_000;

/** True when a flow of `pair` comes through now, within `limitMs`. */
export async function flows({ port }: Pair, limitMs = STUCK_MS): Promise<boolean> {
  const conn = await connect(port).catch(() => undefined);
  if (conn === undefined) return false;
  // One that got stuck in a router that is gone tells nothing about the next one.
  const timer = setTimeout(() => closeQuietly(conn), limitMs);
  try {
    await writeAll(conn, PAYLOAD);
    return await readExactly(conn, PAYLOAD.length);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    closeQuietly(conn);
  }
}

/** Waits until a new flow of every pair has come through; resolves with the time that took, in ms. */
export async function untilAllFlow(pairs: readonly Pair[], limitMs = CONVERGENCE_MS): Promise<number> {
  const start = performance.now();
  const deadline = start + limitMs;
  let failing = pairs;
  for (;;) {
    const works = await Promise.all(failing.map((pair) => flows(pair)));
    failing = failing.filter((_, at) => !works[at]);
    if (failing.length === 0) return performance.now() - start;
    assert.ok(performance.now() < deadline, `no flow: ${failing.map(({ from, to }) => `${from} to ${to}`).join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Resolves once `edge`, a Tendril, uses one of its two homes and could use the other. */
export async function untilBothHomesAreUp({ dir }: Edge): Promise<void> {
  await until(async () => {
    const { stdout } = await tendril("link", "status", "--dir", dir);
    return /\bactive\b/.test(stdout) && /\bstandby\b/.test(stdout);
  }, CONVERGENCE_MS);
}

/** Every pair carries 1 MiB each way at once, unchanged. */
export async function allPairsEcho(pairs: readonly Pair[]): Promise<void> {
  await Promise.all(pairs.map(async ({ from, to, port }) => {
    const conn = await connect(port);
    assert.deepEqual(await exchange(conn, MIB), expected(MIB), `${from} to ${to}`);
    conn.close();
  }));
}

/** Waits until the paths of every C interior are the cheapest ones, then compares its tables with the mesh. */
export async function cRoutersAgree(mesh: Mesh, gone: readonly number[] = []): Promise<void> {
  for (const node of mesh.cInteriors) {
    let fault: unknown;
    await until(async () => {
      fault = await pathsAgree(mesh, node, gone).then(() => undefined, (error) => error);
      return fault === undefined;
    }, CONVERGENCE_MS).catch(() => {
      throw fault;
    });
    await peersAgree(mesh, node);
    await addressesAgree(mesh, node);
  }
}

/** No C router has a complaint about Tendril, and Tendril none about the network. */
export function nobodyComplains(mesh: Mesh): void {
  const theirs = mesh.nodes.filter(({ kind }) => kind === "C").map(({ name }) => name);
  // C routers are also unknown to each other while a network forms.
  const isAmongThem = (line: string) => theirs.some((name) => line.endsWith(`unknown router with router id ${name}`));
  for (const { name, kind, process } of mesh.nodes) {
    const log = process!.output();
    const lines = kind === "C"
      ? complaints(log).filter((line) => !isAmongThem(line))
      : log.split("\n").filter((line) => line.includes('"level":"error"'));
    assert.deepEqual(lines, [], name);
  }
}

/** Costs, next hops and neighbours of all interiors, as `node` sees them. */
async function pathsAgree(mesh: Mesh, node: Interior, gone: readonly number[]): Promise<void> {
  const costs = leastCosts(mesh.shape, gone);
  const names = mesh.interiors.map(({ name }) => name);
  const self = names.indexOf(node.name);
  const view = await table(mesh.binary, node.folder.amqpPort, "-n");
  const present = names.filter((_, at) => !gone.includes(at));
  assert.deepEqual(view.map((row) => row["router-id"]).sort(), [...present].sort(), node.name);
  for (const row of view) {
    const to = names.indexOf(row["router-id"]);
    const where = `${node.name} to ${row["router-id"]}`;
    assert.deepEqual(named(row.neighbors), present.filter((name) => isAdjacent(costs, to, names.indexOf(name))), where);
    if (to === self) continue;
    assert.equal(Number(row.cost), costs.path[self][to], where);
    const hop = row["next-hop"] === "-" ? to : names.indexOf(row["next-hop"]);
    assert.ok(isNextHop(costs, self, hop, to), `${where} by ${row["next-hop"]}`);
    const origins = present.filter((name) => leadsThrough(costs, names.indexOf(name), self, to));
    assert.deepEqual(named(row["valid-origins"]), origins, where);
  }
}

/** The names in a list that Python has printed, sorted. */
function named(list: string): string[] {
  return [...list.matchAll(/'([^']+)'/g)].map(([, name]) => name).sort();
}

/** A control connection with all its links for every neighbour, one connection for every edge. */
async function peersAgree(mesh: Mesh, node: Interior): Promise<void> {
  const connections = await table(mesh.binary, node.folder.amqpPort, "-c");
  const links = await table(mesh.binary, node.folder.amqpPort, "-l");
  for (const { name } of mesh.neighboursOf(node)) {
    const control = connections.filter(({ container, role }) => container === name && role === "inter-router");
    assert.equal(control.length, 1, `connections of ${node.name} with ${name}`);
    const here = links.filter((link) => link["conn id"] === control[0].id);
    for (const direction of ["in", "out"]) {
      const of = (type: string) => here.filter((link) => link.type === type && link.dir === direction);
      assert.equal(of("router-control").length, 1, `control links of ${node.name} with ${name}: ${direction}`);
      // Links for streams may be among them.
      const priorities = new Set(of("inter-router").map(({ pri }) => pri));
      assert.equal(priorities.size, 10, `priorities of ${node.name} with ${name}: ${direction}`);
    }
  }
  for (const { name, homes } of mesh.edges) {
    const roles = connections.filter(({ container }) => container === name).map(({ role }) => role);
    assert.deepEqual(roles, homes.includes(node) ? ["edge"] : [], `connections of ${node.name} with ${name}`);
  }
}

/** All other interiors, and the keys of all edges, can be reached. */
async function addressesAgree(mesh: Mesh, node: Interior): Promise<void> {
  const addresses = await table(mesh.binary, node.folder.amqpPort, "-a");
  const known = (type: string, name: string, where: readonly string[]) =>
    addresses.some((row) => row.class === type && row.addr === name && where.some((column) => Number(row[column]) > 0));
  for (const { name, process } of mesh.interiors) {
    if (name !== node.name && process !== undefined) {
      assert.ok(known("router", name, ["remote"]), `${name} at ${node.name}`);
    }
  }
  for (const { name } of mesh.edges) {
    assert.ok(known("mobile", keyOf(name), ["local", "remote"]), `${keyOf(name)} at ${node.name}`);
  }
}
