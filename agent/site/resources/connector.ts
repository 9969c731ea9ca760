/** Connector: a local target that serves a routing key (control-plane 1.3). */

import { z } from "zod";
import { healthCheck } from "./health_check.ts";
import {
  field,
  flag,
  host,
  metadata,
  optionalText,
  port,
  type ResourceKind,
  routingKey,
  setting,
  settingsOf,
  SKUPPER_API,
  unusedFlag,
  unusedText,
} from "./schema.ts";

/** Setting of ours: what an `auto` target speaks of HTTP, `http1` or `http2`. */
export const HTTP_SETTING = "tendril.http";

/** Setting of ours: `v2` begins each connection to the target with a header of the PROXY protocol. */
export const PROXY_PROTOCOL_SETTING = "tendril.proxy-protocol";

const schema = z.looseObject({
  metadata,
  spec: z.looseObject({
    routingKey: field(routingKey, "acting", "Address in the network"),
    host: field(host, "acting", "Address or host name of the target"),
    port: field(port, "acting", "Port of the target"),
    type: field(
      optionalText,
      "acting",
      "What the target speaks: tcp, or as at the Listeners of the key http1, http2, auto or the name of an Adaptor, which Skupper does not know",
    ),
    tlsCredentials: field(
      optionalText,
      "acting",
      "Name of the Secret for TLS to the target: its ca.crt is trusted, else what the system trusts",
    ),
    useClientCert: field(flag(false), "acting", "True to show tls.crt of that Secret to the target"),
    verifyHostname: field(
      flag(true),
      "acting",
      "False to take a certificate of the target that is for another name than spec.host",
    ),
    selector: field(unusedText, "warned", "Pods on Kubernetes; spec.host names the target"),
    includeNotReadyPods: field(unusedFlag, "warned", "Pods on Kubernetes"),
    exposePodsByName: field(unusedFlag, "warned", "Names of pods on Kubernetes"),
    settings: settingsOf({
      [HTTP_SETTING]: field(setting, "acting", "With type auto: http1 or http2, for requests; Tendril's own"),
      [PROXY_PROTOCOL_SETTING]: field(
        z.enum(["v2", ""]).nullish().transform((version) => version || undefined),
        "acting",
        "v2 tells the target each client's address, in a header of the PROXY protocol; Tendril's own",
      ),
    }),
    healthCheck: field(healthCheck.nullish(), "acting", "How the target is checked; one of tcp, http and command"),
  }),
});

/** See the head of the file. */
export const connectorKind: ResourceKind<typeof schema> = {
  kind: "Connector",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A Connector outside Kubernetes has spec.routingKey, spec.host and spec.port.",
  summary: "A local target that serves a routing key for the whole network.",
};
