/** Puts what a token became into the folder of a site: one file, so that a crash leaves all of it or nothing. */

import { TendrilError } from "../../lib/errors.ts";
import { loadSite } from "../load.ts";
import { localSocket } from "../local_access.ts";
import { shown } from "../problems.ts";
import { resourceFile } from "../store/resource_file.ts";
import { freeSecretName, resourcesIn } from "../store/taken_secrets.ts";
import { createFile } from "../write_files.ts";
import { redeemedYaml, redeemToken } from "./redeem.ts";
import type { Token } from "./token_file.ts";

/**
 * Redeems `token` for the site in `dir`; the name of the new file there, those of the Links in it, and whether the site
 * seems to run and so will see it. What can be checked is checked before a use is spent. Throws TOKEN_REDEEMED when the
 * site has the link already, `TOKEN_*` errors of the redemption, SITE_WRITE, and what {@link loadSite} does.
 */
export async function redeemInto(
  dir: string,
  token: Token,
): Promise<{ file: string; links: string[]; running: boolean }> {
  const site = await loadSite(dir);
  const file = resourceFile("Link", token.name);
  const resources = await resourcesIn(dir);
  const isLinked = resources.some(({ kind, name }) => kind === "Link" && name === token.name);
  if (isLinked || await exists(`${dir}/${file}`)) {
    throw new TendrilError("TOKEN_REDEEMED", `the site in ${dir} has the link ${shown(token.name)} already`, {
      hint: "Run the site. To link once more, have another token issued.",
    });
  }
  await tryToWrite(dir);
  const redeemed = await redeemToken(token, site.name);
  const role = site.role === "edge" ? "edge" : "inter-router";
  if (!redeemed.links.some(({ endpoints }) => endpoints.some((endpoint) => endpoint.role === role))) {
    throw new TendrilError("TOKEN_ANSWER", `the link that the token gives has no endpoint for an ${site.role} site`, {
      hint: "Have a token issued by a site with a RouterAccess of that role.",
    });
  }
  // Who issued the token knows no names of this site, where its own certificate may be called like that.
  await createFile(dir, file, redeemedYaml({ ...redeemed, name: freeSecretName(resources, token.name) }));
  return { file, links: redeemed.links.map(({ name }) => name), running: await exists(localSocket(dir)) };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
}

async function tryToWrite(dir: string): Promise<void> {
  const name = `.${crypto.randomUUID()}.tmp`;
  // As long as a link file, so that a full disk shows.
  await createFile(dir, name, "#".repeat(16_384));
  await Deno.remove(`${dir}/${name}`);
}
