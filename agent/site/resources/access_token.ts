/** AccessToken: what a site redeems to get a link (control-plane 1.8, 1.14). */

import { z } from "zod";
import { COST_MAX } from "./link.ts";
import { field, metadata, type ResourceKind, settings, SKUPPER_API } from "./schema.ts";

/** A URL that a token may be redeemed at. */
export const redeemUrl = z.string().refine(
  (text) => URL.canParse(text) && new URL(text).protocol === "https:",
  "must be a URL that begins with https://",
);

const schema = z.looseObject({
  metadata,
  spec: z.looseObject({
    url: field(redeemUrl, "acting", "Where it is redeemed"),
    code: field(z.string().min(1), "acting", "The secret that is shown there"),
    ca: field(z.string().min(1), "acting", "PEM of the authority that the other site is known by"),
    linkCost: field(
      z.number().int().min(0).max(COST_MAX).nullish().transform((cost) => cost || undefined),
      "acting",
      "Cost of the link that it becomes",
    ),
    settings: field(settings, "warned", "No setting of an AccessToken is used"),
  }),
});

/** See the head of the file. */
export const accessTokenKind: ResourceKind<typeof schema> = {
  kind: "AccessToken",
  apiVersion: SKUPPER_API,
  schema,
  hint: "An AccessToken has spec.url, spec.code and spec.ca; ask the other site for a new one.",
  summary: "The right to a link to another site; it is redeemed by a running site.",
};
