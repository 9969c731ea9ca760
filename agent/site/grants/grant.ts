/**
 * An AccessGrant with its state, in Skupper's own form (control-plane 1.7): value to YAML and back. Each one is a file
 * of its own below `DIR/grants`, named by its uid, which is also the path at which its token is redeemed.
 */

import { stringify } from "yaml";
import { TendrilError } from "../../lib/errors.ts";
import { parseGoDuration } from "../../lib/go_duration.ts";
import { check } from "../check.ts";
import { scanDocuments } from "../documents.ts";
import { accessGrantKind, DECLARED_SETTING, LINK_HOST_SETTING } from "../resources/access_grant.ts";
import { SKUPPER_API } from "../resources/schema.ts";

/** Where the grants of the site in `dir` are. */
export function grantsFolder(dir: string): string {
  return `${dir.replace(/\/$/, "")}/grants`;
}

/** Name of the file of the grant `uid`. */
export function grantFile(uid: string): string {
  return `AccessGrant-${uid}.yaml`;
}

/** True for what may be the uid of a grant; anything else is no file name either. */
export function isGrantUid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** One grant. */
export interface Grant {
  /** UUID in lower case. */
  readonly uid: string;
  /** Name of the grant, of its token, and of the links that are made with it. */
  readonly name: string;
  /** The secret that redeems it. */
  readonly code: string;
  /** How often it may be redeemed. */
  readonly allowed: number;
  /** How often that was done. */
  readonly redemptions: number;
  /** As it was asked for, in Go's form. */
  readonly window: string;
  /** When it expires, in ms since the epoch. */
  readonly expires: number;
  /** Where it is redeemed. */
  readonly url: string;
  /** CA of the server there, PEM. */
  readonly ca: string;
  /** The host that links are to lead to. */
  readonly linkHost: string;
  /** True for the grant of an AccessGrant in the folder of the site, which has its name: it goes when that goes. */
  readonly declared?: boolean;
}

/** The file of `grant`. */
export function writeGrant(grant: Grant): string {
  const expirationTime = timestamp(grant.expires);
  const lastTransitionTime = timestamp(grant.expires - (parseGoDuration(grant.window) ?? 0));
  const condition = (type: string) => ({ lastTransitionTime, message: "OK", reason: "Ready", status: "True", type });
  return stringify({
    apiVersion: SKUPPER_API,
    kind: accessGrantKind.kind,
    metadata: { name: grant.name, uid: grant.uid },
    spec: {
      redemptionsAllowed: grant.allowed,
      expirationWindow: grant.window,
      settings: {
        [LINK_HOST_SETTING]: grant.linkHost,
        ...(grant.declared === true ? { [DECLARED_SETTING]: "true" } : {}),
      },
    },
    status: {
      status: "Ready",
      message: "OK",
      conditions: [condition("Processed"), condition("Ready"), condition("Resolved")],
      url: grant.url,
      code: grant.code,
      ca: grant.ca,
      redemptions: grant.redemptions,
      expirationTime,
    },
  });
}

/** The grant in `text`, a file named `file`. Throws GRANT_STORAGE; the text never gets into the error. */
export function readGrant(text: string, file: string): Grant {
  const { documents: [document], problems } = scanDocuments(text, file);
  const found = [...problems];
  const value = document === undefined ? undefined : check(accessGrantKind, document, found);
  if (value === undefined) {
    throw new TendrilError("GRANT_STORAGE", `the grant in ${file} can't be read`, {
      cause: found.map(String).join("; ") || "the file is empty",
      hint: "Remove the file and issue another token.",
    });
  }
  const { metadata, spec, status } = value;
  return {
    uid: metadata.uid,
    name: metadata.name,
    code: status.code,
    allowed: spec.redemptionsAllowed,
    redemptions: status.redemptions,
    window: spec.expirationWindow,
    expires: Date.parse(status.expirationTime),
    url: status.url,
    ca: status.ca,
    ...(spec.settings[DECLARED_SETTING] === "true" ? { declared: true } : {}),
    linkHost: spec.settings[LINK_HOST_SETTING] ?? new URL(status.url).hostname.replace(/^\[|\]$/g, ""),
  };
}

/** A time as Go writes it (RFC 3339, whole seconds). */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
