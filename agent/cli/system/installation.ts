/** Where the unit of a site belongs, what it says, and the program that it runs. */

import { TendrilError } from "../../lib/errors.ts";
import { bundlePath } from "../../site/grants/bundle.ts";
import { loadSite } from "../../site/load.ts";
import { RUN_NEEDS } from "../commands/run.ts";
import { ASKING } from "../ask_site.ts";
import { leastFlags } from "../print_permissions.ts";
import { entryWord } from "../program_line.ts";
import { folderReach } from "../site_reach.ts";
import { unitName, type UnitScope, unitText } from "./unit.ts";

/** Where systemd looks for units of the system. */
const SYSTEM_FOLDER = "/etc/systemd/system";
/** The same of a user, below the home. */
const USER_FOLDER = ".config/systemd/user";
/** Ports that take a privilege. */
const LOW_PORT = 1024;

/** A unit. */
export interface Installation {
  /** Name of the site. */
  readonly site: string;
  /** What it says. */
  readonly text: string;
  /** The line that runs the site without systemd. */
  readonly start: readonly string[];
}

/** The file of the unit of `site`, in `folder` if that is given. */
export async function unitFile(site: string, scope: UnitScope, folder: string | undefined): Promise<string> {
  if (folder !== undefined) return `${folder}/${unitName(site)}`;
  if (scope === "system") return `${SYSTEM_FOLDER}/${unitName(site)}`;
  const { homedir } = await import("node:os");
  return `${homedir()}/${USER_FOLDER}/${unitName(site)}`;
}

/** The unit of the site in `dir`. Throws what loading the site does, and SYSTEM_PROGRAM. */
export async function installation(
  dir: string,
  scope: UnitScope,
  graceSeconds: number,
  entry: string,
): Promise<Installation> {
  const { name, listeners, access } = await loadSite(dir);
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
    lowPorts: [...listeners, ...access].some(({ port }) => port > 0 && port < LOW_PORT),
  });
  return { site: name, text, start };
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
