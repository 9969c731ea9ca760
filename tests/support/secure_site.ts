/** An interior and two edges whose services have TLS: real processes, certificates made on the spot. */

import type { TlsCredentials } from "../../agent/transport/channel.ts";
import { secret } from "../../agent/site/testing_link_files.ts";
import { type Process, untilListening } from "./processes.ts";
import { edgeFolder, type InteriorFolder, interiorFolder, type Service } from "./site_folder.ts";
import { startTendril } from "./tendril.ts";

/** What the edges do. */
export interface SecureSites {
  /** Of the west edge. */
  readonly listeners: readonly Service[];
  /** Of the east edge. */
  readonly connectors: readonly Service[];
  /** Of both edges, by name. */
  readonly secrets: Readonly<Record<string, Partial<TlsCredentials>>>;
}

/** What runs. */
export interface SecureNetwork {
  /** Where the folders `hub`, `west` and `east` are; room for more. */
  readonly dir: string;
  /** Folder and ports of the interior. */
  readonly hubFolder: InteriorFolder;
  /** The interior. */
  readonly hub: Process;
  /** The edge with the listeners. */
  readonly west: Process;
  /** The edge with the connectors. */
  readonly east: Process;
}

/** Runs `body` in a network of such sites, when all listeners are open. */
export async function withSecureNetwork(
  { listeners, connectors, secrets }: SecureSites,
  body: (network: SecureNetwork) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const hubFolder = await interiorFolder(`${dir}/hub`);
  await edgeFolder(`${dir}/west`, "west", hubFolder, { listeners });
  await edgeFolder(`${dir}/east`, "east", hubFolder, { connectors });
  for (const [name, credentials] of Object.entries(secrets)) {
    for (const site of ["west", "east"]) await writeSecret(`${dir}/${site}`, name, credentials);
  }
  const [hub, west, east] = ["hub", "west", "east"].map((name) =>
    startTendril(name, ["run", `${dir}/${name}`, "--log-level", "debug"])
  ) as [Process, Process, Process];
  try {
    for (const { port } of listeners) await untilListening(port, west, 30_000);
    await body({ dir, hubFolder, hub, west, east });
  } catch (error) {
    console.error([hub, west, east].map((each) => `--- ${each.name}\n${each.output().slice(-3000)}`).join("\n"));
    throw error;
  } finally {
    await Promise.all([hub.stop(), west.stop(), east.stop()]);
    await Deno.remove(dir, { recursive: true });
  }
}

/** Writes a Secret into the folder of a site, in one step. */
export async function writeSecret(dir: string, name: string, credentials: Partial<TlsCredentials>): Promise<void> {
  const { ca = "", cert = "", key = "" } = credentials;
  await Deno.writeTextFile(`${dir}/.${name}`, secret(name, undefined, { ca, cert, key }), { mode: 0o600 });
  await Deno.rename(`${dir}/.${name}`, `${dir}/Secret-${name}.yaml`);
}
