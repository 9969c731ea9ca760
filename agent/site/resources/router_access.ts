/** RouterAccess: the ports on which a site accepts others (control-plane 1.6). */

import { z } from "zod";
import { host, metadata, optionalPort, optionalText, type ResourceKind, settings, SKUPPER_API } from "./schema.ts";

const schema = z.looseObject({
  metadata,
  spec: z.looseObject({
    roles: z.array(z.looseObject({
      name: z.enum(["inter-router", "edge", "normal"]),
      port: optionalPort,
    })).min(1),
    tlsCredentials: optionalText,
    bindHost: z.union([z.literal(""), host], "must be a host name or an IP address").nullish(),
    settings,
  }),
});

/** See the head of the file. */
export const routerAccessKind: ResourceKind<typeof schema> = {
  kind: "RouterAccess",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A RouterAccess has spec.roles, each with the name edge, inter-router or normal, and spec.tlsCredentials.",
};
