/**
 * Changes several files of a folder in one step. The new texts are first written to one file, the journal: from the moment
 * that it has its name, the change is made, and whoever reads the folder sees it, even if what follows is cut off: the
 * files one by one, then the end of the journal. The next change brings an unfinished one to its end.
 */

import { TendrilError } from "../../lib/errors.ts";
import { replaceFile } from "../write_files.ts";

/** Not the name of a resource file. */
const JOURNAL = ".tendril-journal";
const LOCK = ".tendril-lock";
const LOCK_STEP_MS = 50;
const LOCK_LIMIT_MS = 10_000;
const SECOND_MS = 1000;

/** New text by file name; null for a file that goes. */
export type FileChanges = ReadonlyMap<string, string | null>;

/** What the journal holds. */
interface Journal {
  /** New texts; null for a file that goes. */
  readonly files: Readonly<Record<string, string | null>>;
  /** When each of them had been written before, ms since the epoch; null for one that was not there. */
  readonly before?: Readonly<Record<string, number | null>>;
}

/**
 * The change that was made last and may not have reached its files yet; empty when there is none. A file that is not as
 * the change found it has got it already, or is somebody else's later work, and counts as it is. No clock tells: it may
 * have been set back.
 */
export async function readJournal(dir: string): Promise<FileChanges> {
  const path = `${dir}/${JOURNAL}`;
  const madeAt = await writtenAt(path);
  if (madeAt === undefined) return new Map();
  const { files, before } = await parse(path);
  const changes = new Map<string, string | null>();
  for (const [name, text] of Object.entries(files)) {
    const at = await writtenAt(`${dir}/${name}`);
    // An earlier version did not write down how it found the files.
    const isAsFound = before === undefined ? (at ?? madeAt) <= madeAt : isSameTime(at, before[name]);
    if (isAsFound) changes.set(name, text);
  }
  return changes;
}

/** Archives may keep whole seconds alone. */
function isSameTime(at: number | undefined, before: number | null | undefined): boolean {
  if (at === undefined || typeof before !== "number") return (at ?? null) === before;
  return at === before || at === Math.floor(before / SECOND_MS) * SECOND_MS;
}

async function parse(path: string): Promise<Journal> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    // Brought to its end between the look and the reading.
    if (cause instanceof Deno.errors.NotFound) return { files: {} };
    throw new TendrilError("SITE_FOLDER", `${path} can't be read`, {
      cause,
      hint: "It is an unfinished change of the folder: remove it, and make the change again.",
    });
  }
}

/** Milliseconds since the epoch; undefined when there is no such file. */
async function writtenAt(path: string): Promise<number | undefined> {
  try {
    const { isFile, mtime } = await Deno.stat(path);
    return isFile ? mtime?.getTime() ?? 0 : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

/** Makes `changes` to the files in `dir`, whose lock the caller holds. Throws SITE_WRITE. */
export async function commit(dir: string, changes: FileChanges): Promise<void> {
  if (changes.size === 0) return;
  const before: Record<string, number | null> = {};
  for (const name of changes.keys()) before[name] = await writtenAt(`${dir}/${name}`) ?? null;
  const journal: Journal = { files: Object.fromEntries(changes), before };
  await replaceFile(dir, JOURNAL, JSON.stringify(journal));
  await syncFolder(dir);
  await finish(dir, changes);
}

/** Tells whoever has to do with it that the change itself is safe. */
function unfinished(cause: unknown): never {
  if (!(cause instanceof TendrilError)) throw cause;
  throw new TendrilError(cause.code, "the change is made and in force, but can't be written into its files yet", {
    cause,
    hint: `${cause.hint ?? ""} Then run the command again.`.trim(),
  });
}

/** Brings a change that was cut off to its end. The caller holds the lock. */
export async function recover(dir: string): Promise<void> {
  const changes = await readJournal(dir);
  const owned = [JOURNAL, ...changes.keys()];
  for await (const { name } of Deno.readDir(dir)) {
    // What a writer left behind that was killed; with the lock there is no other writer of these.
    const file = /^(.+)\.[0-9a-f-]{36}\.tmp$/.exec(name)?.[1];
    if (file !== undefined && owned.includes(file)) await removeIfThere(`${dir}/${name}`);
  }
  if (changes.size > 0) await finish(dir, changes);
  else await removeIfThere(`${dir}/${JOURNAL}`);
}

async function finish(dir: string, changes: FileChanges): Promise<void> {
  for (const [name, text] of changes) {
    const path = `${dir}/${name}`;
    await (text === null ? removeIfThere(path) : replaceFile(dir, name, text)).catch(unfinished);
  }
  await syncFolder(dir);
  await removeIfThere(`${dir}/${JOURNAL}`);
}

/** Runs `body` while no other program changes `dir`. Throws SITE_LOCKED, SITE_FOLDER and SITE_WRITE. */
export async function withLock<T>(dir: string, body: () => Promise<T>): Promise<T> {
  using file = await Deno.open(`${dir}/${LOCK}`, { write: true, create: true, mode: 0o600 }).catch((cause) => {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    if (cause instanceof Deno.errors.NotFound) {
      throw new TendrilError("SITE_FOLDER", `there is no folder ${dir}`, {
        cause,
        hint: "Make a site with `tendril site create NAME --dir DIR`.",
      });
    }
    throw new TendrilError("SITE_WRITE", `can't write to ${dir}`, { cause, hint: "Check that the folder is yours." });
  });
  const deadline = performance.now() + LOCK_LIMIT_MS;
  // The lock goes with the process, however that ends.
  while (!await file.tryLock(true)) {
    if (performance.now() > deadline) {
      throw new TendrilError("SITE_LOCKED", `another program has been changing ${dir} for too long`, {
        hint: "See which one, and try again when it has ended.",
      });
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_STEP_MS));
  }
  return await body();
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return;
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("SITE_WRITE", `can't remove ${path}`, { cause, hint: "Check that the folder is yours." });
  }
}

/** Has the names of files survive a power cut, where the system can do that. */
async function syncFolder(dir: string): Promise<void> {
  try {
    using folder = await Deno.open(dir);
    await folder.sync();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
  }
}
