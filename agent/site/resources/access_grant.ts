/**
 * AccessGrant: the right to redeem tokens (control-plane 1.7). As a resource in a folder it asks for one; with its status it
 * is how the site keeps one.
 */

import { z } from "zod";
import { parseGoDuration } from "../../lib/go_duration.ts";
import {
  field,
  metadata,
  optionalText,
  type ResourceKind,
  setting,
  settings,
  settingsOf,
  SKUPPER_API,
} from "./schema.ts";

/** Setting of ours: the host by which sites that redeem reach the ports for links. */
export const LINK_HOST_SETTING = "tendril.link-host";

/** Setting of ours in a grant that is kept: it is that of a resource. */
export const DECLARED_SETTING = "tendril.declared";

/** How long a grant is valid that does not say so: as with Skupper's controller. */
const DEFAULT_WINDOW = "10m";
const MAX_REDEMPTIONS = 1_000_000;

const wanted = z.looseObject({
  metadata,
  spec: z.looseObject({
    redemptionsAllowed: field(
      z.number().int().min(0).max(MAX_REDEMPTIONS).nullish().transform((value) => value || 1),
      "acting",
      "How many links may be made with its token; else 1",
    ),
    expirationWindow: field(
      optionalText.transform((text) => text || DEFAULT_WINDOW)
        .refine((text) => parseGoDuration(text) !== undefined, "must be a duration, such as 15m or 1h30m"),
      "acting",
      `How long the token is valid, from when the site first sees the resource; else ${DEFAULT_WINDOW}`,
    ),
    code: field(optionalText, "acting", "The secret of the token; else one is made"),
    issuer: field(
      z.string().nullish(),
      "warned",
      "The authority of the links; that of the site signs all of them",
      ["skupper-site-ca"],
    ),
    settings: settingsOf({
      [LINK_HOST_SETTING]: field(
        setting,
        "acting",
        "Host by which others reach this site; else an address of its certificate",
      ),
    }),
  }).nullish().transform((spec) => spec ?? { redemptionsAllowed: 1, expirationWindow: DEFAULT_WINDOW, code: "" }),
});

/** An AccessGrant in the folder of a site. */
export const declaredGrantKind: ResourceKind<typeof wanted> = {
  kind: "AccessGrant",
  apiVersion: SKUPPER_API,
  schema: wanted,
  hint: "An AccessGrant has spec.redemptionsAllowed and spec.expirationWindow.",
  summary: "The right of others to redeem a token for a link to this site.",
};

const count = z.number().int().min(0).nullish();

const schema = z.looseObject({
  metadata: metadata.extend({ uid: z.string().min(1) }),
  spec: z.looseObject({
    redemptionsAllowed: count.transform((value) => value || 1),
    expirationWindow: optionalText,
    settings,
  }),
  status: z.looseObject({
    url: z.string(),
    code: z.string().min(1),
    ca: optionalText,
    redemptions: count.transform((value) => value ?? 0),
    expirationTime: z.iso.datetime({ offset: true }),
  }),
});

/** See the head of the file. */
export const accessGrantKind: ResourceKind<typeof schema> = {
  kind: "AccessGrant",
  apiVersion: SKUPPER_API,
  schema,
  hint: "Issue another token with 'tendril token issue FILE --dir DIR'.",
  summary: "A token that the site has issued, and how often it was redeemed.",
};
