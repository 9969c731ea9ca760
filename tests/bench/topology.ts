/**
 * Edge, interior, edge over mutual TLS on loopback: three processes of ours, or three of the C router. Both use the
 * same credentials and lead to the same servers.
 */

import { edgeConnector, edgeListener, router, startRouter, tcpService, tlsProfile } from "../support/c_router.ts";
import { freePort, type Process, untilListening } from "../support/processes.ts";
import { edgeFolder, type InteriorFolder, interiorFolder, type Service } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";

/** A running topology: where clients connect, and its processes. */
export interface Topology extends AsyncDisposable {
  readonly name: string;
  /** Ports of the listening edge, by key. */
  readonly ports: Readonly<Record<string, number>>;
  readonly processes: readonly Process[];
  /** One more edge with nothing to do but to wait at a listener. */
  readonly idle: { readonly port: number; start(): Promise<Process> };
}

/** Folders and credentials that both topologies share. */
export interface Ground {
  readonly dir: string;
  readonly hub: InteriorFolder;
  /** Servers, by key. */
  readonly targets: readonly Service[];
}

/** Makes folders and credentials in `dir`. */
export async function prepare(dir: string, targets: readonly Service[]): Promise<Ground> {
  return { dir, hub: await interiorFolder(`${dir}/hub`), targets };
}

/** Starts ours. */
export async function tendrilTopology({ dir, hub, targets }: Ground): Promise<Topology> {
  const listeners = targets.map(({ key }) => ({ key, port: freePort() }));
  await edgeFolder(`${dir}/west`, "west", hub, { listeners });
  await edgeFolder(`${dir}/east`, "east", hub, { connectors: targets });
  const processes = ["hub", "west", "east"].map((name) => startTendril(name, ["run", `${dir}/${name}`]));
  const idle = { key: targets[0].key, port: freePort() };
  await edgeFolder(`${dir}/idle`, "idle", hub, { listeners: [idle] });
  return await ready("tendril", processes, listeners, {
    port: idle.port,
    start: () => Promise.resolve(startTendril("idle", ["run", `${dir}/idle`])),
  });
}

/** Starts the C router's. */
export async function skrouterdTopology(binary: string, { dir, targets }: Ground): Promise<Topology> {
  const folder = `${dir}/skrouterd`;
  await Deno.mkdir(folder);
  const tls = await tlsProfile(folder, `${dir}/west/link.yaml`);
  const hubTls = await tlsProfile(folder, `${dir}/hub/Secret-hub.yaml`, "hub-");
  const edgePort = freePort();
  const listeners = targets.map(({ key }) => ({ key, port: freePort() }));
  const idle = { key: targets[0].key, port: freePort() };
  const edge = (name: string, services: readonly string[]) =>
    startRouter(binary, folder, name, [router("edge", name), tls, edgeConnector(edgePort), ...services]);
  const processes = [
    await startRouter(binary, folder, "hub", [router("interior", "hub"), hubTls, edgeListener(edgePort)]),
    await edge("west", listeners.map((service) => tcpService("tcpListener", service))),
    await edge("east", targets.map((service) => tcpService("tcpConnector", service))),
  ];
  return await ready("skrouterd", processes, listeners, {
    port: idle.port,
    start: () => edge("idle", [tcpService("tcpListener", idle)]),
  });
}

async function ready(
  name: string,
  processes: readonly Process[],
  listeners: readonly Service[],
  idle: Topology["idle"],
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
    idle,
    ports: Object.fromEntries(listeners.map(({ key, port }) => [key, port])),
    [Symbol.asyncDispose]: stop,
  };
}
