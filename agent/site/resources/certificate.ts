/** Certificate: one that the authority of the site makes and renews, kept in the Secret of its name (control-plane 1.9). */

import { z } from "zod";
import { field, host, metadata, optionalText, type ResourceKind, settings, SKUPPER_API, unusedFlag } from "./schema.ts";

const BOTH = "Certificates are good for clients and servers, as those of Skupper are";

const schema = z.looseObject({
  metadata,
  spec: z.looseObject({
    ca: field(optionalText, "acting", "Name of the Secret with the authority that signs it; else that of the site"),
    subject: field(z.string().min(1), "acting", "Its common name"),
    hosts: field(
      z.array(host).nullish().transform((hosts) => hosts ?? []),
      "acting",
      "Host names and addresses that it is for",
    ),
    client: field(unusedFlag, "warned", BOTH),
    server: field(unusedFlag, "warned", BOTH),
    signing: field(
      z.boolean().nullish().transform((flag) => flag ?? false),
      "acting",
      "It is an authority of its own, signed by itself",
    ),
    settings: field(settings, "warned", "No setting of a Certificate is used"),
  }),
});

/** See the head of the file. */
export const certificateKind: ResourceKind<typeof schema> = {
  kind: "Certificate",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A Certificate has spec.subject, and spec.hosts if it is for a server.",
  summary: "A certificate that the running site makes and renews, in the Secret of its name.",
};
