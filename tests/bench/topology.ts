/**
 * Edge, one or more interiors in a line, and edge, over mutual TLS on loopback: processes of ours, or of the C router.
 * Both use the same credentials and lead to the same servers.
 */

import {
  edgeConnector,
  edgeListener,
  interiorConnector,
  interiorListener,
  router,
  startRouter,
  tcpService,
  tlsProfile,
} from "../support/c_router.ts";
import { freePort } from "../support/ports.ts";
import { type Process, untilListening } from "../support/processes.ts";
import {
  edgeFolder,
  type InteriorFolder,
  interiorFolder,
  linkInteriors,
  type Service,
} from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";

/** What the names of interiors begin with. */
const HUB = "hub";

/** A running topology: where clients connect, and its processes. */
export interface Topology extends AsyncDisposable {
  readonly name: string;
  /** Ports of the listening edge, by key. */
  readonly ports: Readonly<Record<string, number>>;
  readonly processes: readonly Process[];
  /** Those of them that are interiors. */
  readonly interiors: readonly Process[];
  /** Ports at which interiors tell their metrics; none of the C router's. */
  readonly metrics: readonly number[];
  /** One more edge with nothing to do but to wait at a listener. */
  readonly idle: { readonly port: number; start(): Promise<Process> };
  /** For one more interior: a link file for the first one, its port, and the router id of the last one. */
  readonly neighbour: { readonly link: string; readonly port: number; readonly farthest: string };
}

/** What a load is put on. */
export type Subject = Pick<Topology, "name" | "ports" | "processes">;

/** Folders and credentials that both topologies share. */
export interface Ground {
  readonly dir: string;
  /** In a line, each linked to the one before. */
  readonly hubs: readonly [InteriorFolder, ...InteriorFolder[]];
  /** Link file for one more interior. */
  readonly link: string;
  /** Servers, by key. */
  readonly targets: readonly Service[];
}

/** Makes folders and credentials in `dir`, for a line of `interiors`. */
export async function prepare(dir: string, targets: readonly Service[], interiors = 1): Promise<Ground> {
  const hubs: [InteriorFolder, ...InteriorFolder[]] = [await interiorFolder(`${dir}/${HUB}`, HUB)];
  for (let at = 1; at < interiors; at++) {
    const next = await interiorFolder(`${dir}/${HUB}-${at}`, `${HUB}-${at}`);
    await linkInteriors(next, hubs[at - 1]);
    hubs.push(next);
  }
  const asker = await interiorFolder(`${dir}/asker`, "asker");
  await linkInteriors(asker, hubs[0]);
  return { dir, hubs, targets, link: await Deno.readTextFile(`${asker.dir}/link-${nameOf(hubs[0])}.yaml`) };
}

/** Starts ours. */
export async function tendrilTopology({ dir, hubs, targets, link }: Ground): Promise<Topology> {
  const [hub] = hubs;
  const listeners = targets.map(({ key }) => ({ key, port: freePort() }));
  await edgeFolder(`${dir}/west`, "west", hub, { listeners });
  await edgeFolder(`${dir}/east`, "east", hubs.at(-1)!, { connectors: targets });
  const names = [HUB, "west", "east", ...hubs.slice(1).map(nameOf)];
  const interiors = new Map(hubs.map((hub) => [nameOf(hub), freePort()]));
  const processes = names.map((name) => {
    const port = interiors.get(name);
    return startTendril(name, ["run", `${dir}/${name}`, ...(port === undefined ? [] : ["--metrics", `${port}`])]);
  });
  const idle = { key: targets[0].key, port: freePort() };
  await edgeFolder(`${dir}/idle`, "idle", hub, { listeners: [idle] });
  return await ready("tendril", processes, listeners, [...interiors.values()], {
    port: idle.port,
    start: () => Promise.resolve(startTendril("idle", ["run", `${dir}/idle`])),
  }, { link, port: hub.interRouterPort, farthest: nameOf(hubs.at(-1)!) });
}

/** Starts the C router's. */
export async function skrouterdTopology(binary: string, { dir, hubs, targets, link }: Ground): Promise<Topology> {
  const folder = `${dir}/skrouterd`;
  await Deno.mkdir(folder);
  const edgeTls = {
    west: await tlsProfile(folder, `${dir}/west/link.yaml`, "west-"),
    east: await tlsProfile(folder, `${dir}/east/link.yaml`, "east-"),
  };
  const ports = hubs.map(() => ({ edge: freePort(), interRouter: freePort() }));
  const listeners = targets.map(({ key }) => ({ key, port: freePort() }));
  const idle = { key: targets[0].key, port: freePort() };
  const edge = (name: string, side: "west" | "east", services: readonly string[]) => {
    const { edge: port } = side === "west" ? ports[0] : ports.at(-1)!;
    return startRouter(binary, folder, name, [router("edge", name), edgeTls[side], edgeConnector(port), ...services]);
  };
  const interiors: Process[] = [];
  for (const [at, hub] of hubs.entries()) {
    const name = nameOf(hub);
    // The credentials of its link to the one before are trusted there, its own are what the others trust.
    const own = await tlsProfile(folder, `${hub.dir}/Secret-${name}.yaml`, `${name}-`);
    const link = at === 0 ? [] : [
      await tlsProfile(folder, `${hub.dir}/link-${nameOf(hubs[at - 1])}.yaml`, `${name}-link-`, "link"),
      interiorConnector("back", ports[at - 1].interRouter, "link"),
    ];
    const listening = [edgeListener(ports[at].edge), interiorListener(ports[at].interRouter)];
    interiors.push(await startRouter(binary, folder, name, [router("interior", name), own, ...listening, ...link]));
  }
  const processes = [
    interiors[0],
    await edge("west", "west", listeners.map((service) => tcpService("tcpListener", service))),
    await edge("east", "east", targets.map((service) => tcpService("tcpConnector", service))),
    ...interiors.slice(1),
  ];
  return await ready("skrouterd", processes, listeners, [], {
    port: idle.port,
    start: () => edge("idle", "west", [tcpService("tcpListener", idle)]),
  }, { link, port: ports[0].interRouter, farthest: nameOf(hubs.at(-1)!) });
}

async function ready(
  name: string,
  processes: readonly Process[],
  listeners: readonly Service[],
  metrics: readonly number[],
  idle: Topology["idle"],
  neighbour: Topology["neighbour"],
): Promise<Topology> {
  const stop = async () => {
    await Promise.all(processes.map((process) => process.stop()));
  };
  try {
    for (const { port } of listeners) await untilListening(port, processes[1], 30_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name,
    processes,
    interiors: processes.filter(({ name }) => name.startsWith(HUB)),
    metrics,
    idle,
    neighbour,
    ports: Object.fromEntries(listeners.map(({ key, port }) => [key, port])),
    [Symbol.asyncDispose]: stop,
  };
}

function nameOf({ dir }: InteriorFolder): string {
  return dir.slice(dir.lastIndexOf("/") + 1);
}
