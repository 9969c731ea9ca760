/**
 * `-n NAME`: names a site by the folder of that name below the user's data folder, as Skupper does on hosts, wherever
 * a command takes the folder of a site. In: a command. Out: the same one, which is told a folder in any case.
 */

import { usage } from "./args.ts";
import type { Command, FlagTable, SiteFolder } from "./command.ts";
import type { CliIo } from "./io.ts";
import { isNamespace, knownNamespacesFolder, namespacesFolder } from "./namespaces_folder.ts";

/** The namespace of whoever names none. */
const DEFAULT = "default";
/** Where a command looks that is told nothing. */
const HERE = ".";

/** `-n`, which {@link withNamespace} gives to commands. */
export const NAMESPACE_FLAG = {
  kind: "text",
  placeholder: "NAMESPACE",
  short: "n",
  help: "Instead of DIR: the site in the folder of that name below tendril/namespaces in the user's data folder.",
} as const;

/** What a command line says about where its site is. */
export interface GivenSite {
  /** The folder. */
  readonly dir?: string | undefined;
  /** What `-n` says. */
  readonly namespace?: string | undefined;
}

/** What a command does with the folder of a site. */
interface Use {
  /** Name of the command. */
  readonly command: string;
  /** See {@link SiteFolder}. */
  readonly site: SiteFolder;
  /** What names the folder: the flag, else the first word. */
  readonly isFlag: boolean;
  /** What it does without: fails, looks here, or does something else. */
  readonly otherwise: "fails" | "here" | "none";
}

/** `command` with `--namespace`, if it takes the folder of a site. */
export function withNamespace(command: Command): Command {
  const flag = command.flags["dir"];
  const word = command.positionals.find(({ site }) => site !== undefined);
  const isFlag = flag?.kind === "text" && flag.site !== undefined;
  const site = isFlag ? flag.site : word?.site;
  if (site === undefined) return command;
  const otherwise = !isFlag || flag.required ? "fails" : flag.default === undefined ? "none" : "here";
  const use: Use = { command: command.name, site, isFlag, otherwise };
  return {
    ...command,
    positionals: command.positionals.map((each) => each === word ? { ...each, optional: true } : each),
    flags: flagsOf(command.flags, otherwise),
    async run(invocation) {
      const { flags, args, io, words } = invocation;
      const said = isFlag ? flags["dir"] : args["dir"];
      const given = { dir: said as string | undefined, namespace: flags["namespace"] as string | undefined };
      const { dir, namespace } = await meant(given, use, io);
      if (dir === undefined) return await command.run(invocation);
      return await command.run({
        ...invocation,
        ...namespace === undefined ? {} : { namespace },
        ...isFlag ? { flags: { ...flags, dir } } : { args: { ...args, dir } },
        // The folder itself takes no permission to find it.
        ...isFlag || namespace === undefined ? {} : { words: [...withoutNamespace(words), dir] },
      });
    },
  };
}

/** How a command line names the same site again. */
export function siteWords(dir: string, namespace: string | undefined): string {
  return namespace === undefined ? `--dir ${dir}` : `-n ${namespace}`;
}

/** The folder that completion looks into; undefined where there is no way to know. */
export async function folderMeant({ dir, namespace }: GivenSite, io: CliIo): Promise<string | undefined> {
  if (dir !== undefined) return dir;
  const root = await knownNamespacesFolder(io);
  if (namespace !== undefined) return root === undefined ? undefined : `${root}/${namespace}`;
  return await hereOrDefault(root) === undefined ? HERE : `${root}/${DEFAULT}`;
}

