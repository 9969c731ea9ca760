/** Reads the link file that `--link` names: a path, or `-` for stdin. */

import { TendrilError } from "../lib/errors.ts";
import type { CliIo } from "./io.ts";

/** A link file holds one Secret and a Link or two; anything near this size is something else. */
const MAX_BYTES = 1 << 20;

/** The text of the link file at `path`. */
export async function readLinkFile(path: string, io: CliIo): Promise<string> {
  if (path === "-") return await io.stdin(MAX_BYTES);
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_BYTES) {
      throw new TendrilError("INPUT_TOO_LARGE", `${path} has ${size} bytes, more than a link file ever has`, {
        hint: "Name the file that `tendril link generate` printed.",
      });
    }
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof TendrilError || error instanceof Deno.errors.NotCapable) throw error;
    throw new TendrilError("LINK_FILE_UNREADABLE", `cannot read the link file ${path}`, {
      cause: error,
      hint: "Make one at the other site with `tendril link generate --dir DIR --host HOST > link.yaml`.",
    });
  }
}
