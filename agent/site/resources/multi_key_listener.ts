/** MultiKeyListener: one port for several routing keys (control-plane 1.4). Read and checked, not served. */

import { z } from "zod";
import {
  field,
  host,
  metadata,
  port,
  type ResourceKind,
  settings,
  SKUPPER_API,
  unusedFlag,
  unusedText,
} from "./schema.ts";

const WHY = "With the kind: it is not served";

const schema = z.looseObject({
  metadata,
  spec: z.looseObject({
    host: field(host, "warned", WHY),
    port: field(port, "warned", WHY),
    tlsCredentials: field(unusedText, "warned", WHY),
    requireClientCert: field(unusedFlag, "warned", WHY),
    observer: field(unusedText, "warned", WHY),
    settings: field(settings, "warned", WHY),
    strategy: z.looseObject({
      priority: z.looseObject({
        routingKeys: field(z.array(z.string().min(1)).min(1), "warned", WHY),
      }).nullish(),
      weighted: z.looseObject({
        routingKeys: field(z.record(z.string(), z.number().int().min(1)), "warned", WHY),
      }).nullish(),
    }),
  }),
});

/** See the head of the file. */
export const multiKeyListenerKind: ResourceKind<typeof schema> = {
  kind: "MultiKeyListener",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A MultiKeyListener has spec.host, spec.port, and spec.strategy.priority or spec.strategy.weighted.",
  summary: "One port for several routing keys, by priority or weight.",
  unused: "Tendril has no strategies over several keys: write a Listener per key.",
};
