/** Reads the WebAssembly module, and the keys, that a command names. */

import { messageOf, TendrilError } from "../lib/errors.ts";

/** More than any module may have, whatever its limits. */
const MAX_OCTETS = 16 * 1024 * 1024;

/** A module, not judged yet. */
export interface ModuleFile {
  /** Its octets. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `sha256:<hex>` of them. */
  readonly digest: string;
}

/** The module at `path`. Throws ADAPTOR_FILE. */
export async function readModule(path: string): Promise<ModuleFile> {
  const bytes = await read(path);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  return { bytes, digest: `sha256:${digest}` };
}

/** The key at `path`, or another text. Throws ADAPTOR_FILE. */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await read(path));
}

async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw new TypeError("it is no file");
    if (size > MAX_OCTETS) throw new TypeError(`it has ${size} octets`);
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("ADAPTOR_FILE", `${path} can't be read: ${messageOf(cause)}`, {
      cause,
      hint: "Check the path.",
    });
  }
}
