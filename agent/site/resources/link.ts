/** Link: a way out to another site (control-plane 1.5, 1.13). */

import { z } from "zod";
import { host, metadata, optionalText, port, type ResourceKind, settings, SKUPPER_API } from "./schema.ts";

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
      name: z.enum(["inter-router", "edge"]),
      host,
      port,
      group: optionalText,
    })).min(1),
    tlsCredentials: z.string().min(1),
    cost: z.number().int().max(COST_MAX).nullish().transform((cost) => Math.max(1, cost ?? 1)),
    settings,
  }),
});

/** See the head of the file. */
export const linkKind: ResourceKind<typeof schema> = {
  kind: "Link",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A Link has spec.tlsCredentials, which names a Secret, and spec.endpoints, each with name, host and port.",
};
