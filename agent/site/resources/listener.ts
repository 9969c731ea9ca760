/** Listener: a local port that leads to a routing key (control-plane 1.2). */

import { z } from "zod";
import { PROTOCOLS } from "../spec.ts";
import { host, metadata, noTls, port, type ResourceKind, SKUPPER_API } from "./schema.ts";

const schema = z.looseObject({
  metadata,
  spec: z.looseObject({
    routingKey: z.string().min(1),
    host,
    port,
    type: z.enum([...PROTOCOLS, ""]).nullish(),
    tlsCredentials: noTls,
  }),
});

/** See the head of the file. */
export const listenerKind: ResourceKind<typeof schema> = {
  kind: "Listener",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A Listener has spec.routingKey, spec.host and spec.port.",
};
