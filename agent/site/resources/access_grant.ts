/** AccessGrant: the right to redeem tokens, and how often that was done (control-plane 1.7). */

import { z } from "zod";
import { metadata, optionalText, type ResourceKind, settings, SKUPPER_API } from "./schema.ts";

/** Setting of ours: the host by which sites that redeem reach the ports for links. */
export const LINK_HOST_SETTING = "tendril.link-host";

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
