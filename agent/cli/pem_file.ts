/** Reads the PEM file that a flag names. */

import { TendrilError } from "../lib/errors.ts";

/** Largest file that is read, in octets. */
const MAX_OCTETS = 1024 * 1024;

/** The text at `path`. Throws INPUT_UNREADABLE or INPUT_TOO_LARGE. */
export async function readPem(path: string): Promise<string> {
  try {
    if ((await Deno.stat(path)).size <= MAX_OCTETS) return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("INPUT_UNREADABLE", `can't read ${path}`, { cause, hint: "Check the path." });
  }
  throw new TendrilError("INPUT_TOO_LARGE", `${path} is too large for PEM`, { hint: "Name a file with certificates." });
}
