/**
 * Kinds of which a folder may hold some because Skupper's controllers have them; here they do nothing (control-plane
 * 1.9, 1.10). Their fields are known, so that mistakes in them are found all the same.
 */

import { z } from "zod";
import {
  field,
  metadata,
  optionalPort,
  type ResourceKind,
  settings,
  SKUPPER_API,
  unusedFlag,
  unusedText,
} from "./schema.ts";

const WHY = "With the kind: it is not used";
const text = field(unusedText, "warned", WHY);
const flag = field(unusedFlag, "warned", WHY);
const port = field(optionalPort, "warned", WHY);
const free = field(settings, "warned", WHY);

const spec = <S extends z.ZodRawShape>(shape: S) => z.looseObject({ metadata, spec: z.looseObject(shape) });

const kind = (name: string, schema: z.ZodType, summary: string, unused: string): ResourceKind<z.ZodType> => ({
  kind: name,
  apiVersion: SKUPPER_API,
  schema,
  hint: `See \`tendril explain ${name}\`.`,
  summary,
  unused,
});

/** See the head of the file. */
export const KUBERNETES_KINDS: readonly ResourceKind<z.ZodType>[] = [
  kind(
    "SecuredAccess",
    spec({
      selector: field(z.record(z.string(), z.string()).nullish(), "warned", WHY),
      ports: z.array(z.looseObject({ name: text, port, targetPort: port, protocol: text })).nullish(),
      certificate: text,
      issuer: text,
      accessType: text,
      settings: free,
    }),
    "A way in to a pod on Kubernetes.",
    "It means something on Kubernetes alone; links are accepted by a RouterAccess.",
  ),
  kind(
    "AttachedConnector",
    spec({
      siteNamespace: text,
      selector: text,
      port,
      tlsCredentials: text,
      useClientCert: flag,
      type: text,
      includeNotReadyPods: flag,
      settings: free,
    }),
    "A target in another namespace of Kubernetes.",
    "It means something on Kubernetes alone; write a Connector.",
  ),
  kind(
    "AttachedConnectorBinding",
    spec({ connectorNamespace: text, routingKey: text, exposePodsByName: flag, settings: free }),
    "The routing key of an AttachedConnector.",
    "It means something on Kubernetes alone; write a Connector.",
  ),
];
