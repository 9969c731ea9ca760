/**
 * Reads the resource files of a folder as texts, as of one moment: a change of several files by {@link commit} is seen
 * whole or not at all, also when it was cut off.
 */

import { messageOf, TendrilError } from "../../lib/errors.ts";
import { MAX_FILE_CHARACTERS } from "../documents.ts";
import { Problem, type ProblemCode } from "../problems.ts";
import { readJournal } from "./journal.ts";

const RESOURCE_FILE = /\.(ya?ml|json)$/;
/** Times that a folder is read again because it has changed meanwhile; after that it is taken as it is. */
const MAX_READS = 10;

/** The resource files of a folder. */
export interface FolderText {
  /** Text by file name, sorted by name. */
  readonly files: ReadonlyMap<string, string>;
  /** What is wrong with the files that could not be read. */
  readonly problems: readonly Problem[];
}

/** True for the names of files that hold resources. */
export function isResourceFile(name: string): boolean {
  return RESOURCE_FILE.test(name);
}

/** The resource files in `dir`. Throws SITE_FOLDER when there is no such folder. */
export async function readFolder(dir: string): Promise<FolderText> {
  const root = dir.replace(/\/$/, "") || "/";
  for (let reads = 1;; reads++) {
    const before = await stateOf(dir);
    const read = await readOnce(root, dir);
    if (reads === MAX_READS || await stateOf(dir) === before) return read;
  }
}

/** Another text whenever a file came, went or was replaced. */
async function stateOf(dir: string): Promise<string> {
  const { mtime } = await Deno.stat(dir).catch(noFolder(dir));
  return `${mtime?.getTime()}`;
}

async function readOnce(root: string, dir: string): Promise<FolderText> {
  const journal = await readJournal(root);
  const entries = await Array.fromAsync(Deno.readDir(root)).catch(noFolder(dir));
  const present = entries.filter(({ name, isDirectory }) => !isDirectory && isResourceFile(name));
  const names = new Set([...present.map(({ name }) => name), ...journal.keys()]);
  const files = new Map<string, string>();
  const problems: Problem[] = [];
  for (const name of [...names].sort()) {
    const text = journal.has(name) ? journal.get(name) : await readFile(`${root}/${name}`);
    if (text instanceof Problem) problems.push(text);
    else if (typeof text === "string") files.set(name, text);
  }
  return { files, problems };
}

function noFolder(dir: string): (cause: unknown) => never {
  return (cause) => {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("SITE_FOLDER", `can't read the folder ${dir}`, {
      cause,
      hint: "Name the folder that holds the site's YAML files.",
    });
  };
}

/** The text of a file, or why it can't be had. */
export async function readFile(path: string): Promise<string | Problem> {
  const failed = (code: ProblemCode, what: string, hint: string) => new Problem(code, `${path}${what}`, hint);
  try {
    // Links are followed: mounted configuration consists of them.
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) return failed("SITE_FOLDER", " is not a file", "Remove it, or give it another ending.");
    if (size > MAX_FILE_CHARACTERS) {
      const what = ` has ${size} octets, more than ${MAX_FILE_CHARACTERS}`;
      return failed("SITE_TOO_LARGE", what, "Split it into one file per resource.");
    }
    const octets = await Deno.readFile(path);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(octets);
    } catch {
      return failed("SITE_SYNTAX", ":1:1 (document 1): not a text in UTF-8", "Save the file as UTF-8.");
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const hint = error instanceof Deno.errors.NotFound
      ? "It leads to a file that is not there: remove the link, or bring the file back."
      : "Check its owner and permissions.";
    return failed("SITE_FOLDER", ` can't be read: ${messageOf(error)}`, hint);
  }
}
