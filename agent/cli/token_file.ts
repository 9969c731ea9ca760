/** Reads the token file that a command names, and writes new ones: a path, or `-` for stdin and stdout. */

import { TendrilError } from "../lib/errors.ts";
import type { Token } from "../site/tokens/token_file.ts";
import type { CliIo } from "./io.ts";

/** A token holds a certificate or two; anything near this size is something else. */
const MAX_BYTES = 1 << 20;

/** The token in the file at `path`. Throws TOKEN_FILE, INPUT_TOO_LARGE and what the parser does. */
export async function readTokenFile(path: string, io: CliIo): Promise<Token> {
  const { parseToken } = await import("../site/tokens/token_file.ts");
  return parseToken(path === "-" ? await io.stdin(MAX_BYTES) : await readText(path), path === "-" ? "stdin" : path);
}

/** Writes a new file for its owner's eyes only. Throws TOKEN_FILE; a file that is there is never overwritten. */
export async function writeTokenFile(path: string, text: string, io: CliIo): Promise<void> {
  if (path === "-") {
    io.stdout(text);
    return;
  }
  try {
    await Deno.writeTextFile(path, text, { createNew: true, mode: 0o600 });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("TOKEN_FILE", `can't write the token to the new file ${path}`, {
      cause,
      hint: "Choose a name that is not taken, in a folder that is yours.",
    });
  }
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_BYTES) {
      throw new TendrilError("INPUT_TOO_LARGE", `${path} has ${size} bytes, more than a token ever has`, {
        hint: "Name the file that `tendril token issue` wrote.",
      });
    }
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof TendrilError || cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("TOKEN_FILE", `can't read the token file ${path}`, {
      cause,
      hint: "Have one made at the other site with `tendril token issue FILE --dir DIR`.",
    });
  }
}
