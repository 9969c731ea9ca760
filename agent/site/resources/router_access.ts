/** RouterAccess: the ports on which a site accepts others (control-plane 1.6). */

import { z } from "zod";
import { COST_SETTING } from "./link.ts";
import {
  field,
  host,
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

const schema = z.looseObject({
  metadata,
  spec: z.looseObject({
    roles: z.array(z.looseObject({
      name: field(z.enum(["inter-router", "edge", "normal"]), "acting", "Whom the port is for; normal: AMQP clients"),
      port: field(optionalPort, "acting", "Else 55671 for inter-router, 45671 for edge, 5672 for normal"),
    })).min(1),
    tlsCredentials: field(optionalText, "acting", "Name of the Secret of the server certificate; else the own name"),
    bindHost: field(
      z.union([z.literal(""), host], "must be a host name or an IP address").nullish(),
      "acting",
      "Address or host name to bind; empty for all",
    ),
    settings: settingsOf({
      [COST_SETTING]: field(setting, "acting", "measured, or a number from 1: the cost of paths to it; Tendril's own"),
    }),
    generateTlsCredentials: field(unusedFlag, "warned", "`tendril site create` makes the certificate"),
    issuer: field(unusedText, "warned", "The authority of a site is the Secret skupper-site-ca", ["skupper-site-ca"]),
    accessType: field(unusedText, "warned", "Ingress on Kubernetes"),
    subjectAlternativeNames: field(
      z.array(z.string()).nullish(),
      "warned",
      "`tendril link generate --host` adds names to the certificate",
    ),
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
