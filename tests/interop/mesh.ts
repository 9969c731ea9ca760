/**
 * Meshes of routers on loopback, mutual TLS everywhere: a {@link Shape} says which interiors and edges there are and
 * how they are linked, a {@link Mesh} has the folders and credentials of all of them, and starts each position as
 * Tendril (T) or as the C router (C). Every edge serves one key and listens for those of all other edges.
 */

import {
  edgeConnector,
  edgeListener,
  interiorConnector,
  interiorListener,
  router,
  section,
  startRouter,
  tcpService,
  tlsProfile,
} from "../support/c_router.ts";
import { freePort } from "../support/ports.ts";
import type { Process } from "../support/processes.ts";
import {
  edgeFolder,
  type InteriorFolder,
  interiorFolder,
  linkInteriors,
  type Service,
} from "../support/site_folder.ts";
import { Relay } from "../support/relay.ts";
import { startTendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

/** Which program plays a position. */
export type Kind = "C" | "T";

/** The interior `from` dials the interior `to`, which has a lower number: those start first. */
export interface ShapeLink {
  readonly from: number;
  readonly to: number;
  readonly cost: number;
}

/** A network without its programs. */
export interface Shape {
  /** Number of interiors; they are called `hub0`, `hub1` and so on. */
  readonly interiors: number;
  readonly links: readonly ShapeLink[];
  /** For each edge, `edge0` and so on, the interiors that it is linked to. */
  readonly edges: readonly (readonly number[])[];
}

/** A way from one edge to another: clients connect to `port`. */
export interface Pair {
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

/** One interior or edge. */
export class Node {
  /** Router id and name of the site. */
  readonly name: string;
  /** What it was started as last. */
  kind: Kind = "T";
  /** The process; it may have ended. */
  process: Process | undefined;
  /** Folder of its resources. */
  readonly dir: string;

  /** Not started. */
  constructor(name: string, dir: string) {
    this.name = name;
    this.dir = dir;
  }

  /** What it has written since it was started. */
  output(): string {
    return this.process?.output() ?? "";
  }

  /** Ends it without warning. */
  async kill(): Promise<void> {
    this.process?.signal("SIGKILL");
    await this.process?.ended;
  }
}

/** An interior with the port for AMQP clients that it opens as either kind. */
export class Interior extends Node {
  /** Folder and ports. */
  readonly folder: InteriorFolder;

  /** Not started. */
  constructor(name: string, folder: InteriorFolder) {
    super(name, folder.dir);
    this.folder = folder;
  }
}

/** An edge with what it serves and wants. */
export class Edge extends Node {
  /** The interiors that it is linked to. */
  readonly homes: readonly Interior[];
  /** Ports for the keys of all other edges. */
  readonly listeners: readonly Service[];
  /** Its own key. */
  readonly connectors: readonly Service[];

  /** Not started. */
  constructor(name: string, dir: string, homes: readonly Interior[], wanted: readonly Service[], served: Service) {
    super(name, dir);
    this.homes = homes;
    this.listeners = wanted;
    this.connectors = [served];
  }
}

/** See the head of the file. */
export class Mesh implements AsyncDisposable {
  /** By number. */
  readonly interiors: Interior[] = [];
  /** By number. */
  readonly edges: Edge[] = [];
  /** Every ordered pair of edges. */
  readonly pairs: Pair[] = [];
  /** One for each link of the shape, where links were to be cut. */
  readonly relays: Relay[] = [];
  /** Further flags of `deno` for edges that are Tendrils. */
  flags: readonly string[] = [];
  #shape: Shape;
  readonly #dir: string;
  /** The C router. */
  readonly binary: string;

  private constructor(shape: Shape, dir: string, binary: string) {
    this.#shape = shape;
    this.#dir = dir;
    this.binary = binary;
  }

  /**
   * Makes the folders of all sites; what edges serve is at `target`, the C router is `binary`. Links between interiors
   * that are `relayed` can be cut.
   */
  static async create(shape: Shape, target: number, binary: string, relayed = false): Promise<Mesh> {
    const mesh = new Mesh(shape, await Deno.makeTempDir(), binary);
    const folders = await Promise.all(
      Array.from({ length: shape.interiors }, (_, at) => interiorFolder(`${mesh.#dir}/hub${at}`, `hub${at}`)),
    );
    mesh.interiors.push(...folders.map((folder, at) => new Interior(`hub${at}`, folder)));
    for (const link of shape.links) await mesh.#link(link, relayed);
    mesh.edges.push(...await Promise.all(shape.edges.map((homes, at) => mesh.#edge(at, homes, target))));
    return mesh;
  }

  /** What it looks like, with the costs of now. */
  get shape(): Shape {
    return this.#shape;
  }

  /** Gives the link number `at` another cost, which counts when the interior that dials it starts the next time. */
  async price(at: number, cost: number): Promise<void> {
    const links = this.shape.links.map((link, other) => other === at ? { ...link, cost } : link);
    this.#shape = { ...this.shape, links };
    const { from, to } = links[at];
    const file = `${this.interiors[from].dir}/link-${this.interiors[to].name}.yaml`;
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, text.replace(/^ {2}cost: \d+$/m, `  cost: ${cost}`));
  }

  /** Starts all: `interiors` and `edges` have a letter for each. Resolves when the ports are open. */
  async start(interiors: string, edges: string): Promise<void> {
    for (const [nodes, kinds] of [[this.interiors, interiors], [this.edges, edges]] as const) {
      for (const [at, node] of nodes.entries()) node.kind = kinds[at] === "C" ? "C" : "T";
    }
    // A C router that finds nobody tries again after seconds only: whom it dials has to be there before.
    await Promise.all(this.interiors.filter(({ kind }) => kind === "T").map((node) => this.startInterior(node)));
    for (const node of this.interiors) if (node.kind === "C") await this.startInterior(node);
    await Promise.all(this.edges.map((node) => this.startEdge(node)));
  }

  /** Starts one interior as what it is; resolves when its ports are open. */
  async startInterior(node: Interior): Promise<void> {
    const { folder: { interRouterPort } } = node;
    if (node.kind === "T") node.process = this.#tendril(node);
    else node.process = await startRouter(this.binary, this.#dir, node.name, await this.#interiorSections(node));
    const sign = node.kind === "T" ? `127.0.0.1:${interRouterPort}"` : `Listening on 127.0.0.1:${interRouterPort}`;
    await until(() => node.output().includes(sign), 20_000);
  }

  /** Starts one edge as what it is. */
  async startEdge(node: Edge): Promise<void> {
    if (node.kind === "T") node.process = this.#tendril(node, this.flags);
    else node.process = await startRouter(this.binary, this.#dir, node.name, await this.#edgeSections(node));
  }

  /** All that were started. */
  get nodes(): Node[] {
    return [...this.interiors, ...this.edges].filter(({ process }) => process !== undefined);
  }

  /** Interiors that are C routers. */
  get cInteriors(): Interior[] {
    return this.interiors.filter(({ kind, process }) => kind === "C" && process !== undefined);
  }

  /** Interiors that a link joins to `node`. */
  neighboursOf(node: Interior): Interior[] {
    const at = this.interiors.indexOf(node);
    return this.shape.links.flatMap(({ from, to }) => from === at ? [to] : to === at ? [from] : [])
      .map((other) => this.interiors[other]);
  }

  /** Runs a step of `t`; when it fails, everybody's last words are shown. Resolves with whether it passed. */
  step(t: Deno.TestContext, name: string, body: () => Promise<void>): Promise<boolean> {
    return t.step(name, async () => {
      try {
        await body();
      } catch (error) {
        console.error(this.logs());
        throw error;
      }
    });
  }

  /** Resolves when the relayed link number `at` is connected again. */
  async linked(at: number): Promise<void> {
    await until(() => this.relays[at].connections > 0, 20_000);
  }

  /** What every process said last, for a test that failed. */
  logs(): string {
    return this.nodes.map((node) => `--- ${node.name} (${node.kind})\n${node.output().slice(-2500)}`).join("\n");
  }

  /** Ends all processes; the folders stay for the next start. */
  async stop(): Promise<void> {
    const nodes = this.nodes;
    for (const { process } of nodes) process?.signal("SIGCONT");
    await Promise.all(nodes.map(({ process }) => process?.stop()));
    for (const node of nodes) node.process = undefined;
  }

  /** Ends all, and removes the folders. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const relay of this.relays) relay[Symbol.dispose]();
    await Deno.remove(this.#dir, { recursive: true });
  }

  #tendril(node: Node, flags: readonly string[] = []): Process {
    return startTendril(node.name, ["run", node.dir, "--log-format", "json"], { flags });
  }

  async #link({ from, to, cost }: ShapeLink, relayed: boolean): Promise<void> {
    const [near, far] = [this.interiors[from], this.interiors[to]];
    await linkInteriors(near, far.folder, cost);
    if (!relayed) return;
    const relay = new Relay(far.folder.interRouterPort);
    this.relays.push(relay);
    const file = `${near.dir}/link-${far.name}.yaml`;
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, text.replaceAll(`${far.folder.interRouterPort}`, `${relay.port}`));
  }

  async #edge(at: number, homes: readonly number[], target: number): Promise<Edge> {
    const name = `edge${at}`;
    const pairs = this.shape.edges.flatMap((_, other) => other === at ? [] : [pairOf(name, `edge${other}`)]);
    this.pairs.push(...pairs);
    const wanted = pairs.map(({ to, port }) => ({ key: keyOf(to), port }));
    const served = { key: keyOf(name), port: target };
    const edge = new Edge(name, `${this.#dir}/${name}`, homes.map((home) => this.interiors[home]), wanted, served);
    const [first, ...more] = edge.homes;
    await edgeFolder(edge.dir, name, first.folder, edge);
    for (const home of more) await linkInteriors(edge, home.folder);
    return edge;
  }

  async #interiorSections(node: Interior): Promise<string[]> {
    const { name, folder: { dir, edgePort, interRouterPort, amqpPort } } = node;
    const sections = [
      router("interior", name),
      await tlsProfile(this.#dir, `${dir}/Secret-${name}.yaml`, `${name}-`),
      edgeListener(edgePort),
      interiorListener(interRouterPort),
      section("listener", { role: "normal", host: "127.0.0.1", port: amqpPort, saslMechanisms: "ANONYMOUS" }),
      // As Skupper configures it.
      section("address", { prefix: "mc", distribution: "multicast" }),
    ];
    for (const [at, { from, to, cost }] of this.shape.links.entries()) {
      if (this.interiors[from] !== node) continue;
      const other = this.interiors[to];
      const port = this.relays[at]?.port ?? other.folder.interRouterPort;
      const profile = `tls-${other.name}`;
      sections.push(await tlsProfile(this.#dir, `${dir}/link-${other.name}.yaml`, `${name}-${other.name}-`, profile));
      sections.push(interiorConnector(`to-${other.name}`, port, profile, cost));
    }
    return sections;
  }

  async #edgeSections({ name, dir, homes, listeners, connectors }: Edge): Promise<string[]> {
    const sections = [router("edge", name)];
    for (const [at, home] of homes.entries()) {
      const profile = `tls-${home.name}`;
      const file = at === 0 ? "link.yaml" : `link-${home.name}.yaml`;
      sections.push(await tlsProfile(this.#dir, `${dir}/${file}`, `${name}-${home.name}-`, profile));
      sections.push(edgeConnector(home.folder.edgePort, `to-${home.name}`, profile));
    }
    return [
      ...sections,
      ...listeners.map((service) => tcpService("tcpListener", service)),
      ...connectors.map((service) => tcpService("tcpConnector", service)),
    ];
  }
}

function pairOf(from: string, to: string): Pair {
  return { from, to, port: freePort() };
}

/** The key that `edge` serves. */
export function keyOf(edge: string): string {
  return `svc-${edge}`;
}
