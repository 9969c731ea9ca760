/** Two more edges on the interiors of a topology, with services of their own. */

import { freePort } from "../support/ports.ts";
import { type Process, untilListening } from "../support/processes.ts";
import { edgeFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";
import type { Ground } from "./topology.ts";

/** What leads from one edge to the other. */
export interface PairService {
  readonly key: string;
  /** Port of the server. */
  readonly target: number;
  /** `spec.type` of both ends; none by default. */
  readonly type?: string;
  /** That of the listener alone. */
  readonly listenerType?: string;
}

/** Running edges. */
export interface Pair extends AsyncDisposable {
  /** Ports of the listening edge, by key. */
  readonly ports: Readonly<Record<string, number>>;
  /** The listening edge and the connecting one. */
  readonly processes: readonly [Process, Process];
}

/** Starts `NAME-west`, which listens, and `NAME-east`; `files` of the first are written before. */
export async function startPair(
  { dir, hubs }: Ground,
  name: string,
  services: readonly PairService[],
  files: Readonly<Record<string, Uint8Array | string>> = {},
): Promise<Pair> {
  const listeners = services.map(({ key, type, listenerType }) => (
    { key, port: freePort(), type: listenerType ?? type }
  ));
  const connectors = services.map(({ key, target, type }) => ({ key, port: target, type }));
  await edgeFolder(`${dir}/${name}-west`, `${name}-west`, hubs[0], { listeners });
  await edgeFolder(`${dir}/${name}-east`, `${name}-east`, hubs.at(-1)!, { connectors });
  for (const [file, content] of Object.entries(files)) {
    const octets = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(`${dir}/${name}-west/${file}`, octets);
  }
  const edge = (side: string) => startTendril(`${name}-${side}`, ["run", `${dir}/${name}-${side}`]);
  const processes = [edge("west"), edge("east")] as const;
  const stop = async () => {
    await Promise.all(processes.map((process) => process.stop()));
  };
  try {
    for (const { port } of listeners) await untilListening(port, processes[0], 30_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ports: Object.fromEntries(listeners.map(({ key, port }) => [key, port])),
    processes,
    [Symbol.asyncDispose]: stop,
  };
}
