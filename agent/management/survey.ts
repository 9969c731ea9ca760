/**
 * What the network looks like from one router: its routers, the links between them and the addresses they serve, as the
 * routers themselves tell it. The one that is connected knows all interiors; each of those is then asked for its own
 * part, all at the same time. Edges are not asked: their interiors know them.
 */

import { messageOf } from "../lib/errors.ts";
import type { RouterRole } from "../site/spec.ts";
import { managementAddress, type ManagementClient } from "./client.ts";
import type { PlainMap } from "./values.ts";

/** What can be asked; a {@link ManagementClient}. */
export type Asker = Pick<ManagementClient, "query">;

/** One router. */
export interface RouterReport {
  /** Router id. */
  readonly id: string;
  /** What it is to others. */
  readonly role: RouterRole;
  /** Program, such as `tendril` or `skupper-router`; null while nobody is connected to it who could tell. */
  readonly product: string | null;
  /** Of that program. */
  readonly version: string | null;
  /** Cost of the path from here, to which links of edges add nothing; null where no path leads. */
  readonly cost: number | null;
  /** The router next to this one on that path; null for this one and where no path leads. */
  readonly nextHop: string | null;
  /** Why it gave no answer about itself; null when it did, or was not asked, being an edge. */
  readonly silent: string | null;
}

/** One link between two routers. */
export interface LinkReport {
  /** Router id; the edge of an edge's link. */
  readonly from: string;
  /** Router id. */
  readonly to: string;
  /** Cost in that direction; null where nobody tells it. 0 for an edge. */
  readonly cost: number | null;
  /** Cost in the other direction. */
  readonly costBack: number | null;
  /** `half`: one side alone counts it as up. `standby`: of an edge that uses another. */
  readonly state: "up" | "half" | "standby";
}

/** One address that somebody serves. */
export interface AddressReport {
  /** Routing key. */
  readonly address: string;
  /** How messages are spread over those who serve it. */
  readonly treatment: string;
  /** Ids of the routers that serve it themselves. */
  readonly routers: readonly string[];
}

/** How one interior reaches another. */
export interface Way {
  /** The neighbour to go by. */
  readonly nextHop: string;
  /** What it costs. */
  readonly cost: number;
}

/** A whole network. */
export interface Survey {
  /** Id of the router that was asked first. */
  readonly here: string;
  /** This router first, then by cost and id. */
  readonly routers: readonly RouterReport[];
  /** By ids. */
  readonly links: readonly LinkReport[];
  /** By name. */
  readonly addresses: readonly AddressReport[];
  /** The paths of every interior that answered, by its id and that of the destination. */
  readonly ways: ReadonlyMap<string, ReadonlyMap<string, Way>>;
}

/** Addresses by which routers work, not services. */
const INTERNAL = /^M(_|\$|mc\/sfe\.|sfe\.|vfcr\.)/;

/** What one interior says. */
interface Account {
  readonly id: string;
  readonly silent: string | null;
  readonly nodes: readonly PlainMap[];
  readonly connections: readonly PlainMap[];
  readonly links: readonly PlainMap[];
  readonly addresses: readonly PlainMap[];
}

/** Asks `asker`, and through it the network. Throws what it throws when the router that is connected gives no answer. */
export async function survey(asker: Asker): Promise<Survey> {
  const [self = {}] = await asker.query(managementAddress(), "router");
  const here = text(self["id"]);
  const own = await asker.query(managementAddress(), "connection");
  const notes = new Notes();
  notes.program(here, "tendril", text(self["version"]));
  if (self["mode"] !== "edge") {
    const accounts = await interiors(asker, await asker.query(managementAddress(), "router.node", NODE), here);
    return report(here, here, accounts, notes);
  }
  const uplinks = own.filter(({ role, dir }) => role === "edge" && dir === "out");
  for (const uplink of uplinks) notes.connection(uplink);
  const interior = uplinks.find(({ active }) => active === true) ?? {};
  const root = text(interior["container"]);
  if (root === "") return report(here, undefined, [], notes);
  const nodes = await asker.query(managementAddress({ id: root, role: "interior" }), "router.node", NODE)
    .catch((error) => messageOf(error));
  const accounts = typeof nodes === "string" ? [silent(root, nodes)] : await interiors(asker, nodes);
  return report(here, root, accounts, notes);
}

