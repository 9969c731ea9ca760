/** Site: the site itself, exactly one per folder (control-plane 1.1). */

import { z } from "zod";
import { optionalText, type ResourceKind, siteMetadata, SKUPPER_API } from "./schema.ts";

const schema = z.looseObject({
  metadata: siteMetadata,
  spec: z.looseObject({ edge: z.boolean().nullish(), linkAccess: optionalText }).nullish(),
});

/** See the head of the file. */
export const siteKind: ResourceKind<typeof schema> = {
  kind: "Site",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A Site has metadata.name, may have metadata.uid, and spec.edge is true or false.",
};
