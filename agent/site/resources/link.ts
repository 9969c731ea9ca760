/** Link: a way out to another site (control-plane 1.5, 1.13). */

import { z } from "zod";
import {
  field,
  host,
  metadata,
  optionalText,
  port,
  type ResourceKind,
  setting,
  settingsOf,
  SKUPPER_API,
} from "./schema.ts";

/** Setting of Skupper: name of the Secret that describes an HTTP proxy. */
export const PROXY_SETTING = "proxy-configuration";
/** Setting of ours: "true" carries AMQP inside WebSocket. */
export const WEBSOCKET_SETTING = "tendril.websocket";
/**
 * Setting of ours: {@link MEASURED}, or in a RouterAccess a whole number from 1: what a path over links of other
 * interiors to its ports costs.
 */
export const COST_SETTING = "tendril.cost";
/** Value of {@link COST_SETTING}: the cost is measured. */
export const MEASURED = "measured";

/** The router's costs are signed 32-bit numbers. */
export const COST_MAX = 2 ** 31 - 1;

const schema = z.looseObject({
  metadata,
  spec: z.looseObject({
    endpoints: z.array(z.looseObject({
      name: field(z.enum(["inter-router", "edge"]), "acting", "What is served there; only those of the own role count"),
      host: field(host, "acting", "Address or host name; the certificate of the other site must name it"),
      port: field(port, "acting", "Port at the host"),
      group: field(optionalText, "acting", "The RouterAccess it belongs to"),
    })).min(1),
    tlsCredentials: field(z.string().min(1), "acting", "Name of the Secret with ca.crt, tls.crt and tls.key"),
    cost: field(
      z.number().int().max(COST_MAX).nullish().transform((cost) => Math.max(1, cost ?? 1)),
      "acting",
      "At least 1, the default; lower is preferred",
    ),
    settings: settingsOf({
      [PROXY_SETTING]: field(setting, "acting", "Name of the Secret with host, port and login of an HTTP proxy"),
      [WEBSOCKET_SETTING]: field(setting, "acting", "true carries AMQP inside WebSocket; Tendril's own"),
      [COST_SETTING]: field(setting, "acting", "measured has interiors measure the cost; Tendril's own"),
    }),
  }),
});

/** See the head of the file. */
export const linkKind: ResourceKind<typeof schema> = {
  kind: "Link",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A Link has spec.tlsCredentials, which names a Secret, and spec.endpoints, each with name, host and port.",
  summary: "A way out to another site, made by that site.",
};
