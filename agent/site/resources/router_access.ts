/** RouterAccess: the ports on which a site accepts others (control-plane 1.6). */

import { z } from "zod";
import { COST_SETTING } from "./link.ts";
import {
  field,
  host,
  isHost,
  metadata,
  optionalPort,
  optionalText,
  type ResourceKind,
  setting,
  settingsOf,
  SKUPPER_API,
  unusedFlag,
  unusedText,
} from "./schema.ts";

/** Such as *.example.com. */
const wildcard = z.string().refine((text) => text.startsWith("*.") && isHost(text.slice(2)));

const schema = z.looseObject({
  metadata,
  spec: z.looseObject({
    roles: z.array(z.looseObject({
      name: field(z.enum(["inter-router", "edge", "normal"]), "acting", "Whom the port is for; normal: AMQP clients"),
      port: field(optionalPort, "acting", "Else 55671 for inter-router, 45671 for edge, 5672 for normal"),
    })).min(1),
    tlsCredentials: field(
      optionalText,
      "acting",
      "Name of the Secret with the server certificate, which is made if it is not there; else the own name",
    ),
    bindHost: field(
      z.union([z.literal(""), host], "must be a host name or an IP address").nullish(),
      "acting",
      "Address or host name to bind; empty for all",
    ),
    settings: settingsOf({
      [COST_SETTING]: field(setting, "acting", "measured, or a number from 1: the cost of paths to it; Tendril's own"),
    }),
    issuer: field(optionalText, "acting", "Name of the Secret with the authority of the site; else as the Site says"),
    subjectAlternativeNames: field(
      z.array(z.union([host, wildcard], "must be a host name or an IP address")).nullish()
        .transform((names) => names ?? []),
      "acting",
      "Names that the certificate must have, which is made or issued anew for them; else those of the machine",
    ),
    generateTlsCredentials: field(unusedFlag, "warned", "A certificate that is not there is made in any case"),
    accessType: field(unusedText, "warned", "Ingress on Kubernetes"),
  }),
});

/** See the head of the file. */
export const routerAccessKind: ResourceKind<typeof schema> = {
  kind: "RouterAccess",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A RouterAccess has spec.roles, each with the name edge, inter-router or normal, and spec.tlsCredentials.",
  summary: "The ports on which an interior accepts other sites, and AMQP clients.",
};