const NODE = ["id", "nextHop", "cost", "linkState"];
const LINK = ["linkType", "linkDir", "owningAddr", "connectionId"];
const ADDRESS = ["name", "distribution", "inProcess"];

/** Everything that the routers named in `nodes` say; `self` is asked as the one that is connected. */
function interiors(asker: Asker, nodes: readonly PlainMap[], self?: string): Promise<Account[]> {
  return Promise.all(nodes.map(async (node): Promise<Account> => {
    const id = text(node["id"]);
    const to = managementAddress(id === self ? undefined : { id, role: "interior" });
    try {
      const [own, connections, links, addresses] = await Promise.all([
        asker.query(to, "router.node", NODE),
        asker.query(to, "connection"),
        asker.query(to, "router.link", LINK),
        asker.query(to, "router.address", ADDRESS),
      ]);
      return { id, silent: null, nodes: own, connections, links, addresses };
    } catch (error) {
      return silent(id, messageOf(error));
    }
  }));
}

function silent(id: string, why: string): Account {
  return { id, silent: why, nodes: [], connections: [], links: [], addresses: [] };
}

function report(here: string, root: string | undefined, accounts: readonly Account[], notes: Notes): Survey {
  for (const account of accounts) notes.account(account);
  const ways = new Map(accounts.map((account) => [account.id, waysOf(account)]));
  const fromRoot = ways.get(root ?? "");
  const costTo = (interior: string) => interior === root ? 0 : fromRoot?.get(interior)?.cost ?? null;
  const routers = new Map<string, RouterReport>();
  const add = (id: string, role: RouterRole, interior: string | undefined, silent: string | null) => {
    if (routers.has(id)) return;
    const { product = null, version = null } = notes.programs.get(id) ?? {};
    const cost = id === here ? 0 : interior === undefined ? null : costTo(interior);
    const nextHop = id === here || cost === null
      ? null
      : here !== root
      ? root ?? null
      : interior === root
      ? id
      : fromRoot?.get(interior ?? "")?.nextHop ?? null;
    routers.set(id, { id, role, product, version, cost, nextHop, silent });
  };
  add(here, here === root ? "interior" : "edge", root, accounts.find(({ id }) => id === here)?.silent ?? null);
  for (const { id, silent } of accounts) add(id, "interior", id, silent);
  for (const [edge, interior] of notes.homes) add(edge, "edge", interior, null);
  const [first, ...rest] = routers.values();
  return {
    here,
    routers: [first, ...rest.sort((one, other) => (one.cost ?? Infinity) - (other.cost ?? Infinity) || by(one, other))],
    links: [...interiorLinks(accounts, ways), ...notes.edgeLinks()],
    addresses: notes.addresses(),
    ways,
  };
}

function by(one: { readonly id: string }, other: { readonly id: string }): number {
  return one.id < other.id ? -1 : 1;
}

/** The paths that `account` tells. */
function waysOf({ id, nodes }: Account): Map<string, Way> {
  const ways = new Map<string, Way>();
  for (const node of nodes) {
    const target = text(node["id"]);
    const cost = node["cost"];
    // A neighbour that is reached by its own link names no next hop.
    if (target !== id && typeof cost === "number") ways.set(target, { nextHop: text(node["nextHop"]) || target, cost });
  }
  return ways;
}

