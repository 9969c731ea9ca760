/** Listener: a local port that leads to a routing key (control-plane 1.2). */

import { z } from "zod";
import {
  ACCESS_LOG_SETTING,
  accessLogSetting,
  field,
  host,
  metadata,
  optionalText,
  port,
  type ResourceKind,
  routingKey,
  settingsOf,
  SKUPPER_API,
  unusedFlag,
} from "./schema.ts";

/** Other addresses of one Listener. */
const MAX_SUBJECTS = 64;

const schema = z.looseObject({
  metadata,
  spec: z.looseObject({
    routingKey: field(routingKey, "acting", "Address in the network"),
    host: field(host, "acting", "Address or host name to bind"),
    port: field(port, "acting", "Port to bind"),
    type: field(
      optionalText,
      "acting",
      "What clients speak: tcp, or http1 or http2 to route each request by itself, or auto to find out, or the name of an Adaptor, which Skupper does not know",
    ),
    subjects: field(
      z.array(z.strictObject({
        subject: field(z.string().min(1).max(255), "acting", "Subject of a message; * stands for any characters"),
        routingKey: field(routingKey, "acting", "Address in the network to which it goes"),
      })).max(MAX_SUBJECTS).nullish().transform((subjects) => subjects ?? []),
      "acting",
      "Messages that go to another address by their subject, the first that fits; for a type that is an Adaptor",
    ),
    tlsCredentials: field(
      optionalText,
      "acting",
      "Name of the Secret with tls.crt and tls.key that the port shows in TLS; without one it is in the clear",
    ),
    observer: field(
      z.enum(["auto", "none", "http1", "http2", ""]).nullish(),
      "warned",
      "Looking into streams for flow records; Tendril looks at none",
      ["auto", "none"],
    ),
    exposePodsByName: field(unusedFlag, "warned", "Names of pods on Kubernetes"),
    settings: settingsOf({
      [ACCESS_LOG_SETTING]: field(
        accessLogSetting,
        "acting",
        "A line of log for each HTTP request: off; path; or query, with that; else as the Site says; Tendril's own",
      ),
    }),
  }).superRefine(({ subjects, type }, context) => {
    if (subjects.length === 0 || !["", "tcp"].includes(type)) return;
    context.addIssue({ code: "custom", path: ["subjects"], message: "needs a type whose messages have subjects" });
  }),
});

/** See the head of the file. */
export const listenerKind: ResourceKind<typeof schema> = {
  kind: "Listener",
  apiVersion: SKUPPER_API,
  schema,
  hint: "A Listener has spec.routingKey, spec.host and spec.port.",
  summary: "A local port that leads to a routing key; open while somebody serves the key.",
};
