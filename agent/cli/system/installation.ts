/** Where the unit of a site belongs, what it says, and the program that it runs. */

import { TendrilError } from "../../lib/errors.ts";
import { bundlePath } from "../../site/grants/bundle.ts";
import { loadSite } from "../../site/load.ts";
import { RUN_NEEDS } from "../commands/run.ts";
import { ASKING } from "../ask_site.ts";
import type { CliIo } from "../io.ts";
import { namespaceAt } from "../namespaces_folder.ts";
import { leastFlags } from "../print_permissions.ts";
import { entryWord } from "../program_line.ts";
import { BOUND_PORTS, folderReach } from "../site_reach.ts";
import { unitFolder, unitName, type UnitScope, unitText } from "./unit.ts";

/** Where systemd looks for units of the system. */
const SYSTEM_FOLDER = "/etc/systemd/system";
/** The same of a user, below the home. */
const USER_FOLDER = ".config/systemd/user";
/** Ports that take a privilege. */
const LOW_PORT = 1024;

/** A unit. */
export interface Installation {
  /** What it says. */
  readonly text: string;
  /** The line that runs the site without systemd. */
  readonly start: readonly string[];
}

/** The file of the unit called `name`, in `folder` if that is given. */
export async function unitFile(name: string, scope: UnitScope, folder: string | undefined): Promise<string> {
  if (folder !== undefined) return `${folder}/${unitName(name)}`;
  if (scope === "system") return `${SYSTEM_FOLDER}/${unitName(name)}`;
  const { homedir } = await import("node:os");
  return `${homedir()}/${USER_FOLDER}/${unitName(name)}`;
}

/**
 * What the unit of the site in `dir` is called: by its namespace, which `namespace` says where the command line did, else
 * by the site.
 */
export async function unitNameOf(dir: string, namespace: string | undefined, io: CliIo): Promise<string> {
  return namespace ?? await namespaceAt(dir, io) ?? (await loadSite(dir)).name;
}

/** Throws SYSTEM_UNIT when the unit in the file `path` runs a site in another folder than `dir`, which is there. */
export async function checkUnitIsOf(dir: string, path: string): Promise<void> {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return;
  const text = await Deno.readTextFile(path).catch(() => "");
  const other = unitFolder(text);
  if (other === undefined || other === await Deno.realPath(dir)) return;
  // Of a folder that is gone, perhaps moved here, nobody needs the unit.
  if (!await Deno.stat(other).then(({ isDirectory }) => isDirectory, () => false)) return;
  throw new TendrilError("SYSTEM_UNIT", `${path} is the unit of the site in ${other}`, {
    hint: "Name another unit with --name, or take that one out with `tendril system uninstall`.",
  });
}

/** The unit of the site in `dir`. Throws what loading the site does, and SYSTEM_PROGRAM. */
export async function installation(
  dir: string,
  scope: UnitScope,
  graceSeconds: number,
  entry: string,
): Promise<Installation> {
  const { name } = await loadSite(dir);
  const root = await Deno.realPath(dir);
  const program = await programFile(entry);
  const { uid, gid } = await Deno.stat(root);
  const reach = await folderReach(root, new URL(`file://${program}`).href);
  const line = (flags: readonly string[], words: readonly string[]) => {
    return [Deno.execPath(), "run", "--no-prompt", ...flags, program, ...words];
  };
  const start = line(leastFlags(RUN_NEEDS, reach), ["run", root, "--grace", `${graceSeconds}`]);
  const asking = leastFlags(ASKING, { ...reach, "DIR/run": [`${root}/run`] });
  const text = unitText({
    site: name,
    scope,
    dir: root,
    start,
    reload: line(asking, ["reload", "--dir", root]),
    user: uid ?? 0,
    group: gid ?? 0,
    graceSeconds,
    lowPorts: (reach[BOUND_PORTS] ?? []).some(isLow),
  });
  return { text, start };
}

/** True for a place with a port that takes a privilege; a host alone has one that the system chooses. */
function isLow(place: string): boolean {
  return Number(/:(\d+)$/.exec(place)?.[1] ?? LOW_PORT) < LOW_PORT;
}

/** The one-file program: what runs is complete, and the source tree may go. Throws SYSTEM_PROGRAM. */
export async function programFile(entry: string): Promise<string> {
  const path = bundlePath(entry);
  const there = path !== undefined && await Deno.stat(path).then(({ isFile }) => isFile, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
  if (path !== undefined && there) return path;
  throw new TendrilError("SYSTEM_PROGRAM", `there is no one-file program at ${path ?? entryWord(entry)}`, {
    hint: "Make it with `deno task bundle`, or run this command with tendril.js from a file.",
  });
}
