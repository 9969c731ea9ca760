/** The C router, skupper-router, as a peer of tests and benchmarks: its configuration, and its processes. */

import { type Process, start } from "./processes.ts";

/** One section of a configuration. */
export function section(entity: string, attributes: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(attributes).map(([name, value]) => `    ${name}: ${value}`);
  return `${entity} {\n${lines.join("\n")}\n}`;
}

/** A `tcpListener` or `tcpConnector` on 127.0.0.1 without an observer, which would parse every octet for its records. */
export function tcpService(kind: "tcpListener" | "tcpConnector", { key, port }: { key: string; port: number }): string {
  const observer = kind === "tcpListener" ? { observer: "none" } : {};
  return section(kind, { name: key, address: key, host: "127.0.0.1", port, ...observer });
}

/** The section `router`. */
export function router(mode: "interior" | "edge", id: string): string {
  return section("router", { mode, id, workerThreads: 2 });
}

/** An edge's way to its interior. It checks DNS names only, where our certificates name addresses too. */
export function edgeConnector(port: number, name = "uplink", profile = "tls"): string {
  return section("connector", { name, role: "edge", host: "localhost", port, sslProfile: profile });
}

/** An interior's way to another one, by the credentials of the sslProfile `profile`. */
export function interiorConnector(name: string, port: number, profile: string, cost = 1): string {
  const facts = { name, role: "inter-router", host: "localhost", port, sslProfile: profile };
  return section("connector", cost === 1 ? facts : { ...facts, cost });
}

/** Where an interior takes other interiors, with a client certificate. */
export function interiorListener(port: number, cost = 1): string {
  return mutualListener("inter-router", port, cost);
}

/** Where an interior takes edges: with a client certificate, and by nothing else. */
export function edgeListener(port: number): string {
  return mutualListener("edge", port);
}

function mutualListener(role: string, port: number, cost = 1): string {
  return section("listener", {
    role,
    host: "127.0.0.1",
    port,
    ...(cost === 1 ? {} : { cost }),
    sslProfile: "tls",
    saslMechanisms: "EXTERNAL",
    authenticatePeer: "yes",
    requireSsl: "yes",
  });
}

/** Writes the credentials of the Secret in `file` to `folder` and returns the sslProfile `profile` that names them. */
export async function tlsProfile(folder: string, file: string, prefix = "", profile = "tls"): Promise<string> {
  const text = await Deno.readTextFile(file);
  const read = (name: string) => atob(new RegExp(`${name}: *"?([A-Za-z0-9+/=]+)`).exec(text)?.[1] ?? "");
  const names = { caCertFile: "ca\\.crt", certFile: "tls\\.crt", privateKeyFile: "tls\\.key" };
  const attributes: Record<string, string> = { name: profile };
  for (const [attribute, key] of Object.entries(names)) {
    const path = `${folder}/${prefix}${attribute}.pem`;
    await Deno.writeTextFile(path, read(key), { mode: 0o600 });
    attributes[attribute] = path;
  }
  return section("sslProfile", attributes);
}

/** Starts `binary` with a configuration of `sections`, kept as `folder/name.conf`. */
export async function startRouter(
  binary: string,
  folder: string,
  name: string,
  sections: readonly string[],
): Promise<Process> {
  const path = `${folder}/${name}.conf`;
  await Deno.writeTextFile(path, `${sections.join("\n")}\n`);
  return start(name, binary, ["-c", path]);
}
