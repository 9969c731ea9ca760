/**
 * Edge, interior, edge over mutual TLS on loopback: three processes of ours, or three of the C router. Both use the
 * same credentials and lead to the same servers.
 */

import { freePort, type Process, start, untilListening } from "../support/processes.ts";
import { edgeFolder, type InteriorFolder, interiorFolder, type Service } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";

/** A running topology: where clients connect, and its processes. */
export interface Topology extends AsyncDisposable {
  readonly name: string;
  /** Ports of the listening edge, by key. */
  readonly ports: Readonly<Record<string, number>>;
  readonly processes: readonly Process[];
  /** One more edge with nothing to do but to wait at a listener. */
  readonly idle: { readonly port: number; start(): Process };
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
    start: () => startTendril("idle", ["run", `${dir}/idle`]),
  });
}

/** Starts the C router's. */
export async function skrouterdTopology(binary: string, { dir, targets }: Ground): Promise<Topology> {
  const folder = `${dir}/skrouterd`;
  await Deno.mkdir(folder);
  const tls = await profile(folder, `${dir}/west/link.yaml`);
  const hubTls = await profile(folder, `${dir}/hub/Secret-hub.yaml`, "hub-");
  const edgePort = freePort();
  const listeners = targets.map(({ key }) => ({ key, port: freePort() }));
  const idle = { key: targets[0].key, port: freePort() };
  const configs = {
    hub: [
      "router {\n mode: interior\n id: hub\n workerThreads: 2\n}",
      hubTls,
      `listener {\n role: edge\n host: 127.0.0.1\n port: ${edgePort}\n sslProfile: tls\n saslMechanisms: EXTERNAL\n authenticatePeer: yes\n requireSsl: yes\n}`,
    ],
    west: [...edge("west", tls, edgePort), ...listeners.map((service) => entity("tcpListener", service))],
    east: [...edge("east", tls, edgePort), ...targets.map((service) => entity("tcpConnector", service))],
    idle: [...edge("idle", tls, edgePort), entity("tcpListener", idle)],
  };
  for (const [name, sections] of Object.entries(configs)) {
    await Deno.writeTextFile(`${folder}/${name}.conf`, `${sections.join("\n")}\n`);
  }
  const router = (name: string) => start(name, binary, ["-c", `${folder}/${name}.conf`]);
  const processes = ["hub", "west", "east"].map(router);
  return await ready("skrouterd", processes, listeners, { port: idle.port, start: () => router("idle") });
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

function edge(id: string, tls: string, port: number): string[] {
  return [
    `router {\n mode: edge\n id: ${id}\n workerThreads: 2\n}`,
    tls,
    // The C router looks for the name among the DNS names only, where our certificates list addresses too.
    `connector {\n role: edge\n host: localhost\n port: ${port}\n sslProfile: tls\n}`,
  ];
}

function entity(kind: "tcpListener" | "tcpConnector", { key, port }: Service): string {
  // A C router with an observer would parse every byte for its flow records: switched off to compare like with like.
  const observer = kind === "tcpListener" ? " observer: none\n" : "";
  return `${kind} {\n name: ${key}\n address: ${key}\n host: 127.0.0.1\n port: ${port}\n${observer}}`;
}

/** Writes the credentials of a Secret as files and returns the sslProfile that names them. */
async function profile(folder: string, file: string, prefix = ""): Promise<string> {
  const text = await Deno.readTextFile(file);
  const read = (name: string) => atob(new RegExp(`${name}: *"?([A-Za-z0-9+/=]+)`).exec(text)?.[1] ?? "");
  const names = { caCertFile: "ca\\.crt", certFile: "tls\\.crt", privateKeyFile: "tls\\.key" };
  const lines: string[] = [];
  for (const [attribute, key] of Object.entries(names)) {
    const path = `${folder}/${prefix}${attribute}.pem`;
    await Deno.writeTextFile(path, read(key), { mode: 0o600 });
    lines.push(` ${attribute}: ${path}`);
  }
  return `sslProfile {\n name: tls\n${lines.join("\n")}\n}`;
}
