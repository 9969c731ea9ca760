/** Writes resource files so that a crash never leaves half of one, and keys are for their owner's eyes only. */

import { TendrilError } from "../lib/errors.ts";

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;

/** Makes the folder of a site, with its parents; one that is there stays as it is. Throws SITE_WRITE. */
export async function makeFolder(dir: string): Promise<void> {
  try {
    await Deno.mkdir(dir, { recursive: true, mode: OWNER_ONLY_FOLDER });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("SITE_WRITE", `can't make the folder ${dir}`, {
      cause,
      hint: "Check that no file has this name and that the folder above it is yours.",
    });
  }
}

/** Writes `text` to `dir/name`, replacing what was there in one step. Throws SITE_WRITE. */
export async function replaceFile(dir: string, name: string, text: string): Promise<void> {
  await throughTemporary(`${dir}/${name}`, text, () => Promise.resolve(false));
}

/** Writes `text` to the new file `dir/name`. Throws SITE_EXISTS when there is one, however it came there; SITE_WRITE. */
export async function createFile(dir: string, name: string, text: string): Promise<void> {
  const path = `${dir}/${name}`;
  await throughTemporary(path, text, async () => {
    try {
      // Renaming alone would replace: whoever makes the empty file first owns the name.
      (await Deno.open(path, { write: true, createNew: true, mode: OWNER_ONLY_FILE })).close();
      return true;
    } catch (cause) {
      if (!(cause instanceof Deno.errors.AlreadyExists)) throw cause;
      throw new TendrilError("SITE_EXISTS", `${path} is there already`, {
        cause,
        hint: "Choose another --dir, or remove the files of the old site first.",
      });
    }
  });
}

/** `reserve` runs before `path` is replaced; true when it made an empty file there. */
async function throughTemporary(path: string, text: string, reserve: () => Promise<boolean>): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  let reserved = false;
  try {
    {
      using file = await Deno.open(temporary, { write: true, createNew: true, mode: OWNER_ONLY_FILE });
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.sync(); // A file that is renamed before its content is on disk may be empty after a power cut.
    }
    reserved = await reserve();
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {}); // It may never have been made.
    if (reserved) await Deno.remove(path).catch(() => {}); // The first error counts.
    if (cause instanceof Deno.errors.NotCapable || cause instanceof TendrilError) throw cause;
    throw new TendrilError("SITE_WRITE", `can't write ${path}`, {
      cause,
      hint: "Check that the folder is yours and that the disk has room.",
    });
  }
}
