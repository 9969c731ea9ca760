/** Secrets that a site is given as files, in whose place nothing that is written into its folder would count. */

import { TendrilError } from "../lib/errors.ts";
import type { ResourceChange } from "../site/store/edit.ts";
import type { Logger } from "../telemetry/log.ts";

/** Throws SITE_SECRET_GIVEN when the site in `dir` is given the Secret `name` as files. */
export async function refuseGiven(dir: string, name: string): Promise<void> {
  const { isGiven } = await import("../site/store/given_secrets.ts");
  if (!await isGiven(dir, name)) return;
  throw new TendrilError("SITE_SECRET_GIVEN", `Secret ${name} is given as files, which come before any other`, {
    hint: `Replace the files in ${await placesOf(dir, name)}, or move that folder away and import again.`,
  });
}

/** Warns of each Secret among `changes` that has no effect at the site in `dir`, as files come before it. */
export async function warnOfGiven(dir: string, changes: readonly ResourceChange[], logger: Logger): Promise<void> {
  const { isGiven } = await import("../site/store/given_secrets.ts");
  for (const { kind, name, action } of changes) {
    if (kind !== "Secret" || action === "delete" || !await isGiven(dir, name)) continue;
    logger.warn("the Secret has no effect: it is given as files, which come before any other", {
      name,
      next: `Replace the files in ${await placesOf(dir, name)}, or move that folder away.`,
    });
  }
}

async function placesOf(dir: string, name: string): Promise<string> {
  const { givenFolders } = await import("../site/store/given_secrets.ts");
  return givenFolders(dir).map((folder) => `${folder}/${name}`).join(" or ");
}
