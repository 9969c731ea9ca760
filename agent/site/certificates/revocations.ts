/**
 * The certificates that a site has revoked. They stand in the file `revoked.txt` of its folder: one per line, its SHA-256
 * fingerprint or its serial number, and behind that whatever people like to know.
 */

import { TendrilError } from "../../lib/errors.ts";
import { canonicalSerial } from "../../transport/certificate.ts";
import type { PeerIdentity } from "../../transport/channel.ts";
import { shown } from "../problems.ts";
import { withLock } from "../store/journal.ts";
import { replaceFile } from "../write_files.ts";

/** Name of the file. */
export const REVOKED_FILE = "revoked.txt";

const HEAD =
  "# Certificates that this site does not let in: SHA-256 fingerprint or serial number, then when and what for.\n";
const FINGERPRINT_DIGITS = 64;
/** RFC 5280, 4.1.2.2: serial numbers have 20 octets at most. */
const SERIAL_DIGITS = 40;

/** What is revoked now. */
export class Revocations {
  #ids: ReadonlySet<string>;

  /** `ids` in the form of {@link revocationId}. */
  constructor(ids: readonly string[] = []) {
    this.#ids = new Set(ids);
  }

  /** Makes it `ids`. */
  set(ids: readonly string[] = []): void {
    this.#ids = new Set(ids);
  }

  /** True when the certificate of `peer` is revoked. */
  has({ fingerprint = "", serial = "" }: Pick<PeerIdentity, "fingerprint" | "serial">): boolean {
    return this.#ids.has(fingerprint) || this.#ids.has(serial);
  }
}

/** `text` in the one form in which certificates are looked up; undefined when it is neither fingerprint nor serial. */
export function revocationId(text: string): string | undefined {
  const digits = text.replace(/^0x/i, "").replace(/:/g, "").toUpperCase();
  if (!/^[0-9A-F]+$/.test(digits)) return undefined;
  if (digits.length === FINGERPRINT_DIGITS) return digits.match(/../g)?.join(":");
  return digits.length <= SERIAL_DIGITS ? canonicalSerial(digits) : undefined;
}

/** What the site in `dir` has revoked, in the order of the file. Throws SITE_INVALID when a line can't be read. */
export async function readRevoked(dir: string): Promise<string[]> {
  const ids: string[] = [];
  for (const [index, line] of (await readFile(dir)).split("\n").entries()) {
    const [word = ""] = line.trim().split(/\s+/);
    if (word === "" || word.startsWith("#")) continue;
    const id = revocationId(word);
    if (id === undefined) {
      // Passing over it would let somebody in who is meant to stay out.
      const what = `${dir}/${REVOKED_FILE}:${index + 1}: ${shown(word)} is neither a fingerprint nor a serial number`;
      throw new TendrilError("SITE_INVALID", what, {
        hint: "Write the SHA-256 fingerprint or the serial number of a certificate, in hex.",
      });
    }
    ids.push(id);
  }
  return ids;
}

/**
 * Revokes `id` at the site in `dir`; false when it is revoked already. Throws SITE_INVALID, SITE_WRITE, SITE_FOLDER, and
 * SITE_LOCKED.
 */
export async function revoke(dir: string, id: string, note: string): Promise<boolean> {
  // The file is replaced as a whole: of two who do that at once, one would write over what the other has added.
  return await withLock(dir, async () => {
    if ((await readRevoked(dir)).includes(id)) return false;
    const text = await readFile(dir) || HEAD;
    await replaceFile(dir, REVOKED_FILE, `${text.endsWith("\n") ? text : `${text}\n`}${id}  ${note}\n`);
    return true;
  });
}

async function readFile(dir: string): Promise<string> {
  try {
    return await Deno.readTextFile(`${dir}/${REVOKED_FILE}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
