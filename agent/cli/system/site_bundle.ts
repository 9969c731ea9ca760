/** A site, its program and a script that runs it, as one archive: needs Deno there, and nothing else. */

import { type TarEntry, tarGz } from "../../lib/tar.ts";
import { loadSite } from "../../site/load.ts";
import { RUN_NEEDS } from "../commands/run.ts";
import { LOCAL_SOCKET, NO_ENVIRONMENT } from "../permissions.ts";
import { leastFlags } from "../print_permissions.ts";
import { shellWords } from "../program_line.ts";
import { folderReach, type Reach } from "../site_reach.ts";
import { programFile } from "./installation.ts";

const PROGRAM = 0o755;
const OWNER_ONLY = 0o600;
/** Where the site is in the archive, and what belongs to this machine alone. */
const SITE = "site";
const LEFT_OUT = /^(run|\.tendril-.*|.*\.tmp)$/;
/** What stands for the folder of the script until it runs. */
const HERE = "/HERE";

/** The archive of the site in `dir`, made at `now`. Throws what loading the site does, and SYSTEM_PROGRAM. */
export async function siteBundle(dir: string, entry: string, now: number): Promise<Uint8Array<ArrayBuffer>> {
  const { name } = await loadSite(dir);
  const program = await programFile(entry);
  const root = await Deno.realPath(dir);
  const flags = leastFlags(RUN_NEEDS, await reachThere(root, program));
  const entries: TarEntry[] = [
    { name: `${name}/run`, content: runScript(flags), mode: PROGRAM },
    { name: `${name}/tendril`, content: commandScript(), mode: PROGRAM },
    { name: `${name}/tendril.js`, content: await Deno.readFile(program), mode: OWNER_ONLY },
  ];
  await pack(root, `${name}/${SITE}`, entries);
  return await tarGz(entries, now / 1000);
}

/** As `deno task tendril` has it: for people at a terminal. */
const EVERYTHING = [
  NO_ENVIRONMENT,
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-sys=homedir,hostname,networkInterfaces,uid",
  "--allow-env=XDG_DATA_HOME",
];

/** What the site is to reach, with paths as they are beside the script. */
async function reachThere(root: string, program: string): Promise<Reach> {
  const here = await folderReach(root, new URL(`file://${program}`).href);
  const moved = (value: string) => value === program ? "tendril.js" : value.replace(root, SITE);
  return Object.fromEntries(
    Object.entries(here).map(([what, values]) => [
      what,
      what === LOCAL_SOCKET ? [`unix:${HERE}/${SITE}/run/amqp.sock`] : values.map(moved),
    ]),
  );
}

/** Runs the site; Deno wants the path of a socket to be absolute: it is filled in where the script stands. */
function runScript(flags: readonly string[]): string {
  const words = ["deno", "run", "--no-prompt", ...flags].map((word) =>
    word.includes(HERE) ? word.split(HERE).map((part) => shellWords([part])).join('"$PWD"') : shellWords([word])
  );
  return `#!/bin/sh\ncd "$(dirname "$0")" && exec ${words.join(" ")} tendril.js run ${SITE} "$@"\n`;
}

/** Runs any command, where its user stands. */
function commandScript(): string {
  return `#!/bin/sh\nexec deno run ${shellWords(EVERYTHING)} "$(dirname "$0")/tendril.js" "$@"\n`;
}

/** Adds the files of `folder`; links to files are followed, those to folders may lead in circles. */
async function pack(folder: string, name: string, entries: TarEntry[]): Promise<void> {
  const found = (await Array.fromAsync(Deno.readDir(folder))).sort((one, other) => one.name < other.name ? -1 : 1);
  for (const { name: each, isDirectory } of found) {
    if (LEFT_OUT.test(each)) continue;
    const path = `${folder}/${each}`;
    if (isDirectory) await pack(path, `${name}/${each}`, entries);
    else if ((await Deno.stat(path)).isFile) {
      entries.push({ name: `${name}/${each}`, content: await Deno.readFile(path), mode: OWNER_ONLY });
    }
  }
}
