/** An interior and four edges: `west` with Listeners that a HttpRoute is for, and three sites that serve a key each. */

import { freePort } from "./ports.ts";
import { type Process, untilListening } from "./processes.ts";
import { edgeFolder, interiorFolder } from "./site_folder.ts";
import { type TaggedServer, taggedServer } from "./tagged_servers.ts";
import { startTendril, tendril } from "./tendril.ts";

/** The three sites; each serves `web-` and its name, and `web-any`. `east` serves the Listeners' own keys, too. */
export const SERVING = ["east", "south", "north"] as const;

/** A running network. */
export interface RoutedNetwork {
  /** Folder of the site with the Listeners. */
  readonly dir: string;
  /** Port of the Listener `web`, of type http1. */
  readonly port: number;
  /** Port of the Listener `web2`, of type http2. */
  readonly port2: number;
  /** The servers by the name of their site. */
  readonly servers: Readonly<Record<typeof SERVING[number], TaggedServer>>;
  /** The sites by name. */
  readonly sites: Readonly<Record<string, Process>>;
  /** Puts a HttpRoute into the folder, and waits until it is in force. */
  route(yaml: string): Promise<void>;
  /** Details of the HttpRoute `name` in the status of the site. */
  details(name: string): Promise<RouteDetails>;
}

/** As much of the status of a HttpRoute as tests look at. */
export interface RouteDetails {
  readonly status: string;
  readonly message: string;
  readonly details: {
    readonly requests: number;
    readonly errors: number;
    readonly retries: number;
    readonly rules: ReadonlyArray<{
      readonly name: string;
      readonly latencyMs: Readonly<Record<string, number>>;
      readonly backends: ReadonlyArray<{
        readonly routingKey: string;
        readonly outstanding: number;
        readonly circuit?: string;
      }>;
    }>;
  };
}

/** Runs `body` in such a network, which has the HttpRoute `yaml`; `flags` are further ones of the site `west`. */
export async function withRoutes(
  yaml: string,
  body: (network: RoutedNetwork) => Promise<void>,
  flags: readonly string[] = [],
): Promise<void> {
  const root = await Deno.makeTempDir();
  const hub = await interiorFolder(`${root}/hub`);
  const [port, port2] = [freePort(), freePort()];
  const dir = `${root}/west`;
  const listeners = [{ key: "web", port, type: "http1" }, { key: "web2", port: port2, type: "http2" }];
  await edgeFolder(dir, "west", hub, { listeners });
  await Deno.writeTextFile(`${dir}/route.yaml`, yaml);
  const servers = Object.fromEntries(SERVING.map((name) => [name, taggedServer(name)])) as RoutedNetwork["servers"];
  for (const name of SERVING) {
    const keys = [`web-${name}`, "web-any", ...(name === "east" ? ["web", "web2"] : [])];
    const connectors = keys.map((key) => ({ key, port: servers[name].port, type: "http1" }));
    await edgeFolder(`${root}/${name}`, name, hub, { connectors });
  }
  const sites: Record<string, Process> = {};
  for (const name of ["hub", "west", ...SERVING]) {
    sites[name] = startTendril(name, ["run", `${root}/${name}`, ...(name === "west" ? flags : [])]);
  }
  const report = async (name: string): Promise<RouteDetails> => {
    const { stdout, stderr } = await tendril("status", "--dir", dir, "-o", "json");
    const { resources } = JSON.parse(stdout || `{"resources":[]}`);
    const found = resources.find((one: { kind: string; name: string }) =>
      one.kind === "HttpRoute" && one.name === name
    );
    if (found === undefined) throw new Error(`no HttpRoute ${name}: ${stderr}`);
    return found;
  };
  try {
    await untilListening(port, sites["west"]!, 30_000);
    await untilListening(port2, sites["west"]!, 30_000);
    await body({
      dir,
      port,
      port2,
      servers,
      sites,
      details: report,
      route: async (text) => {
        await Deno.writeTextFile(`${dir}/route.yaml`, text);
        const { code, stderr } = await tendril("reload", "--dir", dir);
        if (code !== 0) throw new Error(stderr);
      },
    });
  } catch (error) {
    console.error(Object.values(sites).map((site) => `--- ${site.name}\n${site.output().slice(-3000)}`).join("\n"));
    throw error;
  } finally {
    await Promise.all(Object.values(sites).map((site) => site.stop()));
    await Promise.all(Object.values(servers).map((server) => server.stop()));
    await Deno.remove(root, { recursive: true });
  }
}

/** A HttpRoute for both Listeners with `rules`, which are YAML in flow form. */
export function routeOf(...rules: string[]): string {
  return `apiVersion: tendril.dev/v1alpha1
kind: HttpRoute
metadata: { name: test }
spec:
  listeners: [web, web2]
  rules:
${rules.map((rule) => `    - ${rule}\n`).join("")}`;
}

/** The backends of all three sites, in flow form. */
export const ALL_BACKENDS: string = `backends: [${SERVING.map((name) => `{ routingKey: web-${name} }`).join(", ")}]`;
