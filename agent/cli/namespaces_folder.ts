/**
 * Where the namespaces of a user are: `tendril/namespaces` in the data folder of the user, or of the machine for root
 * (XDG Base Directory Specification). Each is the folder of one site.
 */

import type { CliIo } from "./io.ts";

/** A DNS label (RFC 1123), as Kubernetes has its namespaces. */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const ROOT_DATA = "/var/lib";
/** Below the home. */
const USER_DATA = ".local/share";
const NAMESPACES = "tendril/namespaces";
/** Who the user is, and where at home. */
const FACTS = ["homedir", "uid"] as const;

/** What finding that folder takes of Deno, for documents and help. */
export const NAMESPACES_PERMISSION = {
  flag: `--allow-sys=${FACTS.join(",")}`,
  why: "only without DIR: where namespaces are; with --allow-env=XDG_DATA_HOME, what that names comes first",
} as const;

/** True for what may be the name of a namespace. */
export function isNamespace(name: string): boolean {
  return LABEL.test(name);
}

/** The folder of all namespaces; Deno asks for permission where it has not been granted. */
export async function namespacesFolder(io: CliIo): Promise<string> {
  const chosen = chosenFolder(io);
  if (chosen !== undefined) return chosen;
  if (Deno.uid() === 0) return `${ROOT_DATA}/${NAMESPACES}`;
  const { homedir } = await import("node:os");
  return `${homedir()}/${USER_DATA}/${NAMESPACES}`;
}

/** The same, and nothing is asked for; undefined where it can't be known. */
export async function knownNamespacesFolder(io: CliIo): Promise<string | undefined> {
  const granted = FACTS.every((kind) => Deno.permissions.querySync({ name: "sys", kind }).state === "granted");
  return granted || chosenFolder(io) !== undefined ? await namespacesFolder(io) : undefined;
}

/** The namespace whose folder `dir` is; undefined for any other folder, and where that can't be known. */
export async function namespaceAt(dir: string, io: CliIo): Promise<string | undefined> {
  const root = await knownNamespacesFolder(io);
  if (root === undefined) return undefined;
  const [all, one] = await Promise.all([root, dir].map((path) => Deno.realPath(path).catch(() => undefined)));
  const name = one?.replace(/^.*\//, "") ?? "";
  return all !== undefined && one === `${all}/${name}` && isNamespace(name) ? name : undefined;
}

/** What the variable says, which has no meaning unless it is an absolute path. */
function chosenFolder(io: CliIo): string | undefined {
  const data = io.env("XDG_DATA_HOME");
  return data?.startsWith("/") ? `${data.replace(/\/+$/, "")}/${NAMESPACES}` : undefined;
}

/** Names of the namespaces in the folder `root`, sorted; none where there is no such folder. */
export async function namespacesIn(root: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(root));
    return entries.filter(({ name, isFile }) => !isFile && isNamespace(name)).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
