/** MultiKeyListener: one port for several routing keys (control-plane 1.4). */

import { z } from "zod";
import { isInnerAddress } from "../../router/address.ts";
import type { KeyStrategy } from "../spec.ts";
import {
  field,
  host,
  metadata,
  NO_ROUTING_KEY,
  optionalText,
  port,
  type ResourceKind,
  routingKey,
  settings,
  SKUPPER_API,
} from "./schema.ts";

/** Keys of one strategy. */
export const MAX_KEYS = 256;

const strategy = z.looseObject({
  priority: z.looseObject({
    routingKeys: field(
      z.array(routingKey).min(1).max(MAX_KEYS).refine((keys) => new Set(keys).size === keys.length, "has a key twice"),
      "acting",
      "Addresses in the network; clients go to the first one that is served",
    ),
  }).nullish(),
  weighted: z.looseObject({
    routingKeys: field(
      z.record(z.string().min(1), z.number().int().min(1)).refine(
        (keys) => Object.keys(keys).length >= 1 && Object.keys(keys).length <= MAX_KEYS,
        `must have 1 to ${MAX_KEYS} keys`,
      ).refine((keys) => !Object.keys(keys).some(isInnerAddress), NO_ROUTING_KEY),
      "acting",
      "Addresses in the network, each with a weight: so large a share of the clients goes there while it is served",
    ),
  }).nullish(),
}).transform(({ priority, weighted }, context): KeyStrategy => {
  if (priority && !weighted) return { kind: "priority", keys: priority.routingKeys };
  if (weighted && !priority) return { kind: "weighted", weights: weighted.routingKeys };
  context.addIssue({ code: "custom", message: "must have either priority or weighted" });
  return z.NEVER;
});

const schema = z.looseObject({
  metadata,
  spec: z.looseObject({
    host: field(host, "acting", "Address or host name to bind"),
    port: field(port, "acting", "Port to bind"),
    strategy,
    tlsCredentials: field(
      optionalText,
      "acting",
      "Name of the Secret with tls.crt and tls.key that the port shows in TLS; without one it is in the clear",
    ),
    requireClientCert: field(
      z.boolean().nullish().transform((flag) => flag === true),
      "acting",
      "True: only clients with a certificate of an authority in ca.crt of that Secret are let in",
    ),
    observer: field(
      z.enum(["auto", "none", "http1", "http2", ""]).nullish(),
      "warned",
      "Looking into streams for flow records; Tendril looks at none",
      ["auto", "none"],
    ),
    settings: field(settings, "warned", "No setting of a MultiKeyListener is used"),
  }).refine(({ requireClientCert, tlsCredentials }) => !requireClientCert || tlsCredentials !== "", {
    path: ["requireClientCert"],
    message: "needs tlsCredentials: without TLS no client can show a certificate",
  }),
});

/** See the head of the file. */
export const multiKeyListenerKind: ResourceKind<typeof schema> = {
  kind: "MultiKeyListener",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A MultiKeyListener has spec.host, spec.port, and either spec.strategy.priority or spec.strategy.weighted.",
  summary: "One port for several routing keys, by priority or weight; open while any of them is served.",
};