/** One report for each pair of interiors that name each other, or one of which names the other. */
function* interiorLinks(
  accounts: readonly Account[],
  ways: ReadonlyMap<string, ReadonlyMap<string, Way>>,
): Generator<LinkReport> {
  const named = new Map<string, ReadonlySet<string>>();
  for (const account of accounts) {
    const self = account.nodes.find(({ id }) => id === account.id);
    if (self !== undefined) named.set(account.id, new Set(list(self["linkState"])));
  }
  // Of a router that is silent, others know whom it names.
  for (const node of accounts.flatMap(({ nodes }) => nodes)) {
    const id = text(node["id"]);
    if (!named.has(id)) named.set(id, new Set(list(node["linkState"])));
  }
  const cost = (from: string, to: string) => {
    const told = accounts.find(({ id }) => id === from)?.connections
      .filter((row) => row["role"] === "inter-router" && row["container"] === to && typeof row["cost"] === "number")
      .map((row) => Number(row["cost"])) ?? [];
    if (told.length > 0) return Math.min(...told);
    // Others tell the cost of a path alone; where that goes straight to the neighbour, it is the cost of the link.
    const way = ways.get(from)?.get(to);
    return way?.nextHop === to ? way.cost : null;
  };
  const ids = [...named.keys()].sort();
  for (const from of ids) {
    for (const to of ids) {
      const [there, back] = [named.get(from)!.has(to), named.get(to)!.has(from)];
      if (from >= to || !(there || back)) continue;
      yield { from, to, cost: cost(from, to), costBack: cost(to, from), state: there && back ? "up" : "half" };
    }
  }
}

/** What the accounts add up to. */
class Notes {
  /** Program of each router, as it told its peers. */
  readonly programs = new Map<string, { readonly product: string | null; readonly version: string | null }>();
  /** The interior by which each edge is reached. */
  readonly homes = new Map<string, string>();
  readonly #standby: LinkReport[] = [];
  readonly #served = new Map<string, { readonly treatment: string; readonly routers: Set<string> }>();

  program(id: string, product: string | null, version: string | null): void {
    if (!this.programs.has(id)) this.programs.set(id, { product, version });
  }

  /** What a peer said of itself. */
  connection({ container, properties }: PlainMap): void {
    const of = typeof properties === "object" && properties !== null ? properties as PlainMap : {};
    this.program(text(container), text(of["product"]) || null, text(of["version"]) || null);
  }

  account({ id, connections, links, addresses }: Account): void {
    const edges = new Map<string, string>();
    const active = new Set(
      links.filter(({ linkType }) => linkType === "edge-downlink").map((row) => row["connectionId"]),
    );
    for (const row of connections) {
      if (row["role"] === "normal") continue;
      this.connection(row);
      if (row["role"] !== "edge" || row["dir"] !== "in") continue;
      const edge = text(row["container"]);
      edges.set(text(row["identity"]), edge);
      if (active.has(row["identity"] ?? null)) this.homes.set(edge, id);
      else this.#standby.push({ from: edge, to: id, cost: 0, costBack: 0, state: "standby" });
    }
    const treatments = new Map(addresses.map((row) => [text(row["name"]), text(row["distribution"])]));
    const serve = (key: string, router: string) => {
      if (key[0] !== "M" || INTERNAL.test(key)) return;
      const known = this.#served.get(key);
      if (known !== undefined) known.routers.add(router);
      else this.#served.set(key, { treatment: treatments.get(key) ?? "balanced", routers: new Set([router]) });
    };
    for (const row of addresses) if (Number(row["inProcess"]) > 0) serve(text(row["name"]), id);
    for (const { linkType, linkDir, owningAddr, connectionId } of links) {
      if (linkType !== "endpoint" || linkDir !== "out" || typeof owningAddr !== "string") continue;
      serve(owningAddr, edges.get(text(connectionId)) ?? id);
    }
  }

  edgeLinks(): LinkReport[] {
    const active = [...this.homes].map(([from, to]): LinkReport => ({ from, to, cost: 0, costBack: 0, state: "up" }));
    return [...active, ...this.#standby]
      .sort((one, other) => `${one.from} ${one.to}` < `${other.from} ${other.to}` ? -1 : 1);
  }

  addresses(): AddressReport[] {
    return [...this.#served]
      .map(([key, { treatment, routers }]) => ({ address: key.slice(1), treatment, routers: [...routers].sort() }))
      .sort((one, other) => one.address < other.address ? -1 : 1);
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text) : [];
}
