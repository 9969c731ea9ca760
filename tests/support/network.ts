/** Edge, interior and edge as real processes with mutual TLS: what most tests across the network stand on. */

import { freePort } from "./ports.ts";
import { type Process, untilListening } from "./processes.ts";
import { edgeFolder, type InteriorFolder, interiorFolder } from "./site_folder.ts";
import { type StartOptions, startTendril } from "./tendril.ts";

/** A running network. */
export interface Network {
  /** Ports of the west edge's listeners, by key. */
  readonly ports: Readonly<Record<string, number>>;
  /** Folder and ports of the interior. */
  readonly hubFolder: InteriorFolder;
  /** Folder of the west edge. */
  readonly westDir: string;
  /** The interior that runs now. */
  readonly hub: () => Process;
  /** The edge with the listeners. */
  readonly west: Process;
  /** The edge with the connectors. */
  readonly east: Process;
  /** Kills the interior, then starts it again. */
  restartHub(): Promise<void>;
  /** Starts the interior again, which has ended. */
  startHub(): void;
}

/** How the network differs from the plainest. */
export interface NetworkOptions {
  /** `spec.type` of all services; TCP by default. */
  readonly type?: string;
  /** That of the connectors, where it is another. */
  readonly connectorType?: string;
  /** How the interior is started. */
  readonly hub?: StartOptions;
  /** How the west edge is started. */
  readonly west?: StartOptions;
  /** How the east edge is started. */
  readonly east?: StartOptions;
  /** False when some listeners may stay shut at first. Default true: waits for all of them. */
  readonly untilOpen?: boolean;
}

/** Runs `body` in a network whose west edge listens for the keys of `targets` and whose east edge leads to their ports. */
export async function withNetwork(
  targets: Readonly<Record<string, number>>,
  body: (network: Network) => Promise<void>,
  options: NetworkOptions = {},
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const hubFolder = await interiorFolder(`${dir}/hub`);
  const ports = Object.fromEntries(Object.keys(targets).map((key) => [key, freePort()]));
  const { type, connectorType = type } = options;
  const services = (ports: Readonly<Record<string, number>>, type: string | undefined) =>
    Object.entries(ports).map(([key, port]) => ({ key, port, type }));
  await edgeFolder(`${dir}/west`, "west", hubFolder, { listeners: services(ports, type) });
  await edgeFolder(`${dir}/east`, "east", hubFolder, { connectors: services(targets, connectorType) });
  const startSite = (name: "hub" | "west" | "east") => startTendril(name, ["run", `${dir}/${name}`], options[name]);
  let hub = startSite("hub");
  const west = startSite("west");
  const east = startSite("east");
  try {
    if (options.untilOpen !== false) {
      for (const port of Object.values(ports)) await untilListening(port, west, 30_000);
    }
    await body({
      ports,
      hubFolder,
      westDir: `${dir}/west`,
      hub: () => hub,
      west,
      east,
      startHub: () => hub = startSite("hub"),
      restartHub: async () => {
        hub.signal("SIGKILL");
        await hub.ended;
        hub = startSite("hub");
      },
    });
  } catch (error) {
    console.error(
      [hub, west, east].map((process) => `--- ${process.name}\n${process.output().slice(-3000)}`).join("\n"),
    );
    throw error;
  } finally {
    await Promise.all([hub.stop(), west.stop(), east.stop()]);
    await Deno.remove(dir, { recursive: true });
  }
}