/** The place that `given` means. Throws USAGE_FLAG_CONFLICT, USAGE_FLAG_VALUE and what tells that nothing was named. */
async function meant({ dir, namespace }: GivenSite, use: Use, io: CliIo): Promise<GivenSite> {
  if (dir !== undefined && namespace !== undefined) {
    const first = use.isFlag ? `--dir ${dir}` : `the folder ${dir}`;
    const reason = `${first} and --namespace ${namespace} are given both`;
    throw usage("USAGE_FLAG_CONFLICT", reason, use.command, "Each of them names a site: keep one.");
  }
  if (dir !== undefined) return { dir };
  if (namespace !== undefined) return { dir: await folderOf(namespace, use, io), namespace };
  if (use.otherwise === "none") return {};
  const root = await knownNamespacesFolder(io);
  if (use.otherwise === "here") {
    const found = await hereOrDefault(root);
    return found === undefined ? { dir: HERE } : { dir: `${root}/${found}`, namespace: found };
  }
  if (root !== undefined && (use.site === "new" || await isFolder(`${root}/${DEFAULT}`))) {
    return { dir: `${root}/${DEFAULT}`, namespace: DEFAULT };
  }
  const hint = "Name the folder of the site, or its namespace with -n: there is none called default to be found.";
  if (use.isFlag) throw usage("USAGE_FLAG_MISSING", "--dir DIR is required", use.command, hint);
  throw usage("USAGE_ARGUMENT_MISSING", "DIR is missing", use.command, hint);
}

/** The folder of the namespace `name`, which must be there unless it is made. */
async function folderOf(name: string, { command, site }: Use, io: CliIo): Promise<string> {
  if (!isNamespace(name)) {
    const reason = `--namespace ${JSON.stringify(name)} is no name of a namespace`;
    const hint = "Use lower-case letters, digits and dashes, 63 at most, with no dash at either end.";
    throw usage("USAGE_FLAG_VALUE", reason, command, hint);
  }
  const dir = `${await namespacesFolder(io)}/${name}`;
  if (site === "new" || !mayRead(dir) || await isFolder(dir)) return dir;
  const hint =
    `\`tendril system namespaces\` lists those that are there, \`tendril site create NAME -n ${name}\` makes it.`;
  throw usage("USAGE_FLAG_VALUE", `there is no namespace ${name}: ${dir} is no folder`, command, hint);
}

/** The default namespace, where it is there and no site is here; else undefined. */
async function hereOrDefault(root: string | undefined): Promise<string | undefined> {
  if (root === undefined || !mayRead(HERE) || await holdsSite(HERE)) return undefined;
  return await isFolder(`${root}/${DEFAULT}`) ? DEFAULT : undefined;
}

/** True for a folder with a Site in one of its files, or where one runs. */
async function holdsSite(dir: string): Promise<boolean> {
  const { readFolder } = await import("../site/store/folder.ts");
  const { localSocket } = await import("../site/local_access.ts");
  if (await Deno.lstat(localSocket(dir)).then(() => true, () => false)) return true;
  const texts = await readFolder(dir).then(({ files }) => [...files.values()], () => []);
  return texts.some((text) => /\bkind["']?\s*:\s*["']?Site\b/.test(text));
}

async function isFolder(path: string): Promise<boolean> {
  return mayRead(path) && await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
}

function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/** `flags` with `--namespace`, and what becomes of a command line with neither in the help of `--dir`. */
function flagsOf({ dir, ...others }: FlagTable, otherwise: Use["otherwise"]): FlagTable {
  if (dir?.kind !== "text") return { namespace: NAMESPACE_FLAG, ...others };
  const { default: _, required: __, ...rest } = dir;
  const notes = {
    fails: " Without it, namespace default.",
    here: " Without it, `.`; where that holds no site, namespace default.",
    none: "",
  };
  return { dir: { ...rest, help: `${dir.help}${notes[otherwise]}` }, namespace: NAMESPACE_FLAG, ...others };
}

/** `words` of a command line that was in order, without what `-n` says. */
function withoutNamespace(words: readonly string[]): string[] {
  return words.filter((word, at) => !/^(-n|--namespace$|--namespace=)/.test(word) && !isApart(words[at - 1]));
}

function isApart(word: string | undefined): boolean {
  return word === "-n" || word === "--namespace";
}
