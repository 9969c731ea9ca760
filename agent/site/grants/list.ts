/** The grants of a site as a whole: what there is, what is over, and how one is called back. */

import { TendrilError } from "../../lib/errors.ts";
import { shown } from "../problems.ts";
import { type Grant, grantFile, grantsFolder, isGrantUid, readGrant } from "./grant.ts";
import { GrantLedger } from "./ledger.ts";

/** How a grant is: `ready` to be redeemed, or why not. */
export type GrantState = "ready" | "used up" | "expired";

/** How long a grant that has expired is kept, in ms: until then its token is told what happened to it. */
const KEPT_MS = 7 * 24 * 3_600_000;

/** All grants of the site in `dir`, those that expire last first. Throws GRANT_STORAGE. */
export async function listGrants(dir: string): Promise<Grant[]> {
  const folder = grantsFolder(dir);
  const grants: Grant[] = [];
  for (const uid of await grantUids(folder)) {
    const file = `${folder}/${grantFile(uid)}`;
    grants.push(readGrant(await Deno.readTextFile(file), file));
  }
  return grants.sort((one, other) => other.expires - one.expires);
}

/** The state of `grant` at `now` (ms since the epoch). */
export function grantState({ expires, redemptions, allowed }: Grant, now: number): GrantState {
  return now >= expires ? "expired" : redemptions >= allowed ? "used up" : "ready";
}

/** The grant `name`, or that with this uid, of the site in `dir`. Throws GRANT_UNKNOWN, GRANT_STORAGE. */
export async function findGrant(dir: string, name: string): Promise<Grant> {
  const grant = (await listGrants(dir)).find((each) => each.name === name || each.uid === name);
  if (grant !== undefined) return grant;
  throw new TendrilError("GRANT_UNKNOWN", `the site in ${dir} has issued no token ${shown(name)}`, {
    hint: `\`tendril token status --dir ${dir}\` lists its tokens.`,
  });
}

/** Calls back the token `name` of the site in `dir`. Throws GRANT_UNKNOWN, GRANT_STORAGE. */
export async function deleteGrant(dir: string, name: string): Promise<void> {
  const { uid } = await findGrant(dir, name);
  await new GrantLedger(dir).delete(uid);
}

/** Removes what expired long before `now`. Throws GRANT_STORAGE. */
export async function forgetOldGrants(dir: string, now: number): Promise<void> {
  const ledger = new GrantLedger(dir);
  for (const { uid, expires, declared } of await listGrants(dir)) {
    // One that a resource asks for would be made anew.
    if (expires < now - KEPT_MS && declared !== true) await ledger.delete(uid);
  }
}

async function grantUids(folder: string): Promise<string[]> {
  try {
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    return names.flatMap((name) => {
      const uid = /^AccessGrant-(.+)\.yaml$/.exec(name)?.[1] ?? "";
      return isGrantUid(uid) ? [uid] : [];
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
