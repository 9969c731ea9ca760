/** Our own side of the trust: can the credentials of a link be used, are they good now, and is the clock plausible? */

import { TendrilError } from "../../lib/errors.ts";
import { factsOf } from "../../pki/inspect.ts";
import type { TlsCredentials } from "../../transport/channel.ts";
import { readCredentials } from "../../transport/credentials.ts";
import type { SiteSpec } from "../spec.ts";
import { isResourceFile } from "../store/folder.ts";
import type { Checklist } from "./checklist.ts";

/** What files of other machines may be ahead of this one's clock, in ms. */
const TOLERANCE_MS = 120_000;

/** Are certificate, key and CA whole, do they fit, and is the certificate good now? */
export function checkCredentials(list: Checklist, subject: string, tls: TlsCredentials): void {
  try {
    readCredentials(tls);
    const { notBefore, notAfter, subject: name } = factsOf(tls.cert);
    const now = Date.now();
    if (now > notAfter) throw notNow(`expired at ${iso(notAfter)}`);
    if (now < notBefore) throw notNow(`is good only from ${iso(notBefore)}`);
    list.pass("credentials", subject, `${name}, good until ${iso(notAfter)}`);
  } catch (error) {
    list.fail("credentials", subject, error);
  }
}

/** A clock that is behind is seen by what was made, as it seems, in the future. */
export async function checkClock(list: Checklist, { links, access }: SiteSpec, dir: string): Promise<void> {
  const now = Date.now();
  const seen: { readonly at: number; readonly what: string }[] = [];
  for await (const { name } of Deno.readDir(dir)) {
    if (!isResourceFile(name)) continue;
    const { mtime } = await Deno.stat(`${dir}/${name}`);
    if (mtime !== null) seen.push({ at: mtime.getTime(), what: `the file ${name} was written` });
  }
  for (const { name, tls } of [...links, ...access]) {
    const begins = tls === undefined ? undefined : beginOf(tls);
    if (begins !== undefined) seen.push({ at: begins, what: `the certificate of ${name} is good from` });
  }
  const latest = seen.sort((one, other) => other.at - one.at)[0];
  if (latest === undefined || latest.at <= now + TOLERANCE_MS) {
    list.pass("clock", iso(now), "nothing here is of the future");
    return;
  }
  const behind = Math.round((latest.at - now) / 1000);
  const message = `the clock of this machine is at least ${behind} s behind: ${latest.what} ${iso(latest.at)}`;
  const hint = "Set the clock, and keep it right by NTP: certificates and tokens are judged by it.";
  list.fail("clock", iso(now), new TendrilError("CHECK_CLOCK", message, { hint }));
}

function beginOf({ cert }: TlsCredentials): number | undefined {
  try {
    return factsOf(cert).notBefore;
  } catch {
    return undefined; // Told as the fault of the credentials.
  }
}

function notNow(what: string): TendrilError {
  const message = `our own certificate ${what}; the clock of this machine says ${iso(Date.now())}`;
  return new TendrilError("CHECK_CERTIFICATE", message, {
    hint: "If the clock is right, get a new link from the other site: `tendril token issue` or `link generate` there.",
  });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
