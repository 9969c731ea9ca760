/** Puts a renewed certificate where the old one stood. */

import { TendrilError } from "../lib/errors.ts";
import type { TlsCredentials } from "../transport/channel.ts";
import type { Assembled } from "./assemble.ts";
import { HANDOVER_KEYS } from "./certificates/handover.ts";
import { readDocuments } from "./documents.ts";
import { secretYaml } from "./link_file.ts";
import { secretTextWith } from "./store/edit_secret.ts";
import { isGiven } from "./store/given_secrets.ts";
import { resourceFile } from "./store/resource_file.ts";
import { replaceFile } from "./write_files.ts";

/**
 * Replaces the Secret in `dir` whose certificate is that of `old`. Only a file of its own, `Secret-<name>.yaml` as it
 * is made by site creation, is replaced: any other may hold what the user wrote. Throws SITE_SECRET then, or SITE_WRITE.
 */
export async function renewServerSecret(
  dir: string,
  { secrets }: Assembled,
  old: TlsCredentials,
  renewed: TlsCredentials,
  host: string,
): Promise<void> {
  const name = [...secrets].find(([, values]) => values.get("tls.crt") === old.cert)?.[0] ?? "";
  if (!await hasOwnFile(dir, name)) {
    throw new TendrilError("SITE_SECRET", `the certificate in Secret ${name} does not name ${host}`, {
      hint: `Issue one that does, or move the Secret into a file of its own, ${fileOf(name)}, to have it issued anew.`,
    });
  }
  await replaceSecret(dir, name, renewed);
}

/**
 * Writes the Secret `name` of the site in `dir` into its own file, in one step: `credentials`, and of a handover what `more`
 * says. What else stands in the file stays. Throws SITE_NAME, SITE_WRITE.
 */
export async function replaceSecret(
  dir: string,
  name: string,
  credentials: TlsCredentials,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const file = fileOf(name);
  // First of all: it refuses what is no name, and so no file.
  const made = secretYaml(name, credentials, more);
  const text = await ownText(dir, name);
  const { ca, cert, key } = credentials;
  const handover = Object.fromEntries(HANDOVER_KEYS.map((key) => [key, ""]));
  const values = { "ca.crt": ca, "tls.crt": cert, "tls.key": key, ...handover, ...more };
  await replaceFile(dir, file, text === undefined ? made : secretTextWith(text, file, values));
}

/** True when the Secret `name` has a file of its own in `dir`, which may be written to. */
export async function hasOwnFile(dir: string, name: string): Promise<boolean> {
  return !await isGiven(dir, name) && await ownText(dir, name) !== undefined;
}

/** The file that holds the Secret `name` and nothing else; undefined where there is none. */
async function ownText(dir: string, name: string): Promise<string | undefined> {
  const file = fileOf(name);
  let text: string;
  try {
    text = await Deno.readTextFile(`${dir}/${file}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const documents = readDocuments(text, file);
  const isOwn = documents.length === 1 && documents[0]?.kind === "Secret" && documents[0].name === name;
  return isOwn ? text : undefined;
}

function fileOf(name: string): string {
  return resourceFile("Secret", name);
}
