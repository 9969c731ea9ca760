/** Connector: a local target that serves a routing key (control-plane 1.3). */

import { z } from "zod";
import { PROTOCOLS } from "../spec.ts";
import { healthCheck } from "./health_check.ts";
import { host, metadata, noTls, port, type ResourceKind, SKUPPER_API } from "./schema.ts";

const schema = z.looseObject({
  metadata,
  spec: z.looseObject({
    routingKey: z.string().min(1),
    // A selector of pods takes its place on Kubernetes alone.
    host,
    port,
    type: z.enum([...PROTOCOLS, ""]).nullish(),
    tlsCredentials: noTls,
    healthCheck: healthCheck.nullish(),
  }),
});

/** See the head of the file. */
export const connectorKind: ResourceKind<typeof schema> = {
  kind: "Connector",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A Connector outside Kubernetes has spec.routingKey, spec.host and spec.port.",
};
