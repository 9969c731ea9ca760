/** Writes resource files so that a crash never leaves half of one, and keys are for their owner's eyes only. */

import { TendrilError } from "../lib/errors.ts";

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;

/** Makes the folder of a site. */
export async function makeFolder(dir: string): Promise<void> {
  await Deno.mkdir(dir, { recursive: true, mode: OWNER_ONLY_FOLDER });
}

/** Writes `text` to `dir/name`, replacing what was there in one step. Throws SITE_WRITE. */
export async function writeFile(dir: string, name: string, text: string): Promise<void> {
  const path = `${dir}/${name}`;
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.writeTextFile(temporary, text, { mode: OWNER_ONLY_FILE, createNew: true });
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {}); // It may never have been made.
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("SITE_WRITE", `can't write ${path}`, {
      cause,
      hint: "Check that the folder is yours and that the disk has room.",
    });
  }
}
