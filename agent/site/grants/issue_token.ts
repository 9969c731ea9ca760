/** Issues tokens: a grant in the site's folder, and the AccessToken that redeems it. */

import { stringify } from "yaml";
import { TendrilError } from "../../lib/errors.ts";
import { parseGoDuration } from "../../lib/go_duration.ts";
import { canonicalHost, hostsOf } from "../../pki/inspect.ts";
import { coverHost, siteAccess, siteAuthority } from "../issuing.ts";
import { loadResources } from "../load.ts";
import { host as hostSchema, SKUPPER_API } from "../resources/schema.ts";
import { replaceFile } from "../write_files.ts";
import type { AccessSpec } from "../spec.ts";
import { prepareAccess } from "./access.ts";
import { type Grant, grantFile, grantsFolder, writeGrant } from "./grant.ts";
import { forgetOldGrants } from "./list.ts";

/** What the token is to be. */
export interface TokenOptions {
  /** Folder of the site that will be linked to. */
  readonly dir: string;
  /** How often it may be redeemed; at least 1. */
  readonly redemptions: number;
  /** How long it is valid, as Go writes durations. */
  readonly window: string;
  /** Host by which others reach this site; without one, an address of its certificate. */
  readonly host?: string;
  /** Port at which tokens are redeemed; without one, that of earlier tokens, or Skupper's. */
  readonly port?: number;
  /** Cost of the links made with it. */
  readonly cost: number;
  /** Of grant and token; without one, it is made. */
  readonly name?: string;
  /** Its secret; without one, or with an empty one, it is made. */
  readonly code?: string;
}

/** A token that can be redeemed as soon as the site runs. */
export interface IssuedToken {
  /** Name of token and grant. */
  readonly name: string;
  /** The host by which this site is to be reached. */
  readonly host: string;
  /** Where it is redeemed. */
  readonly url: string;
  /** CA of the server there, PEM. */
  readonly ca: string;
  /** When it expires, in ms since the epoch. */
  readonly expires: number;
  /** True when the certificate of the ports for links was issued anew. */
  readonly reissued: boolean;
  /** True when tokens were redeemed at another port before. */
  readonly moved: boolean;
}

/** Characters of codes and their number: more than 140 bits. Skupper's have as many. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const CODE_LENGTH = 24;

/**
 * Issues a token and hands the file for the other site, which holds the secret, to `write` before it can be redeemed.
 * Throws as {@link makeGrant} does; then nothing was issued.
 */
export async function issueToken(options: TokenOptions, write: (yaml: string) => Promise<void>): Promise<IssuedToken> {
  const { grant, reissued, moved } = await makeGrant(options);
  const { name, url, ca, expires, linkHost: host } = grant;
  await forgetOldGrants(options.dir, Date.now());
  await write(tokenYaml(grant, options.cost));
  await replaceFile(grantsFolder(options.dir), grantFile(grant.uid), writeGrant(grant));
  return { name, host, url, ca, expires, reissued, moved };
}

/** The AccessToken that redeems `grant`, for a link of `cost`. */
export function tokenYaml({ name, ca, code, url }: Grant, cost: number): string {
  return stringify({
    apiVersion: SKUPPER_API,
    kind: "AccessToken",
    metadata: { name },
    spec: { ca, code, linkCost: cost, url },
  });
}

/**
 * A new grant of the site in `dir`, of which the caller makes a file, and a port at which it can be redeemed. Throws
 * SITE_EDGE_ACCESS for an edge, SITE_NO_ACCESS, SITE_INVALID for values that can't be, and what `link generate` does.
 */
export async function makeGrant(
  options: Omit<TokenOptions, "cost">,
): Promise<{ readonly grant: Grant; readonly reissued: boolean; readonly moved: boolean }> {
  const { dir, redemptions, window } = options;
  const windowMs = parseGoDuration(window);
  if (windowMs === undefined) {
    throw invalid(`${JSON.stringify(window)} is no duration`, "Write it as 15m, 1h30m or 90s.");
  }
  const now = Date.now();
  const uid = crypto.randomUUID();
  const { site, place, reissued, moved } = await placeGrant(dir, uid, options, now);
  const grant = {
    uid,
    name: options.name ?? `${site}-${uid}`,
    code: options.code || randomCode(),
    allowed: redemptions,
    redemptions: 0,
    window,
    expires: now + windowMs,
    ...place,
  };
  return { grant, reissued, moved };
}

/**
 * Makes the grant `uid` redeemable at `wanted`, and the site reachable there. Throws as {@link makeGrant} does; `site` is
 * the name of the site.
 */
export async function placeGrant(
  dir: string,
  uid: string,
  wanted: Pick<TokenOptions, "host" | "port">,
  now: number,
): Promise<{
  readonly site: string;
  readonly place: Pick<Grant, "url" | "ca" | "linkHost">;
  readonly reissued: boolean;
  readonly moved: boolean;
}> {
  const resources = await loadResources(dir);
  if (resources.sites[0]?.edge === true) {
    throw new TendrilError("SITE_EDGE_ACCESS", "an edge site accepts no links, so nobody could redeem its tokens", {
      hint: "Issue the token at an interior.",
    });
  }
  const site = siteAccess(resources, dir);
  if (wanted.host !== undefined && !hostSchema.safeParse(wanted.host).success) {
    throw invalid(`${JSON.stringify(wanted.host)} is no host`, "Use a host name or an IP address, without port.");
  }
  const host = canonicalHost(wanted.host ?? ownAddress(resources.access, site.servers[0]?.cert ?? ""));
  const authority = siteAuthority(resources, now);
  const reissued = await coverHost(dir, resources, authority, host, now);
  const { port, tls: { ca }, moved } = await prepareAccess(dir, host, wanted.port, now);
  const url = `https://${host.includes(":") ? `[${host}]` : host}:${port}/${uid}`;
  return { site: site.name, place: { url, ca, linkHost: host }, reissued, moved };
}

/** What others are most likely to reach: the address that is bound, else one beyond loopback, a name, what there is. */
function ownAddress(access: readonly AccessSpec[], cert: string): string {
  const bound = access.find(({ role }) => role !== "normal")?.host ?? "";
  if (!["", "0.0.0.0", "::"].includes(bound)) return bound;
  const { dns, ip } = hostsOf(cert);
  const loopback = (host: string) => host === "localhost" || host === "::1" || host.startsWith("127.");
  return [...ip].find((host) => !loopback(host)) ?? [...dns].find((host) => !loopback(host)) ?? [...dns][0] ??
    "localhost";
}

function randomCode(): string {
  let code = "";
  while (code.length < CODE_LENGTH) {
    // Those beyond the last whole alphabet would make its beginning likelier.
    const [byte = 255] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < 256 - 256 % ALPHABET.length) code += ALPHABET[byte % ALPHABET.length];
  }
  return code;
}

function invalid(message: string, hint: string): TendrilError {
  return new TendrilError("SITE_INVALID", message, { hint });
}
