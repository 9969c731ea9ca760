/** A site, its program and a script that runs it, as one archive: needs Deno there, and nothing else. */

import { type TarEntry, tarGz } from "../../lib/tar.ts";
import { loadSite } from "../../site/load.ts";
import { isResourceFile, readFolder } from "../../site/store/folder.ts";
import { givenFolders, isGivenFolder } from "../../site/store/given_secrets.ts";
import { RUN_NEEDS } from "../commands/run.ts";
import { LOCAL_SOCKET, NO_ENVIRONMENT } from "../permissions.ts";
import { leastFlags } from "../print_permissions.ts";
import { shellWords } from "../program_line.ts";
import { folderReach, type Reach } from "../site_reach.ts";
import { programFile } from "./installation.ts";

const PROGRAM = 0o755;
const OWNER_ONLY = 0o600;
/** Where the site is in the archive. */
const SITE = "site";
/** What belongs to this machine alone, and what was not written to its end. */
const OF_HERE = /^(run|\.tendril-.*)$/;
const UNFINISHED = /\.tmp$/;
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
  const site = `${name}/${SITE}`;
  // As they are read, with a change that is in force and has not reached its files.
  for (const [file, text] of (await readFolder(dir)).files) {
    entries.push({ name: `${site}/${file}`, content: text, mode: OWNER_ONLY });
  }
  await pack(root, site, entries, ({ name, isDirectory }) => {
    return OF_HERE.test(name) || isGivenFolder(name) || !isDirectory && isResourceFile(name);
  });
  // They may be beside the folder, for its name. In the archive it has another name, and they belong inside.
  for (const folder of givenFolders(dir)) await packGiven(folder, `${site}/${baseName(folder)}`, entries);
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
  const given = givenFolders(root);
  const moved = (value: string) => {
    if (given.includes(value)) return `${SITE}/${baseName(value)}`;
    return value === program ? "tendril.js" : value.replace(root, SITE);
  };
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

/** Adds the files of `folder` but those of `others`; links to files are followed, those to folders may lead in circles. */
async function pack(
  folder: string,
  name: string,
  entries: TarEntry[],
  others: (entry: Deno.DirEntry) => boolean = () => false,
): Promise<void> {
  for (const entry of await entriesOf(folder)) {
    if (UNFINISHED.test(entry.name) || others(entry)) continue;
    const [path, packed] = [`${folder}/${entry.name}`, `${name}/${entry.name}`];
    if (entry.isDirectory) await pack(path, packed, entries);
    else await packFile(path, packed, entries);
  }
}

/** Adds what a site is given in `folder`, as NAME/FILE; any part of that may be a link. */
async function packGiven(folder: string, name: string, entries: TarEntry[]): Promise<void> {
  for (const { name: secret } of await entriesOf(folder)) {
    for (const { name: file } of await entriesOf(`${folder}/${secret}`)) {
      await packFile(`${folder}/${secret}/${file}`, `${name}/${secret}/${file}`, entries);
    }
  }
}

async function packFile(path: string, name: string, entries: TarEntry[]): Promise<void> {
  if (!(await Deno.stat(path)).isFile) return;
  entries.push({ name, content: await Deno.readFile(path), mode: OWNER_ONLY });
}

/** Sorted; none where there is no folder. */
async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).sort((one, other) => one.name < other.name ? -1 : 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

function baseName(path: string): string {
  return path.replace(/^.*\//, "");
}
