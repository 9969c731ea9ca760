/** Puts a renewed server certificate where the old one stood. */

import { TendrilError } from "../lib/errors.ts";
import type { TlsCredentials } from "../transport/channel.ts";
import type { Assembled } from "./assemble.ts";
import { readDocuments } from "./documents.ts";
import { secretYaml } from "./link_file.ts";
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
  const file = `Secret-${name}.yaml`;
  if (!await holdsOnly(dir, file, name)) {
    throw new TendrilError("SITE_SECRET", `the certificate in Secret ${name} does not name ${host}`, {
      hint: `Issue one that does, or move the Secret into a file of its own, ${file}, to have it issued anew.`,
    });
  }
  await replaceFile(dir, file, secretYaml(name, renewed));
}

async function holdsOnly(dir: string, file: string, name: string): Promise<boolean> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${dir}/${file}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  const documents = readDocuments(text, file);
  return documents.length === 1 && documents[0]?.kind === "Secret" && documents[0].name === name;
}
