/** Folders with the resources of small sites, made by the commands a user types and a few lines of YAML. */

import { freePort } from "./ports.ts";
import { tendril } from "./tendril.ts";

/** An interior's folder and the ports it will open. */
export interface InteriorFolder {
  readonly dir: string;
  readonly edgePort: number;
  readonly interRouterPort: number;
  readonly amqpPort: number;
}

/** A port at a site that leads to a key, or the other way round. */
export interface Service {
  readonly key: string;
  readonly port: number;
  /** `spec.type`; none by default. */
  readonly type?: string | undefined;
  /** Further fields of the spec. */
  readonly more?: Readonly<Record<string, string | boolean>>;
}

/** Creates an interior that accepts edges on loopback. */
export async function interiorFolder(dir: string, name = "hub"): Promise<InteriorFolder> {
  const [edgePort, interRouterPort, amqpPort] = [freePort(), freePort(), freePort()];
  await expectOk(tendril(
    ...["site", "create", name, "--dir", dir, "--enable-link-access", "--bind", "127.0.0.1"],
    ...["--edge-port", `${edgePort}`, "--inter-router-port", `${interRouterPort}`, "--amqp-port", `${amqpPort}`],
  ));
  return { dir, edgePort, interRouterPort, amqpPort };
}

/** Links the site in `from` to the interior in `to`. */
export async function linkInteriors(from: { readonly dir: string }, to: InteriorFolder, cost = 1): Promise<void> {
  const link = await expectOk(tendril("link", "generate", "--dir", to.dir, "--host", "127.0.0.1"));
  const costly = link.replace(/^ {2}cost: 1$/m, `  cost: ${cost}`);
  await Deno.writeTextFile(`${from.dir}/link-${to.dir.replace(/.*\//, "")}.yaml`, costly, { mode: 0o600 });
}

/** Creates an edge that is linked to the interior in `hub`, with services on loopback. */
export async function edgeFolder(
  dir: string,
  name: string,
  hub: InteriorFolder,
  services: { listeners?: readonly Service[]; connectors?: readonly Service[] },
): Promise<void> {
  await expectOk(tendril("site", "create", name, "--dir", dir, "--edge"));
  const link = await expectOk(tendril("link", "generate", "--dir", hub.dir, "--host", "127.0.0.1"));
  await Deno.writeTextFile(`${dir}/link.yaml`, link, { mode: 0o600 });
  await Deno.writeTextFile(
    `${dir}/services.yaml`,
    [
      ...(services.listeners ?? []).map((service) => resource("Listener", service)),
      ...(services.connectors ?? []).map((service) => resource("Connector", service)),
    ].join("---\n"),
  );
}

/** One Listener or Connector on 127.0.0.1 as YAML. */
export function resource(kind: "Listener" | "Connector", { key, port, type, more = {} }: Service): string {
  const { host = "127.0.0.1", ...others } = more;
  const fields = Object.entries(type === undefined ? others : { type, ...others });
  return `apiVersion: skupper.io/v2alpha1
kind: ${kind}
metadata:
  name: ${key}
spec:
  routingKey: ${key}
  host: ${host}
  port: ${port}
${fields.map(([name, value]) => `  ${name}: ${value}\n`).join("")}`;
}

/** A Policy that allows edges with the link of `hub` what `rule` says, line by line, and nobody anything else. */
export function policy(...rule: readonly string[]): string {
  return `apiVersion: tendril.dev/v1alpha1
kind: Policy
metadata:
  name: shops
spec:
  default: deny
  rules:
    - peers: [{commonName: link-hub}]
${rule.map((line) => `      ${line}\n`).join("")}`;
}

async function expectOk(running: ReturnType<typeof tendril>): Promise<string> {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}${stdout}`);
  return stdout;
}
